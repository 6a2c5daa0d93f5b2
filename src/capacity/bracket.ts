/**
 * Between which two levels the knee lies, when single levels may have been decided wrongly: where most of what was seen
 * agrees that levels below hold and levels above are broken.
 */
import { SURE } from "./decision.ts";
import type { LevelResult } from "./level.ts";

export interface Ends {
  readonly holds?: number;
  readonly broken?: number;
}

/** What a level's tries come to. */
export interface Standing {
  readonly level: number;
  /** That it is broken, and below 0 that it holds; each try at most `SURE`, or twice that where it was a long one. */
  readonly evidence: number;
  readonly tries: number;
}

/** A longer level has seen more. */
const LONG_WEIGHT = 2;

/** What a decision is worth at least, however few told it. */
const SLIGHT = 0.2;

/** Ascending. A level of which nothing was told does not hold: no data never passes. */
export function standingsOf(results: readonly LevelResult[]): Standing[] {
  return Array.from(Map.groupBy(results, ({ level }) => level), ([level, tries]) => ({
    level,
    evidence: tries.reduce((sum, each) => sum + evidenceOfLevel(each), 0),
    tries: tries.length,
  })).sort((a, b) => a.level - b.level);
}

function evidenceOfLevel({ decision, by, purpose, limits }: LevelResult): number {
  const most = purpose === "confirm" || purpose === "break" ? LONG_WEIGHT * SURE : SURE;
  if (decision === "undecided" || by === "backlog" || by === "dropped") return most;
  // All limits have to hold: the one that is least sure of it counts.
  const evidence = Math.max(...limits.map((limit) => limit.evidence));
  // Of few requests the share itself may lie on the other side of what was decided.
  return decision === "broken"
    ? Math.min(most, Math.max(SLIGHT, evidence))
    : Math.max(-most, Math.min(-SLIGHT, evidence));
}

/** Between which levels what was seen is most likely; of two cuts that are as likely, the lower one. */
export function endsOf(standings: readonly Standing[]): Ends {
  let score = standings.reduce((sum, { evidence }) => sum + evidence, 0);
  let [best, cut] = [score, 0];
  standings.forEach(({ evidence }, at) => {
    score -= 2 * evidence;
    if (score > best) [best, cut] = [score, at + 1];
  });
  const [below, above] = [standings[cut - 1], standings[cut]];
  return { ...(below && { holds: below.level }), ...(above && { broken: above.level }) };
}
