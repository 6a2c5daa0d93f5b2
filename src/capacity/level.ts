/**
 * A level: the plan, or one scenario of it, at one rate. The search asks for levels (`LevelSpec`), whoever drives the
 * load runs them and tells what came of each (`LevelResult`). Plain data, without sockets, timers and files.
 */
import type { Decided } from "./decision.ts";
import type { Blame } from "./who.ts";

/**
 * Why a level is run.
 *
 * - `probe`: far from the knee, to find the power of two between which it lies.
 * - `bracket`: between a level that held and one that broke, or one of these once more.
 * - `limiter`: well beyond what a limiter lets through, long enough to use up its burst and see what is left.
 * - `confirm`: longer, at the answer; it is not ended early because all is well.
 * - `break`: a tenth above the answer, where the server has to give out.
 * - `recover`: half the answer, at once after the highest level and without a rest.
 * - `generator`: a level at which the generator gave out, or may have, with other workers.
 */
export const PURPOSES = [
  "probe",
  "bracket",
  "limiter",
  "confirm",
  "break",
  "recover",
  "generator",
] as const;
export type Purpose = (typeof PURPOSES)[number];

export interface LevelSpec {
  /** Arrivals per second, of the searched scenario or of the whole mix. */
  readonly level: number;
  /** The load's length, if nothing decides the level before. */
  readonly atMostMs: number;
  readonly purpose: Purpose;
  /** Whether the server is to come to rest before: nothing in flight, and a moment beyond. */
  readonly rest: boolean;
  /** `other`: not as many as were used at first; more, where the host has more. They stay once they have helped. */
  readonly workers: "usual" | "other";
}

/** What a level measured, whatever it means. Milliseconds, and per second. */
export interface LevelFigures {
  /** Arrivals as they were planned. */
  readonly offeredPerS: number;
  /** Answered as expected. */
  readonly achievedPerS: number;
  /** Response times over all of the level; null where nothing was answered as expected. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** On average over the level. */
  readonly inFlight: number;
  /** Failed share of what was answered, 0..1; null where nothing was. */
  readonly errorRate: number | null;
  /** How long load was sent. */
  readonly durationMs: number;
  /** All that the level cost: rest, set-up and warm-up as well. It is what `--at-most` bounds. */
  readonly elapsedMs: number;
}

/** What the search is told. `{ level, purpose, ...figures, ...decision.conclude(), ...whoGaveOut(...) }` makes one. */
export interface LevelResult extends LevelFigures, Decided, Blame {
  readonly level: number;
  readonly purpose: Purpose;
}
