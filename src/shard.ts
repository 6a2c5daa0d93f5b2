/**
 * A machine's part of a run that several share: which of how many it is, and who says so. Arrival (or user) n is that of
 * machine n mod count; no two machines talk.
 */
import type { WorkerShare } from "./worker_share.ts";

/** One-based, as test runners count: 1 of 8 to 8 of 8. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** More machines than anybody has for one run. */
export const MOST_SHARDS = 10_000;

/** `3/8`; a text is the problem with it, and goes on from the place where it stands. */
export function parseShard(text: string): Shard | string {
  const [, index, count] = /^\s*(\d{1,9})\s*\/\s*(\d{1,9})\s*$/.exec(text) ?? [];
  if (index === undefined || count === undefined) {
    return `must be I/N, for example 3/8, the third of eight: it is ${JSON.stringify(text)}`;
  }
  return checked({ index: Number(index), count: Number(count) });
}

function checked({ index, count }: Shard): Shard | string {
  if (count < 1 || count > MOST_SHARDS) {
    return `counts ${count} machines: 1 to ${MOST_SHARDS} can share a run`;
  }
  if (index === 0) return `counts from 1: the first of ${count} is 1/${count}`;
  if (index > count) return `is ${index} of ${count}: the last is ${count}/${count}`;
  return { index, count };
}

/** `shard 3 of 8` */
export function shardName({ index, count }: Shard): string {
  return `shard ${index} of ${count}`;
}

/** Its place among the machines, as shares of a load are counted: from 0. */
export function shareOfShard({ index, count }: Shard): WorkerShare {
  return { index: index - 1, count };
}

/** Where it is told how many machines share a run; that it is set asks for a shard. */
export const SHARDS_VARIABLE = "CERTLOAD_SHARDS";

/** What an engine sets in the environment of each of the processes that it starts. */
interface Engine {
  readonly index: string;
  /** The number of its first process: a number, or the variable that says it. */
  readonly first: number | string;
  /** The variable that says how far one number is from the next, where that need not be 1. */
  readonly step?: string;
  /** Absent: the engine does not tell how many there are, and `CERTLOAD_SHARDS` does. */
  readonly count?: string;
}

const ENGINES: readonly Engine[] = [
  // Any that has a zero-based number to hand on: GitHub's `strategy.job-index`.
  { index: "CERTLOAD_SHARD_INDEX", first: 0 },
  // Kubernetes, an Indexed Job.
  { index: "JOB_COMPLETION_INDEX", first: 0 },
  { index: "SLURM_PROCID", first: 0, count: "SLURM_NTASKS" },
  {
    index: "SLURM_ARRAY_TASK_ID",
    first: "SLURM_ARRAY_TASK_MIN",
    step: "SLURM_ARRAY_TASK_STEP",
    count: "SLURM_ARRAY_TASK_COUNT",
  },
  { index: "NOMAD_ALLOC_INDEX", first: 0 },
  { index: "AWS_BATCH_JOB_ARRAY_INDEX", first: 0, count: "AWS_BATCH_JOB_ARRAY_SIZE" },
  // GNU parallel.
  { index: "PARALLEL_SEQ", first: 1 },
];

/** All variables that can say which machine this is, for messages and documents. */
export const INDEX_VARIABLES: readonly string[] = ENGINES.map(({ index }) => index);

/** A shard, and what said so; `undefined`: none was asked for, and the run is the whole. */
export type ShardChoice =
  | { readonly shard: Shard; readonly by: string }
  | { readonly shard: undefined }
  | { readonly problem: string };

/**
 * Which part of a run is asked for. An engine's variables alone do not ask for one: whoever runs a whole plan within a
 * Slurm job or a pod of an Indexed Job would else send an N-th of the load without a word. `--shard auto` or
 * `CERTLOAD_SHARDS` do.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const slurm = new Map([["SLURM_PROCID", "2"], ["SLURM_NTASKS", "8"]]);
 * const env = (name: string) => slurm.get(name);
 * assertEquals(shardOf(undefined, env), { shard: undefined });
 * assertEquals(shardOf("auto", env), {
 *   shard: { index: 3, count: 8 },
 *   by: "SLURM_PROCID and SLURM_NTASKS",
 * });
 * assertEquals(shardOf("1/2", env), { shard: { index: 1, count: 2 }, by: "--shard" });
 * ```
 *
 * @param flag The value of `--shard`.
 */
