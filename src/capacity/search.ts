/**
 * The search for the highest level at which the limits hold: doubling, then halving of the bracket on a log scale, until
 * it is as narrow as `precision`; its ends once more; a longer level at the answer, and one a tenth above that has to
 * break; last half the answer, to see whether the server recovers. What comes next follows from all results so far, so
 * a level that was decided wrongly is noticed and mended.
 *
 * A generator in the language's sense: it asks for levels, is told results, and ends with the answer.
 */
import type { Answer, Confirmation, Recovery } from "./answer.ts";
import { type Ends, endsOf, type Standing, standingsOf } from "./bracket.ts";
import { SURE } from "./decision.ts";
import { type Bracket, type Knee, kneeOf } from "./knee.ts";
import type { LevelResult, LevelSpec, Purpose } from "./level.ts";
import { isAtRest, uslOf, type UslPoint } from "./usl.ts";

export interface SearchOptions {
  /** The first level. */
  readonly from: number;
  /** The search goes no higher. */
  readonly to?: number;
  /** Broken by holding level, less one: 0.03. */
  readonly precision?: number;
  /** All levels together, with rest, set-up and warm-up. The last level may end some seconds later. */
  readonly atMostMs?: number;
  /** Arrivals per second at a level of one: 1, unless a level is a factor. */
  readonly perLevelPerS?: number;
  /** Of the resampling. */
  readonly seed?: number;
}

export const DEFAULTS = { precision: 0.03, atMostMs: 600_000, perLevelPerS: 1, seed: 1 } as const;

/** Length of a level by its purpose: what nothing decides before, in parts of the whole time. */
const LENGTHS = {
  probe: { ofAll: 1 / 50, mostMs: 12_000 },
  bracket: { ofAll: 1 / 20, mostMs: 30_000 },
  limiter: { ofAll: 1 / 12, mostMs: 20_000 },
  confirm: { ofAll: 1 / 10, mostMs: 60_000 },
  break: { ofAll: 1 / 8, mostMs: 30_000 },
  recover: { ofAll: 1 / 20, mostMs: 30_000 },
  generator: { ofAll: 1 / 20, mostMs: 30_000 },
} as const satisfies Record<Purpose, unknown>;

/** Of a level far from the answer, in a search of so long. */
export function probeMs(atMostMs: number): number {
  return Math.min(LENGTHS.probe.mostMs, LENGTHS.probe.ofAll * atMostMs);
}

/** A level that could not last so long is not begun. */
const LEAST_MS = 5_000;
const BREAK_FACTOR = 1.1;
const RECOVER_FACTOR = 0.5;
/** Tries of a level at a bracket's end, and of the answer. */
const TRIES = 3;
/** Longer levels at the answer, until its interval is as narrow as wanted. */
const LONG_TRIES = 10;
/** While nothing held, each level is tried so often: the server may be cold. */
const COLD_TRIES = 2;
/** Brackets that are wider are narrowed by short levels. */
const FINE = 1.5;
/** Offered by achieved, from which the latter tells what a server holds. */
const OVERLOAD = 1.1;
/** Level by limiter's rate from which on it has always something to refuse. */
const WELL_BEYOND = 1.4;
/** Part of the allowed share below which a level just below a limiter's rate proves it. */
const ROOM = 0.6;
/** Requests of a longer level that prove a limiter's rate. */
const ENOUGH = 1_000;
/** Level by broken one that shows what a limiter lets through. */
const BEYOND_LIMITER = 1.5;
/** Of an answer that is "at least" a tenth below where the generator gave out is near enough. */
const AT_LEAST = 1.1;
/** Half the interval by the precision, from which on no more levels are needed: its own width is an estimate. */
const TIGHT = 0.8;
/** Below the first level by so much nothing is searched. */
const DEPTH = 64;

/** The whole search, for who runs levels one after the other to the end; `Search` is for who may be interrupted. */
export function* search(options: SearchOptions): Generator<LevelSpec, Answer, LevelResult> {
  const book = new Search(options);
  for (let spec = book.next(); spec !== undefined; spec = book.next()) book.add(spec, yield spec);
  const recovery = book.recoverySpec();
  if (recovery !== undefined) book.add(recovery, yield recovery);
  return book.answer();
}

type Wanted = Pick<LevelSpec, "level" | "purpose"> & Partial<Pick<LevelSpec, "rest">>;

