/** Which level a search wants next, from all that it has found. */
import { type Book, rounded } from "./book.ts";
import type { Standing } from "./bracket.ts";
import { SURE } from "./decision.ts";
import { type Bracket, type Knee, kneeOf } from "./knee.ts";
import { BREAK_FACTOR, TRIES, type Wanted } from "./lengths.ts";
import type { LevelResult, Purpose } from "./level.ts";
import { limited } from "./limiter.ts";

/** Longer levels at the answer, until its interval is as narrow as wanted. */
const LONG_TRIES = 10;
/** While nothing held, each level is tried so often: the server may be cold. */
const COLD_TRIES = 2;
/** Brackets that are wider are narrowed by short levels. */
const FINE = 1.5;
/** Offered by achieved, from which the latter tells what a server holds. */
const OVERLOAD = 1.1;
/** Of an answer that is "at least" a tenth below where the generator gave out is near enough. */
const AT_LEAST = 1.1;
/** Half the interval by the precision, from which on no more levels are needed: its own width is an estimate. */
const TIGHT = 0.8;
/** Below the first level by so much nothing is searched. */
const DEPTH = 64;

/** Undefined once the answer is known as well as it was asked for. */
export function nextLevel(book: Book): Wanted | undefined {
  if (book.doubted) return { level: book.doubted.level, purpose: "generator" };
  const { holds, broken } = book.ends();
  if (holds === undefined) return lower(book, broken);
  if (broken === undefined) return higher(book, holds, book.wall?.level);
  const stopped = limited(book, broken);
  if (stopped !== undefined) return stopped.wanted;
  const wall = book.wallWithin({ holds, broken });
  if (wall !== undefined) return higher(book, holds, wall.level);
  const isBlurred = [holds, broken].some((level) => book.isBlurred(level));
  if (isBlurred && broken > holds * FINE) {
    return again(book, holds, broken) ?? long(book, { holds, broken });
  }
  if (!isBlurred && broken > holds * (1 + book.precision)) {
    const level = between(book, holds, broken);
    if (level !== undefined) return { level, purpose: purposeBetween(holds, broken) };
  }
  return (isBlurred ? undefined : again(book, holds, broken)) ?? long(book, { holds, broken });
}

/** Nothing held yet: below the lowest level at which the server broke, or the generator gave out. */
function lower(book: Book, broken = Infinity): Wanted | undefined {
  const lowest = Math.min(broken, book.wall?.level ?? Infinity);
  if (lowest === Infinity) return { level: book.from, purpose: "probe" };
  const triesOf = (level: number): number => book.all.filter((each) => each.level === level).length;
  if (lowest === broken && triesOf(broken) < COLD_TRIES) return { level: broken, purpose: "probe" };
  const level = rounded(lowest / 2);
  if (level >= book.from / DEPTH) return { level, purpose: "probe" };
  return triesOf(book.from) < TRIES ? { level: book.from, purpose: "bracket" } : undefined;
}

/** Nothing broke below the wall, where the generator gave out: there, or where it may go no higher, it comes near. */
function higher(book: Book, holds: number, wall: number | undefined): Wanted | undefined {
  if (wall !== undefined) {
    const level = middle(holds, wall);
    const isNear = wall <= holds * AT_LEAST || level === undefined;
    return isNear ? longAt(book, holds) : { level, purpose: "bracket" };
  }
  if (holds >= book.to) return longAt(book, holds);
  return { level: Math.min(book.to, rounded(holds * 2)), purpose: "probe" };
}

/** A wide bracket is narrowed by short levels. */
function purposeBetween(holds: number, broken: number): Purpose {
  return broken / holds > FINE ? "probe" : "bracket";
}

/**
 * What an overloaded server still achieved is a good guess of what it holds: just below that and just above it. In
 * all other cases the middle on a log scale.
 */
