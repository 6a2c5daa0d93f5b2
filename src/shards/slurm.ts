/** A batch script for Slurm: one task is one machine's part, and the script judges the whole. */
import { quoted } from "../terminal.ts";
import { runArguments, shardFolder } from "./delivery.ts";
import { comment, pathWord, word, words } from "./shell.ts";
import { neededSecrets, type SharedRun } from "./shared_run.ts";
import { type Start, startLine } from "./start.ts";

export interface SlurmOptions {
  /** As in `SharedRun.name`. */
  readonly name: string;
  /** The executable, in a folder that all nodes see. */
  readonly executable: string;
  readonly cpus: number;
  /** Of one machine's part. */
  readonly memoryMib: number;
  readonly start: Start;
}

/** Seconds for waiting at the end, for the summaries, and for judging them. */
const MARGIN_S = 300;

/** To be handed to `sbatch`; what a site wants beside (a partition, an account) stands on its command line. */
export function sbatchScript(run: SharedRun, options: SlurmOptions): string {
  const { name, executable, cpus, memoryMib } = options;
  const { plan, count } = run;
  const certload = pathWord(executable);
  const planned = runArguments(run, plan.file ?? plan.shipped, run.ca?.path);
  const lines = [
    "#!/bin/sh",
    comment(
      `${quoted(run.title, 80)} on ${count} machines, and its verdict as the job's exit code.`,
    ),
    comment(
      "Submit: sbatch [--partition=...] FILE    Executable and plan are in a folder that all nodes see.",
    ),
    `#SBATCH --job-name=${name}`,
    `#SBATCH --ntasks=${count}`,
    `#SBATCH --nodes=1-${count}`,
    "#SBATCH --spread-job",
    `#SBATCH --cpus-per-task=${cpus}`,
    `#SBATCH --mem-per-cpu=${Math.ceil(memoryMib / cpus)}M`,
    `#SBATCH --time=${minutes(run, options)}`,
    "#SBATCH --no-requeue",
    `#SBATCH --output=${name}-%j.log`,
    ...needed(run),
    ...given(run),
    `results="$PWD/${name}-$SLURM_JOB_ID"`,
    startLine(options.start),
    "export results start_at",
    // A machine that fails is not to take the others with it; nor are they to be ended because one is through.
    `srun --kill-on-bad-exit=0 --wait=0 --cpus-per-task=${cpus} --label sh -c \\`,
    `  ${word(task(count))} task \\`,
    `  ${certload} ${words(planned)}`,
    `exec ${certload} merge "$results/shards" --out="$results"`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Each in a folder of its own. */
function task(count: number): string {
  const folder = shardFolder("$((SLURM_PROCID + 1))", count);
  return `exec "$@" --shard=auto --start-at="$start_at" --out="$results/shards/${folder}" --quiet`;
}

/** Waiting and load, in whole minutes. */
function minutes({ lengthMs }: SharedRun, { start }: SlurmOptions): number {
  return Math.ceil((start.waitMs + lengthMs) / 60_000 + MARGIN_S / 60);
}

/** Stops where a secret is not in the environment that the job was submitted from. */
export function needed(run: Pick<SharedRun, "variables">): string[] {
  return neededSecrets(run).map((name) => `: "\${${name}:?is a secret that the plan needs}"`);
}

/** What the plan takes from the environment and all may read. */
export function given({ variables }: Pick<SharedRun, "variables">): string[] {
  return variables.filter(({ isSecret }) => !isSecret)
    .map(({ name, value = "" }) => `export ${name}=${word(value)}`);
}