/** What was found until now, and what it asks for. */
export class Search {
  readonly #from: number;
  readonly #to: number;
  readonly #precision: number;
  readonly #atMostMs: number;
  readonly #perLevelPerS: number;
  readonly #seed: number;
  readonly #all: LevelResult[] = [];
  /** Those that say something of the server. */
  #valid: LevelResult[] = [];
  #elapsedMs = 0;
  #workers: LevelSpec["workers"] = "usual";
  /** The lowest level at which the generator gave out, other workers or not. */
  #wall: LevelResult | undefined;
  /** To be tried again with other workers. */
  #doubted: LevelResult | undefined;

  constructor({ from, to, precision, atMostMs, perLevelPerS, seed }: SearchOptions) {
    this.#to = to ?? Infinity;
    this.#from = Math.min(rounded(from), this.#to);
    this.#precision = precision ?? DEFAULTS.precision;
    this.#atMostMs = atMostMs ?? DEFAULTS.atMostMs;
    this.#perLevelPerS = perLevelPerS ?? DEFAULTS.perLevelPerS;
    this.#seed = seed ?? DEFAULTS.seed;
  }

  add(spec: LevelSpec, result: LevelResult): void {
    this.#all.push(result);
    this.#elapsedMs += result.elapsedMs;
    const repeated = spec.purpose === "generator" ? this.#doubted : undefined;
    this.#doubted = undefined;
    if (repeated) this.#compare(repeated, result);
    else if (result.who === "generator" || !result.sure) this.#doubt(result);
    else this.#settle(result);
  }