function between(book: Book, holds: number, broken: number): number | undefined {
  const aside = Math.sqrt(1 + book.precision * 0.9);
  const guess = guessOf(book, broken);
  const isWide = broken / holds > (1 + book.precision) ** 2;
  if (guess !== undefined && isWide) {
    for (const level of [rounded(guess / aside), rounded(guess * aside)]) {
      if (level > holds * aside && level < broken / aside) return level;
    }
  }
  return middle(holds, broken);
}

/** Undefined where little more was asked than was achieved: then it is no guess but the level itself. */
function guessOf(book: Book, broken: number): number | undefined {
  const guesses = book.valid
    .filter(({ level, decision }) => level === broken && decision === "broken")
    .map(({ level, achievedPerS, offeredPerS }) => level * achievedPerS / offeredPerS);
  const guess = guesses.length === 0 ? broken : median(guesses);
  return guess < broken / OVERLOAD ? guess : undefined;
}

function middle(low: number, high: number): number | undefined {
  const level = rounded(Math.sqrt(low * high));
  return level > low && level < high ? level : undefined;
}

/** An end that was tried once, or of which the tries disagree; one at which the generator gave out was a try too. */
function again(book: Book, holds: number, broken: number): Wanted | undefined {
  const standings = book.standings();
  const level = [broken, holds].find((end) => {
    const tries = book.all.filter((each) => each.level === end).length;
    return standings.some((each) => each.level === end && isOpen({ ...each, tries }));
  });
  return level === undefined ? undefined : { level, purpose: "bracket" };
}

/** The answer's own level, one above it, and more of the former until it is known well enough. */
function long(book: Book, bracket: Bracket): Wanted | undefined {
  const knee = kneeOf(book.valid, bracket, book.precision);
  const confirms = book.of("confirm");
  const isConfirmed = confirms.some((each) => isConfirmedBy(book, each, knee));
  const mayConfirm = book.all.filter(({ purpose }) => purpose === "confirm").length < LONG_TRIES;
  if (!isConfirmed && mayConfirm) return confirm(book, knee, bracket);
  const above = rounded(knee.level * BREAK_FACTOR);
  const breaks = book.of("break").filter(({ level }) => book.isBeside(level, above));
  const broke = breaks.some(({ decision }) => decision === "broken");
  if (!broke && book.triesOf("break", above) < TRIES && above <= book.to) {
    return { level: above, purpose: "break" };
  }
  const isWide =
    knee.high / knee.low > (1 + book.precision) ** (knee.by === "fit" ? 2 * TIGHT : 2.01);
  return isWide && mayConfirm ? confirm(book, knee, bracket) : undefined;
}

function longAt(book: Book, level: number): Wanted | undefined {
  const isTried = book.all.some((each) => each.purpose === "confirm" && each.level >= level);
  return isTried ? undefined : { level, purpose: "confirm" };
}

/** Where no curve can be fitted yet, a level below tells how it rises. */
function confirm(book: Book, knee: Knee, { holds, broken }: Bracket): Wanted {
  const confirm = (level: number): Wanted => ({ level: rounded(level), purpose: "confirm" });
  const step = 1 + book.precision;
  if (knee.by === "fit") return confirm(knee.level / (1 + book.precision / 3));
  if (broken > holds * step) return confirm(knee.level);
  const isNew = book.of("confirm").every(({ level }) => level !== holds);
  return isNew ? { level: holds, purpose: "confirm" } : confirm(holds / step ** 2);
}

/** At its exact knee a server holds as often as not; of a hard limit the level below is known to hold. */
function isConfirmedBy(book: Book, { level, decision, by }: LevelResult, knee: Knee): boolean {
  if (!book.isBeside(level, knee.level)) return false;
  return decision === "holds" || (by === "point" && knee.by === "fit");
}

/** One try tells too little, and so do two that disagree. */
function isOpen({ evidence, tries }: Standing): boolean {
  return tries < TRIES && Math.abs(evidence) < 1.5 * SURE;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
