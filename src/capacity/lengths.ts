/** How long levels are by their purpose, and what searches have in common about them. */
import type { LevelSpec, Purpose } from "./level.ts";

/** A level that is to come, but for its length and its workers. */
export type Wanted = Pick<LevelSpec, "level" | "purpose"> & Partial<Pick<LevelSpec, "rest">>;

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

/** However little time there is: in a second or two nothing is told, and often nothing answered. */
const LEAST_MS = 3_000;
/** A recovery takes five seconds that were calm. */
const LEAST_RECOVER_MS = 6_000;

/** By the answer: the level that has to break. */
export const BREAK_FACTOR = 1.1;
/** Tries of a level at a bracket's end, and of the answer. */
export const TRIES = 3;

/** Of a search that may take so long in all. */
export function lengthOf(purpose: Purpose, atMostMs: number): number {
  const { ofAll, mostMs } = LENGTHS[purpose];
  const leastMs = purpose === "recover" ? LEAST_RECOVER_MS : LEAST_MS;
  return Math.min(mostMs, Math.max(leastMs, ofAll * atMostMs));
}