  /** Other workers have been tried already where `#workers` says so. */
  #doubt(result: LevelResult): void {
    const isKnown = this.#wall !== undefined && result.who === "generator";
    if (this.#workers === "usual" && !isKnown && result.purpose !== "recover") {
      this.#doubted = result;
    } else this.#settle(result);
  }

  /** A level twice, the second time with other workers. */
  #compare(before: LevelResult, after: LevelResult): void {
    const gained = after.achievedPerS > before.achievedPerS * (1 + this.#precision);
    const better = after.who !== "generator" &&
      (before.who === "generator" || after.decision === "holds" || gained);
    if (better) this.#workers = "other";
    else if (before.who === "server") this.#settle(before);
    this.#settle(after);
  }

  #settle(result: LevelResult): void {
    if (result.who !== "generator") {
      // A cold server breaks at what it holds once it is warm: what broke before anything held is asked anew.
      const isFirst = result.decision === "holds" &&
        this.#valid.every(({ decision }) => decision !== "holds");
      this.#valid = isFirst ? [result] : [...this.#valid, result];
    } else if (this.#wall === undefined || result.level < this.#wall.level) this.#wall = result;
  }

  /** Undefined once the answer is known as well as it was asked for, or the time is over. */
  next(): LevelSpec | undefined {
    const wanted = this.#wanted();
    if (wanted === undefined) return undefined;
    const atMostMs = Math.min(this.#lengthOf(wanted.purpose), this.#leftMs());
    if (atMostMs < Math.min(LEAST_MS, this.#lengthOf(wanted.purpose))) return undefined;
    const { rest = true } = wanted;
    return { ...wanted, atMostMs, rest, workers: this.#workersFor(wanted.purpose) };
  }

  #workersFor(purpose: Purpose): LevelSpec["workers"] {
    return purpose === "generator" ? "other" : this.#workers;
  }

  #wanted(): Wanted | undefined {
    if (this.#doubted) return { level: this.#doubted.level, purpose: "generator" };
    const { holds, broken } = this.#ends();
    if (holds === undefined) return this.#lower(broken);
    if (broken === undefined) return this.#higher(holds);
    const limited = this.#limited(broken);
    if (limited !== undefined) return limited.wanted;
    const isBlurred = [holds, broken].some((level) => this.#isBlurred(level));
    if (isBlurred && broken > holds * FINE) {
      return this.#again(holds, broken) ?? this.#long({ holds, broken });
    }
    if (!isBlurred && broken > holds * (1 + this.#precision)) {
      const level = this.#between(holds, broken);
      if (level !== undefined) return { level, purpose: this.#purposeBetween(holds, broken) };
    }
    return (isBlurred ? undefined : this.#again(holds, broken)) ?? this.#long({ holds, broken });
  }

  /**
   * What a limiter lets through once its burst is used up is its limit; a tenth above, at once after that, it has to
   * refuse, and a longer level just below proves it. Undefined where there is none, or where one of these came out
   * otherwise: then it is searched for like any other.
   */
  #limited(
    broken: number,
  ): { readonly knee?: Knee; readonly wanted: Wanted | undefined } | undefined {
    const limit = this.#limiterRate();
    if (limit === undefined) {
      const level = rounded(broken * BEYOND_LIMITER);
      return this.#isStoppedByLimiter(broken, level)
        ? { wanted: { level, purpose: "limiter" } }
        : undefined;
    }
    if (limit > broken * (1 + this.#precision)) return undefined;
    const [above, below] = [
      rounded(limit * BREAK_FACTOR),
      rounded(limit / (1 + this.#precision / 2)),
    ];
    const beside = (purpose: Purpose, level: number): LevelResult[] =>
      this.#of(purpose).filter((each) => this.#isBeside(each.level, level));
    const [breaks, confirms] = [beside("break", above), beside("confirm", below)];
    // A small bucket refuses some long before its rate is reached, as arrivals are not even: then there is no wall.
    if (!confirms.every(holdsWithRoom)) return undefined;
    const broke = breaks.some(({ decision }) => decision === "broken");
    if (!broke && breaks.length >= TRIES) return undefined;
    const seen = Math.max(1, ...confirms.flatMap(({ limits }) => limits.map(({ of }) => of)));
    // Of few requests none was refused by chance: a small burst may refuse some of many at that level.
    const unsure = Math.max(1, Math.sqrt(ENOUGH / seen));
    const knee: Knee = {
      level: limit,
      low: limit / (1 + this.#precision * unsure),
      high: limit * (1 + this.#precision),
      by: "limiter",
    };
    if (!broke && above <= this.#to) {
      return { knee, wanted: { level: above, purpose: "break", rest: false } };
    }
    return {
      knee,
      wanted: confirms.length === 0 ? { level: below, purpose: "confirm" } : undefined,
    };
  }

  /** And what it lets through was not looked at yet. */
  #isStoppedByLimiter(broken: number, level: number): boolean {
    const isTried = this.#all.some(({ purpose }) => purpose === "limiter");
    return level <= this.#to && level < (this.#wall?.level ?? Infinity) && !isTried &&
      this.#valid.some((each) =>
        each.level === broken && each.decision === "broken" && each.limiter
      );
  }

  /** In levels, told by those that are well beyond it. */
  #limiterRate(): number | undefined {
    const rates = this.#of("limiter")
      .filter(({ decision, limiter }) => decision === "broken" && limiter)
      .map(({ level, steadyPerS }) => ({ level, rate: steadyPerS / this.#perLevelPerS }))
      .filter(({ level, rate }) => level > rate * WELL_BEYOND);
    return rates.length === 0 ? undefined : Math.min(...rates.map(({ rate }) => rate));
  }

  /** Its share is so near to what is allowed that the test was not sure: more levels beside it would be no wiser. */
  #isBlurred(level: number): boolean {
    const standing = this.#standings().find((each) => each.level === level);
    return standing !== undefined && Math.abs(standing.evidence) < SURE * 0.999;
  }

  /** Nothing held yet. */
  #lower(broken = this.#wall?.level): Wanted | undefined {
    if (broken === undefined) return { level: this.#from, purpose: "probe" };
    const triesOf = (level: number): number =>
      this.#standings().find((each) => each.level === level)?.tries ?? COLD_TRIES;
    if (triesOf(broken) < COLD_TRIES) return { level: broken, purpose: "probe" };
    const level = rounded(broken / 2);
    if (level >= this.#from / DEPTH) return { level, purpose: "probe" };
    return triesOf(this.#from) < TRIES ? { level: this.#from, purpose: "bracket" } : undefined;
  }

  /** Nothing broke yet; where the generator gave out, or the search may go no higher, it comes as near as it may. */
  #higher(holds: number): Wanted | undefined {
    const wall = this.#wall?.level;
    if (wall !== undefined) {
      const level = this.#middle(holds, wall);
      const isNear = wall <= holds * AT_LEAST || level === undefined;
      return isNear ? this.#longAt(holds) : { level, purpose: "bracket" };
    }
    if (holds >= this.#to) return this.#longAt(holds);
    return { level: Math.min(this.#to, rounded(holds * 2)), purpose: "probe" };
  }

  /** A wide bracket is narrowed by short levels. */
  #purposeBetween(holds: number, broken: number): Purpose {
    return broken / holds > FINE ? "probe" : "bracket";
  }

  /**
   * What an overloaded server still achieved is a good guess of what it holds: just below that and just above it. In
   * all other cases the middle on a log scale.
   */
  #between(holds: number, broken: number): number | undefined {
    const aside = Math.sqrt(1 + this.#precision * 0.9);
    const guess = this.#guess(broken);
    const isWide = broken / holds > (1 + this.#precision) ** 2;
    if (guess !== undefined && isWide) {
      for (const level of [rounded(guess / aside), rounded(guess * aside)]) {
        if (level > holds * aside && level < broken / aside) return level;
      }
    }
    return this.#middle(holds, broken);
  }

  /** Undefined where little more was asked than was achieved: then it is no guess but the level itself. */
  #guess(broken: number): number | undefined {
    const guesses = this.#valid
      .filter(({ level, decision }) => level === broken && decision === "broken")
      .map(({ level, achievedPerS, offeredPerS }) => level * achievedPerS / offeredPerS);
    const guess = guesses.length === 0 ? broken : median(guesses);
    return guess < broken / OVERLOAD ? guess : undefined;
  }

  #middle(low: number, high: number): number | undefined {
    const level = rounded(Math.sqrt(low * high));
    return level > low && level < high ? level : undefined;
  }

  /** An end that was tried once, or of which the tries disagree. */
  #again(holds: number, broken: number): Wanted | undefined {
    const standings = this.#standings();
    const level = [broken, holds].find((end) =>
      standings.some((each) => each.level === end && isOpen(each))
    );
    return level === undefined ? undefined : { level, purpose: "bracket" };
  }

  /** The answer's own level, one above it, and more of the former until it is known well enough. */
  #long(bracket: Bracket): Wanted | undefined {
    const knee = kneeOf(this.#valid, bracket, this.#precision);
    const confirms = this.#of("confirm");
    const isConfirmed = confirms.some((each) => this.#confirms(each, knee));
    const mayConfirm = this.#all.filter(({ purpose }) => purpose === "confirm").length < LONG_TRIES;
    if (!isConfirmed && mayConfirm) return this.#confirm(knee, bracket);
    const above = rounded(knee.level * BREAK_FACTOR);
    const breaks = this.#of("break").filter(({ level }) => this.#isBeside(level, above));
    const broke = breaks.some(({ decision }) => decision === "broken");
    if (!broke && breaks.length < TRIES && above <= this.#to) {
      return { level: above, purpose: "break" };
    }
    const isWide =
      knee.high / knee.low > (1 + this.#precision) ** (knee.by === "fit" ? 2 * TIGHT : 2.01);
    return isWide && mayConfirm ? this.#confirm(knee, bracket) : undefined;
  }

  #longAt(level: number): Wanted | undefined {
    const isTried = this.#all.some((each) => each.purpose === "confirm" && each.level >= level);
    return isTried ? undefined : { level, purpose: "confirm" };
  }

  /** Where no curve can be fitted yet, a level below tells how it rises. */
  #confirm(knee: Knee, { holds, broken }: Bracket): Wanted {
    const confirm = (level: number): Wanted => ({ level: rounded(level), purpose: "confirm" });
    const step = 1 + this.#precision;
    if (knee.by === "fit") return confirm(knee.level / (1 + this.#precision / 3));
    if (broken > holds * step) return confirm(knee.level);
    const isNew = this.#of("confirm").every(({ level }) => level !== holds);
    return isNew ? { level: holds, purpose: "confirm" } : confirm(holds / step ** 2);
  }

  /** At its exact knee a server holds as often as not; of a hard limit the level below is known to hold. */
  #confirms({ level, decision, by }: LevelResult, knee: Knee): boolean {
    if (!this.#isBeside(level, knee.level)) return false;
    return decision === "holds" || (by === "point" && knee.by === "fit");
  }

  #isBeside(level: number, other: number): boolean {
    return Math.abs(Math.log(level / other)) <= Math.log(1 + this.#precision);
  }

  #of(purpose: Purpose): LevelResult[] {
    return this.#valid.filter((each) => each.purpose === purpose);
  }

  /** A recovery says nothing of the level itself. */
  #standings(): Standing[] {
    return standingsOf(this.#valid.filter(({ purpose }) => purpose !== "recover"));
  }

  #ends(): Ends {
    return endsOf(this.#standings());
  }

  #lengthOf(purpose: Purpose): number {
    const { ofAll, mostMs } = LENGTHS[purpose];
    return Math.min(mostMs, ofAll * this.#atMostMs);
  }

  /** For the next level: the recovery comes last, and a search that goes on leaves time for the confirmation. */
  #leftMs(): number {
    return this.#atMostMs - this.#elapsedMs - this.#lengthOf("recover");
  }

  /** Only where the server gave out. */
  recoverySpec(): LevelSpec | undefined {
    const { holds, broken } = this.#ends();
    const knee = this.#knee();
    if (holds === undefined || broken === undefined || knee === undefined) return undefined;
    return {
      level: rounded(knee.level * RECOVER_FACTOR),
      atMostMs: this.#lengthOf("recover"),
      purpose: "recover",
      rest: false,
      workers: this.#workers,
    };
  }

  #knee(): Knee | undefined {
    const { holds, broken } = this.#ends();
    if (holds === undefined) return undefined;
    if (broken === undefined) return { level: holds, low: holds, high: holds, by: "bracket" };
    return this.#limited(broken)?.knee ??
      kneeOf(this.#valid, { holds, broken }, this.#precision);
  }

  /** What is known by now. */
  answer(isInterrupted = false): Answer {
    const ended = isInterrupted ? "interrupted" : this.#wanted() === undefined ? "found" : "time";
    // There was no time to try it with other workers: it stands as it is, doubt and all.
    if (this.#doubted) this.#settle(this.#doubted);
    this.#doubted = undefined;
    const { holds, broken } = this.#ends();
    const knee = this.#knee();
    const atLeast = holds !== undefined && broken === undefined;
    const culprit = this.#culprit(broken);
    return {
      knee: knee?.level ?? 0,
      low: knee?.low ?? 0,
      high: atLeast ? null : knee?.high ?? broken ?? null,
      atLeast,
      who: culprit?.who ?? "none",
      why: culprit?.why ?? this.#whyNobody(),
      limiter: culprit?.limiter ?? false,
      ended,
      confirmed: this.#confirmation(knee),
      recovery: this.#recovery(),
      elapsedMs: this.#elapsedMs,
      levels: this.#all,
      usl: uslOf(this.#uslPoints(), this.#seed),
    };
  }

  /** Of the levels that broke the server the one at the bracket's end, or else where the generator gave out. */
  #culprit(broken: number | undefined): LevelResult | undefined {
    if (broken === undefined) return this.#wall;
    return this.#valid.findLast(({ level, decision }) =>
      level === broken && decision === "broken"
    ) ??
      this.#valid.findLast(({ level, decision }) => level >= broken && decision === "broken");
  }

  #whyNobody(): string {
    const { holds } = this.#ends();
    if (holds === undefined) return "no level was run to its end";
    return holds >= this.#to ? "the search was to go no higher" : "no higher level was tried";
  }

  #confirmation(knee: Knee | undefined): Confirmation | null {
    const last = this.#of("confirm").findLast(({ level }) =>
      knee && this.#isBeside(level, knee.level)
    );
    return last ? { level: last.level, decision: last.decision, by: last.by } : null;
  }

  #recovery(): Recovery | null {
    const last = this.#all.findLast(({ purpose }) => purpose === "recover");
    if (last === undefined) return null;
    return { level: last.level, afterMs: last.decision === "holds" ? last.calmAfterMs : null };
  }

  /** Levels whose queue was at rest: of another one neither number nor rate is the server's. */
  #uslPoints(): UslPoint[] {
    return this.#valid.filter(isAtRest).map(({ inFlight, achievedPerS }) => ({
      inFlight,
      perS: achievedPerS,
    }));
  }
}

/** One try tells too little, and so do two that disagree. */
function isOpen({ evidence, tries }: Standing): boolean {
  return tries < TRIES && Math.abs(evidence) < 1.5 * SURE;
}

/** No share is near what is allowed. */
function holdsWithRoom({ decision, limits }: LevelResult): boolean {
  return decision === "holds" &&
    limits.every(({ beyond, of, allowed }) => beyond <= ROOM * allowed * of);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Four digits: levels are compared, and read. */
function rounded(level: number): number {
  return Number(level.toPrecision(4));
}
