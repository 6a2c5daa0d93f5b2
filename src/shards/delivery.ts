/** How an engine's machines are told their part, and how what they have to say comes back: one place for these words. */
import type { SharedRun } from "./shared_run.ts";

/** In the environment: how many machines share the run, where the engine says which one this is. */
export const COUNT_VARIABLE = "CERTLOAD_SHARDS";

/** `run PLAN`, and what all engines say in it. Each is one word. */
export function runArguments(
  { flags }: Pick<SharedRun, "flags">,
  plan: string,
  ca: string | undefined,
): string[] {
  return ["run", plan, ...flags, ...(ca === undefined ? [] : [`--ca=${ca}`])];
}

/** The folder of one machine's results, its number as the shell knows it: `shard-3-of-8`. */
export function shardFolder(number: string, count: number): string {
  return `shard-${number}-of-${count}`;
}