export function shardOf(
  flag: string | undefined,
  env: (name: string) => string | undefined,
): ShardChoice {
  const told = (name: string): string | undefined => env(name)?.trim() || undefined;
  if (flag !== undefined && flag !== "auto") {
    const shard = parseShard(flag);
    return typeof shard === "string" ? { problem: `--shard ${shard}` } : { shard, by: "--shard" };
  }
  if (flag === undefined && told(SHARDS_VARIABLE) === undefined) return { shard: undefined };
  return ofEngine(flag === undefined ? SHARDS_VARIABLE : "--shard auto", told);
}

/** One engine's word, whole or half. */
interface Told {
  readonly index: number;
  readonly count: number | undefined;
  /** The variables that said so. */
  readonly by: readonly string[];
}

function ofEngine(
  asked: string,
  told: (name: string) => string | undefined,
): Exclude<ShardChoice, { shard: undefined }> {
  const all = ENGINES.filter(({ index }) => told(index) !== undefined)
    .map((engine) => toldBy(engine, told));
  const stated = wholeNumber(SHARDS_VARIABLE, told);
  const problems = [stated, ...all].filter((each) => typeof each === "string");
  if (problems.length > 0) return { problem: problems.join("; ") };
  const [first, ...others] = besides(all as Told[]);
  if (first === undefined) {
    return {
      problem: `${asked} asks for a part of the run, and no variable says which: ` +
        `none of ${INDEX_VARIABLES.join(", ")} is set; give --shard I/N`,
    };
  }
  const rival = others.find(({ index, count }) =>
    index !== first.index || count !== undefined && first.count !== undefined &&
      count !== first.count
  );
  if (rival !== undefined) {
    return {
      problem: `${first.by[0]} and ${rival.by[0]} say different parts of the run ` +
        `(${partWords(first)} and ${partWords(rival)}): give --shard I/N`,
    };
  }
  return counted([first, ...others], stated as number | undefined);
}

/** The one part, with how many there are. */
function counted(
  told: readonly Told[],
  stated: number | undefined,
): Exclude<ShardChoice, { shard: undefined }> {
  const [first] = told;
  const known = told.find(({ count }) => count !== undefined);
  const count = stated ?? known?.count;
  if (first === undefined || count === undefined) {
    return {
      problem: `${first?.by[0]} says which part of the run this is, and nothing of how many: ` +
        `set ${SHARDS_VARIABLE}, or give --shard I/N`,
    };
  }
  if (known?.count !== undefined && known.count !== count) {
    return {
      problem: `${SHARDS_VARIABLE} is ${count} and ${known.by.at(-1)} is ${known.count}: ` +
        "the run is shared by one number of machines; give --shard I/N",
    };
  }
  const by = stated !== undefined ? [first.by[0]!, SHARDS_VARIABLE] : known?.by ?? first.by;
  const shard = checked({ index: first.index + 1, count });
  return typeof shard === "string"
    ? { problem: `The part of the run that ${by.join(" and ")} say ${shard}` }
    : { shard, by: by.join(" and ") };
}

/** An engine that runs one process alone says nothing where another one has several: a job array's tasks have one each. */
function besides(all: readonly Told[]): Told[] {
  const several = all.filter(({ count }) => count !== 1);
  return several.length > 0 ? several : [...all];
}

function toldBy(engine: Engine, told: (name: string) => string | undefined): Told | string {
  const index = wholeNumber(engine.index, told);
  const first = typeof engine.first === "number" ? engine.first : wholeNumber(engine.first, told);
  const step = engine.step === undefined ? undefined : wholeNumber(engine.step, told);
  const count = engine.count === undefined ? undefined : wholeNumber(engine.count, told);
  const problems = [index, first, step, count].filter((each) => typeof each === "string");
  if (problems.length > 0) return problems.join("; ");
  const from = Number(index) - Number(first ?? 0);
  if (from < 0) return `${engine.index} is ${index}: the first is ${first}`;
  const by = Math.max(1, Number(step ?? 1));
  if (from % by !== 0) {
    return `${engine.index} is ${index}: from ${first ?? 0} on in steps of ${by} there is no such`;
  }
  return {
    index: from / by,
    count: count as number | undefined,
    by: [engine.index, ...(count === undefined ? [] : [engine.count!])],
  };
}

/** A text is the problem. */
function wholeNumber(
  name: string,
  told: (name: string) => string | undefined,
): number | string | undefined {
  const text = told(name);
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  return `${name} is ${JSON.stringify(text.slice(0, 40))}: it must be a whole number`;
}

function partWords({ index, count }: Told): string {
  return count === undefined ? `the ${index + 1}.` : `${index + 1}/${count}`;
}
