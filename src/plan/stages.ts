/**
 * Load profiles as arithmetic. A profile is a list of stages, each a straight line from level `from` to level `to`;
 * everything about it has a closed form, so nothing is stepped, accumulated or drifts.
 */
import type { Stage } from "./plan.ts";

export function totalDurationMs(stages: readonly Stage[]): number {
  return stages.reduce((sum, stage) => sum + stage.durationMs, 0);
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

export function highestLevel(stages: readonly Stage[]): number {
  return stages.reduce((highest, stage) => Math.max(highest, stage.from, stage.to), 0);
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
