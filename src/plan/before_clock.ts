/**
 * What comes before the clock of a run: why that is no arrival in some scenarios, and the numbers of those that do come.
 * A run's own count from 0, and no plan has a thousand million. What comes before (doctor, probe, warm-up, rehearsal) counts
 * on from there by the time at which it begins, each in a range of its own: another run's, or another visit of the doctor,
 * are others.
 */
import { arrivalsBefore } from "./arrival_sequence.ts";
import type { Scenario, Warmup } from "./plan.ts";
import { formatDuration } from "./units.ts";
import { WHOLE, type WorkerShare } from "../worker_share.ts";

/** Why no arrival of a scenario is sent before the clock, in words that go on from "no arrival was sent, as". */
export function whyUntried({ changes }: Pick<Scenario, "changes">): string {
  return REASONS[changes];
}

const REASONS: Readonly<Record<Scenario["changes"], string>> = {
  idempotent: "the plan says `probe: false`",
  adds: "each arrival adds something at the server",
  unknown: "its request is not idempotent, and may change what the next would meet",
  once: "an arrival may use up what the next would need",
  batch: "an arrival works on many things at once",
};

/**
 * What is sent before the clock, in words: the set-up, the probe or the connection in its place, warm-up and rehearsal. A
 * warm-up of what is idempotent may come to more in each worker, where the load needs more connections.
 */
export function beforeTheClock(scenario: Scenario): string[] {
  const { makes, changes, setupTimeoutMs, probe, origin, warmup } = scenario;
  const isHarmless = changes === "idempotent";
  return [
    ...(makes === undefined
      ? []
      : [`set-up in ${formatDuration(setupTimeoutMs)} at most: ${makes}`]),
    probe ? "probe: one arrival" : `a connection to ${origin} alone, as ${whyUntried(scenario)}`,
    ...warmupWords(warmup, isHarmless),
    ...(warmup.rehearsalMs === 0 ? [] : [rehearsalWords(scenario)]),
  ];
}

function warmupWords({ requests, durationMs }: Warmup, isHarmless: boolean): string[] {
  if (requests === 0) return [];
  const where = isHarmless ? " in each worker, more where it needs more connections" : "";
  const most = `at most ${requests} ${requests === 1 ? "arrival" : "arrivals"}`;
  return [`warm-up: ${most} in ${formatDuration(durationMs)}${where}`];
}

function rehearsalWords({ name, load, warmup: { rehearsalMs } }: Scenario): string {
  const first = `rehearsal: the first ${formatDuration(rehearsalMs)} of the load`;
  if (load.model === "closed") return first;
  const arrivals = arrivalsBefore(rehearsalMs * 1000, { name, load });
  return `${first}, ${arrivals} ${arrivals === 1 ? "arrival" : "arrivals"}`;
}

/** The first number that no run's arrival has. */
const FIRST = 1_000_000_000;

/** Numbers for each millisecond since 1970, in a range for each kind; all are whole numbers that a double holds. */
const PER_MS = { probe: 30, warmup: 30, rehearsal: 100 } as const;
const RANGE = 123_000_000_000_000;
const MOST_WORKERS = 64;
/** Machines that share a run begin together: each counts as if so much later than the one before, some 37 hours. */
const MACHINES_APART_MS = 133_993_171;

/**
 * Whether an arrival's number is one of those that come before the clock.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const { probe, rehearsal } = numbersBefore(Date.now() * 1000);
 * assertEquals([0, 999_999_999, probe, rehearsal].map(isBeforeTheClock), [false, false, true, true]);
 * ```
 */
export function isBeforeTheClock(index: number): boolean {
  return index >= FIRST;
}

interface NumbersBefore {
  readonly probe: number;
  readonly warmup: (worker: number) => number;
  readonly rehearsal: number;
}

/** First numbers of what begins at this instant, in microseconds since the Unix epoch, on one of a run's machines. */
export function numbersBefore(nowUs: number, machine: WorkerShare = WHOLE): NumbersBefore {
  const nowMs = Math.floor(nowUs / 1000) + machine.index * MACHINES_APART_MS;
  const first = (range: number, perMs: number): number => FIRST + range * RANGE + nowMs * perMs;
  return {
    probe: first(0, PER_MS.probe),
    warmup: (worker) => first(1 + worker, PER_MS.warmup),
    rehearsal: first(1 + MOST_WORKERS, PER_MS.rehearsal),
  };
}
