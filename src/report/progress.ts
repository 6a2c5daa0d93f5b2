/** What is told while a run goes on. Pure: state in, text out; who prints it, and when, is the coordinator's business. */
import { formatCount, formatMs, formatRate } from "../metrics/format.ts";
import type { RunState, ScenarioState } from "../metrics/run_state.ts";

/** One plain line, for a log: `1:20 of 5:00 | create 50/s of 50/s, 3 in flight, 0 failed, p95 3.1 ms | ...` */
export function progressLine(state: RunState): string {
  const parts = state.scenarios.filter((scenario) => scenario.state !== "waiting").map(brief);
  const note = state.note ? [state.note] : [];
  const waiting = state.scenarios.filter(({ state }) => state === "waiting").length;
  if (waiting > 0) parts.push(`${waiting} waiting`);
  return [timeOf(state), ...note, ...parts].join(" | ");
}

/** `1:20 of 5:00`, or `5:02, waiting for the last answers` */
export function timeOf({ elapsedS, plannedS }: RunState): string {
  return elapsedS > plannedS
    ? `${clockTime(elapsedS)}, waiting for the last answers`
    : `${clockTime(elapsedS)} of ${clockTime(plannedS)}`;
}

/** `1:05`, `1:00:05` */
export function clockTime(seconds: number): string {
  const whole = Math.floor(Math.max(0, seconds));
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(min)}:${two(s)}` : `${min}:${two(s)}`;
}

/** What is due: `50/s` or `100 users`. */
export function targetOf({ targetRate, users }: ScenarioState): string {
  if (targetRate !== undefined) return formatRate(targetRate);
  return users === undefined ? "-" : `${formatCount(users)} users`;
}

/** Of what was answered as expected: while nothing was, there is none. */
export function progressTime(us: number): string {
  return us > 0 ? formatMs(us / 1000) : "-";
}

function brief(scenario: ScenarioState): string {
  const { name, state, inFlight, progress } = scenario;
  const { count, failed, dropped, ratePerS, p95Us } = progress;
  const tail = `${formatCount(failed)} failed${
    dropped > 0 ? `, ${formatCount(dropped)} dropped` : ""
  }, p95 ${progressTime(p95Us)}`;
  if (state === "done") return `${name} done, ${formatCount(count)} finished, ${tail}`;
  const rate = `${formatRate(ratePerS)} of ${targetOf(scenario)}`;
  return `${name} ${rate}, ${formatCount(inFlight)} in flight, ${tail}`;
}
