/** What a search was asked for and has found until now: the levels, which of them say something of the server, and doubts. */
import { type Ends, endsOf, type Standing, standingsOf } from "./bracket.ts";
import { SURE } from "./decision.ts";
import type { Bracket } from "./knee.ts";
import type { LevelResult, LevelSpec, Purpose } from "./level.ts";

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

export class Book {
  readonly from: number;
  readonly to: number;
  readonly precision: number;
  readonly atMostMs: number;
  readonly perLevelPerS: number;
  readonly seed: number;
  readonly #all: LevelResult[] = [];
  #valid: LevelResult[] = [];
  #elapsedMs = 0;
  #workers: LevelSpec["workers"] = "usual";
  #wall: LevelResult | undefined;
  #doubted: LevelResult | undefined;

  constructor({ from, to, precision, atMostMs, perLevelPerS, seed }: SearchOptions) {
    this.to = to ?? Infinity;
    this.from = Math.min(rounded(from), this.to);
    this.precision = precision ?? DEFAULTS.precision;
    this.atMostMs = atMostMs ?? DEFAULTS.atMostMs;
    this.perLevelPerS = perLevelPerS ?? DEFAULTS.perLevelPerS;
    this.seed = seed ?? DEFAULTS.seed;
  }

  /** As they were run. */
  get all(): readonly LevelResult[] {
    return this.#all;
  }
  /** Those that say something of the server. */
  get valid(): readonly LevelResult[] {
    return this.#valid;
  }
  get elapsedMs(): number {
    return this.#elapsedMs;
  }
  /** What levels are run with from now on. */
  get workers(): LevelSpec["workers"] {
    return this.#workers;
  }
  /** The lowest level at which the generator gave out, other workers or not. */
  get wall(): LevelResult | undefined {
    return this.#wall;
  }
  /** The lowest between a level that holds and a broken one, where the generator gave out more than once: not by chance. */
  wallWithin({ holds, broken }: Bracket): LevelResult | undefined {
    const met = this.#all.filter(({ who, level }) =>
      who === "generator" && level > holds && level < broken
    );
    return met.length < 2 ? undefined : met.reduce((a, b) => b.level < a.level ? b : a);
  }
  /** To be tried again with other workers. */
  get doubted(): LevelResult | undefined {
    return this.#doubted;
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
    const gained = after.achievedPerS > before.achievedPerS * (1 + this.precision);
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

  /** There is no time to try it with other workers: it stands as it is, doubt and all. */
  settleDoubt(): void {
    if (this.#doubted) this.#settle(this.#doubted);
    this.#doubted = undefined;
  }

  /** Of those that say something of the server. */
  of(purpose: Purpose): LevelResult[] {
    return this.#valid.filter((each) => each.purpose === purpose);
  }

  /** How often a level beside this one was run for the purpose, whoever gave out. */
  triesOf(purpose: Purpose, level: number): number {
    return this.#all.filter((each) => each.purpose === purpose && this.isBeside(each.level, level))
      .length;
  }

  /** A recovery says nothing of the level itself. */
  standings(): Standing[] {
    return standingsOf(this.#valid.filter(({ purpose }) => purpose !== "recover"));
  }

  ends(): Ends {
    return endsOf(this.standings());
  }

  /** Within the precision. */
  isBeside(level: number, other: number): boolean {
    return Math.abs(Math.log(level / other)) <= Math.log(1 + this.precision);
  }

  /** Its share is so near to what is allowed that the test was not sure: more levels beside it would be no wiser. */
  isBlurred(level: number): boolean {
    const standing = this.standings().find((each) => each.level === level);
    return standing !== undefined && Math.abs(standing.evidence) < SURE * 0.999;
  }
}

/** Four digits: levels are compared, and read. */
export function rounded(level: number): number {
  return Number(level.toPrecision(4));
}
