/** The flags by which a machine is told its part of a run that several share, and when it begins. */
import { formatSeconds } from "../metrics/format.ts";
import { type Shard, shardName, shardOf } from "../shard.ts";
import { isoOfUs, parseStartAt } from "../start_at.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";

export const SHARD_FLAGS: readonly FlagSpec[] = [
  {
    name: "shard",
    value: "I/N",
    help:
      "this machine's part of the plan, 1/8 to 8/8; auto: as the engine's variables say (or set CERTLOAD_SHARDS)",
  },
  {
    name: "start-at",
    value: "INSTANT",
    help:
      "when the load starts, the same on each machine: 2026-11-28T04:30:00Z, or seconds since 1970",
  },
];

export interface ShardOptions {
  readonly shard?: Shard;
  /** What said so. */
  readonly by?: string;
  /** In microseconds since the Unix epoch, by the machine's own clock. */
  readonly startAtUs?: number;
}

/** Flags that ask for a verdict, which only the whole has. */
const OF_THE_WHOLE = ["baseline", "save-baseline"] as const;

export function shardOptions(
  line: CommandLine,
  env: Io["env"],
): { options: ShardOptions; problems: string[] } {
  const problems: string[] = [];
  const choice = shardOf(line.value("shard"), (name) => env[name]);
  if ("problem" in choice) problems.push(choice.problem);
  const shard = "problem" in choice ? undefined : choice.shard;
  const text = line.value("start-at");
  const startAt = text === undefined ? undefined : parseStartAt(text, Date.now());
  if (typeof startAt === "string") problems.push(`--start-at ${startAt}`);
  if (shard !== undefined) problems.push(...problemsOf(shard, line, text));
  return {
    options: {
      ...(shard && "by" in choice && { shard, by: choice.by }),
      ...(typeof startAt === "number" && { startAtUs: startAt }),
    },
    problems,
  };
}

function problemsOf(shard: Shard, line: CommandLine, startAt: string | undefined): string[] {
  const problems = OF_THE_WHOLE.filter((flag) => line.value(flag) !== undefined).map((flag) =>
    `--${flag} is of a whole run, and this is ${shardName(shard)}: give it with the merged summary`
  );
  if (shard.count === 1) return problems;
  if (startAt === undefined) {
    problems.push(
      `${
        shardName(shard)
      } has to begin with the others, and no machine tells another one: give all ` +
        "the same --start-at, an instant by which each is ready, for example " +
        isoOfUs((Math.ceil(Date.now() / 60_000) + 3) * 60_000_000).replace(".000000Z", "Z"),
    );
  }
  const stack = line.value("stack");
  if (stack !== undefined && stack !== "none") problems.push(ownServers(stack));
  return problems;
}

/** Machines that share a run load one target. */
export function ownServers(stack: string): string {
  return `the stack "${stack}" starts servers of this machine's own, and machines that share a run load ` +
    "the same: start it once, and give --target (and --stack none)";
}

/** How it stands while the start is waited for, for a log. */
export function waitingLine({ shard, startAtUs = 0 }: ShardOptions, leftMs: number): string {
  const name = shard === undefined ? "Ready" : `Ready: ${shardName(shard)}`;
  return `${name} starts at ${isoOfUs(startAtUs)}, in ${formatSeconds(leftMs / 1000)}\n`;
}

/** Whoever is late sends nothing, as the others' load is not the plan's without its own, and with it at another time neither. */
export function lateText({ shard, startAtUs = 0 }: ShardOptions, lateUs: number): string {
  const name = shard === undefined ? "The run" : `S${shardName(shard).slice(1)}`;
  return `${name} was ready ${formatSeconds(lateUs / 1e6)} late, after ${
    isoOfUs(startAtUs)
  }: no load was sent\n` +
    "Give all machines a later --start-at: set-up, probe and warm-up come before it, and a machine " +
    "that an engine has yet to start needs its own time\n";
}
