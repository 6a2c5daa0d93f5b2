/**
 * The one arithmetic of load profiles. A profile is a list of stages, each a straight line from level `from` to level
 * `to`; everything about it has a closed form, so nothing is stepped, accumulated or drifts. When its arrivals come is
 * in `arrival_sequence.ts`.
 */
import type { ClosedProfile, Plan, Scenario, Stage } from "./plan.ts";

export function durationMsOf(stages: readonly Stage[]): number {
  return stages.reduce((sum, stage) => sum + stage.durationMs, 0);
}

/** From the start of the run to the end of the scenario's last stage. */
export function endMsOf({ startAfterMs, load }: Pick<Scenario, "startAfterMs" | "load">): number {
  return startAfterMs + durationMsOf(load.stages);
}

/** From the start of the run to the end of its last scenario's profile; what is in flight then gets `graceful_stop`. */
export function planDurationMs({ scenarios }: Pick<Plan, "scenarios">): number {
  return Math.max(0, ...scenarios.map(endMsOf));
}

export function highestLevel(stages: readonly Stage[]): number {
  return stages.reduce((highest, stage) => Math.max(highest, stage.from, stage.to), 0);
}

/** The level at `offsetMs`; 0 outside the profile. Where two stages meet, the later one's. */
export function levelAt(stages: readonly Stage[], offsetMs: number): number {
  let startMs = 0;
  for (const stage of stages) {
    const intoMs = offsetMs - startMs;
    if (intoMs >= 0 && intoMs < stage.durationMs) {
      return stage.from + (stage.to - stage.from) * (intoMs / stage.durationMs);
    }
    startMs += stage.durationMs;
  }
  return 0;
}

/** Area under one stage: of rates per second, its arrivals. */
export function areaOf({ durationMs, from, to }: Stage): number {
  return ((from + to) / 2) * (durationMs / 1000);
}

/** Under a whole profile. */
export function totalArea(stages: readonly Stage[]): number {
  return stages.reduce((sum, stage) => sum + areaOf(stage), 0);
}

/**
 * A user who is there for a time t starts at most floor(t / think) + 1 iterations. User u is there while the level is
 * above u, which is one stretch of time per stage at most.
 */
export function mostOfUsers(
  { stages, thinkTimeMs }: Pick<ClosedProfile, "stages" | "thinkTimeMs">,
): number {
  return Math.ceil(stages.reduce((total, stage) => total + mostOf(stage, thinkTimeMs), 0));
}

function mostOf({ durationMs, from, to }: Stage, thinkTimeMs: number): number {
  const users = Math.ceil(Math.max(from, to));
  // Over a ramp, the sum of all users' times is at most one user more than the area.
  const average = from === to ? users : Math.min(users, (from + to) / 2 + 1);
  return average * durationMs / thinkTimeMs + users;
}

/**
 * The first instant at or after `fromMs` at which the level is above `threshold`, or undefined when it never is again.
 * In the closed model user `u` (0-based) takes part while the level is above `u`.
 */
export function nextAbove(
  stages: readonly Stage[],
  threshold: number,
  fromMs: number,
): number | undefined {
  let startMs = 0;
  for (const stage of stages) {
    const endMs = startMs + stage.durationMs;
    const atMs = Math.max(fromMs, startMs);
    if (atMs < endMs) {
      const found = crossing(stage, startMs, threshold, atMs);
      if (found !== undefined && found < endMs) return found;
    }
    startMs = endMs;
  }
  return undefined;
}

function crossing(
  stage: Stage,
  startMs: number,
  threshold: number,
  atMs: number,
): number | undefined {
  const slope = (stage.to - stage.from) / stage.durationMs;
  if (stage.from + slope * (atMs - startMs) > threshold) return atMs;
  if (slope <= 0 || stage.to <= threshold) return undefined;
  // One microsecond past the crossing, since "above" is strict.
  return startMs + (threshold - stage.from) / slope + 0.001;
}
