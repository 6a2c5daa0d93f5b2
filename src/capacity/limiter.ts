/**
 * A limiter: it lets its rate through, whatever is asked, once its burst is used up. So a level well beyond it tells what
 * it is, and no bracket has to be narrowed.
 */
import { type Book, rounded } from "./book.ts";
import type { Knee } from "./knee.ts";
import { BREAK_FACTOR, TRIES, type Wanted } from "./lengths.ts";
import type { LevelResult, Purpose } from "./level.ts";

/** Level by limiter's rate from which on it has always something to refuse. */
const WELL_BEYOND = 1.4;
/** From which on it punishes whoever asks for too much, and what it lets through then is no rate of its own. */
const PUNISHES = 20;
/** Part of the allowed share below which a level just below a limiter's rate proves it. */
const ROOM = 0.6;
/** Requests of a longer level that prove a limiter's rate. */
const ENOUGH = 1_000;
/** Level by broken one that shows what a limiter lets through. */
const BEYOND_LIMITER = 1.5;

/**
 * What a limiter lets through once its burst is used up is its limit; a tenth above, at once after that, it has to
 * refuse, and a longer level just below proves it. Undefined where there is none, or where one of these came out
 * otherwise: then it is searched for like any other.
 */
export function limited(
  book: Book,
  broken: number,
): { readonly knee?: Knee; readonly wanted: Wanted | undefined } | undefined {
  const limit = limiterRate(book);
  if (limit === undefined) {
    const level = rounded(broken * BEYOND_LIMITER);
    return isStoppedByLimiter(book, broken, level)
      ? { wanted: { level, purpose: "limiter" } }
      : undefined;
  }
  if (limit > broken * (1 + book.precision)) return undefined;
  const [above, below] = [
    rounded(limit * BREAK_FACTOR),
    rounded(limit / (1 + book.precision / 2)),
  ];
  const beside = (purpose: Purpose, level: number): LevelResult[] =>
    book.of(purpose).filter((each) => book.isBeside(each.level, level));
  const [breaks, confirms] = [beside("break", above), beside("confirm", below)];
  // A small bucket refuses some long before its rate is reached, as arrivals are not even: then there is no wall.
  if (!confirms.every(holdsWithRoom)) return undefined;
  const broke = breaks.some(({ decision }) => decision === "broken");
  if (!broke && book.triesOf("break", above) >= TRIES) return undefined;
  const seen = Math.max(1, ...confirms.flatMap(({ limits }) => limits.map(({ of }) => of)));
  // Of few requests none was refused by chance: a small burst may refuse some of many at that level.
  const unsure = Math.max(1, Math.sqrt(ENOUGH / seen));
  const knee: Knee = {
    level: limit,
    low: limit / (1 + book.precision * unsure),
    high: limit * (1 + book.precision),
    confidence: null,
    by: "limiter",
  };
  if (!broke && above <= book.to) {
    return { knee, wanted: { level: above, purpose: "break", rest: false } };
  }
  return {
    knee,
    wanted: confirms.length === 0 ? { level: below, purpose: "confirm" } : undefined,
  };
}

/** And what it lets through was not looked at yet. */
function isStoppedByLimiter(book: Book, broken: number, level: number): boolean {
  const isTried = book.all.some(({ purpose }) => purpose === "limiter");
  return level <= book.to && level < (book.wall?.level ?? Infinity) && !isTried &&
    book.valid.some((each) => each.level === broken && each.decision === "broken" && each.limiter);
}

/** In levels, told by those that are well beyond it. */
function limiterRate(book: Book): number | undefined {
  const rates = book.of("limiter")
    .filter(({ decision, limiter }) => decision === "broken" && limiter)
    .map(({ level, steadyPerS }) => ({ level, rate: steadyPerS / book.perLevelPerS }))
    .filter(({ level, rate }) => level > rate * WELL_BEYOND && level < rate * PUNISHES);
  return rates.length === 0 ? undefined : Math.min(...rates.map(({ rate }) => rate));
}

/** No share is near what is allowed. */
function holdsWithRoom({ decision, limits }: LevelResult): boolean {
  return decision === "holds" &&
    limits.every(({ beyond, of, allowed }) => beyond <= ROOM * allowed * of);
}
