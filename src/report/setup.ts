/** What is told of making things before the clock and of undoing them. Pure: state in, text out. */
import { formatCount } from "../metrics/format.ts";
import type { NotUndone } from "../metrics/run.ts";
import type { SetupState } from "../metrics/run_state.ts";
import { clockTime } from "./progress.ts";

/** `0:05 set-up of deploy: 20 of 500 certificates issued` */
export function setupLine({ kind, scenario, done, of, what, elapsedS }: SetupState): string {
  const doing = kind === "set-up" ? `set-up of ${scenario}` : `undoing the set-up of ${scenario}`;
  return `${clockTime(elapsedS)} ${doing}: ${formatCount(done)} of ${formatCount(of)} ${what}`;
}

/** All of it: where no summary is written, nothing else has it. A reason that many share is told once. */
export function notUndoneLines(left: readonly NotUndone[]): string[] {
  const groups = Map.groupBy(left, ({ scenario, why }) => JSON.stringify([scenario, why]));
  return Array.from(groups.values(), (group) => {
    const { scenario, why } = group[0]!;
    const things = group.map(({ what }) => what).join(", ");
    return `Not undone of what the set-up of ${scenario} made: ${things} (${why})`;
  });
}
