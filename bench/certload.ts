/** certload as one of the tools: a plan is written, run by the program as users run it, and its summary read. */
import type { Job, Measured, Tool } from "./tool.ts";
import { timed, type TimedRun } from "./command.ts";

export interface CertloadOptions {
  readonly name: string;
  /** How the program is started, for example `["deno", "run", "-A", "main.ts"]`. */
  readonly command: readonly string[];
  readonly workers?: number;
  /** Verifies by this CA, which goes over node:tls; otherwise nothing is verified. */
  readonly caFile?: string;
}

// deno-lint-ignore no-explicit-any -- read as any other tool's JSON is
export type SummaryJson = any;

/** The executable that CERTLOAD_BIN names, or this checkout. */
export function certloadCommand(): readonly string[] {
  const compiled = Deno.env.get("CERTLOAD_BIN");
  const main = new URL("../main.ts", import.meta.url).pathname;
  return compiled ? [compiled] : [Deno.execPath(), "run", "-A", "--quiet", main];
}

export function certload(options: CertloadOptions): Tool {
  return {
    name: options.name,
    version: async () => (await timed([...options.command, "version"])).stdout.split("\n")[0] ?? "",
    run: async (job) => (await runCertload(options, job)).measured,
  };
}

export async function runCertload(
  options: CertloadOptions,
  job: Job,
): Promise<{ measured: Measured; summary: SummaryJson; code: number }> {
  const { timed: { cpuS, wallS, code }, summary } = await runPlan(
    options.command,
    planOf(options, job),
  );
  const scenario = summary.phases.api.main;
  const measured: Measured = {
    tool: options.name,
    requests: scenario.count,
    failed: scenario.failed,
    cpuS,
    wallS,
    medianMs: scenario.service_time_ms.p50,
    p99Ms: scenario.service_time_ms.p99,
    dropped: scenario.dropped,
  };
  return { measured, summary, code };
}

/** Runs a plan as users do, in a folder that is gone afterwards; the whole process is timed. JSON is YAML. */
export async function runPlan(
  command: readonly string[],
  plan: unknown,
): Promise<{ timed: TimedRun; summary: SummaryJson }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/plan.json`, JSON.stringify(plan));
    const run = await timed([
      ...[...command, "run", `${folder}/plan.json`, "--quiet", "--out", folder],
    ]);
    const text = await Deno.readTextFile(`${folder}/summary.json`).catch(() => {
      throw new Error(`certload wrote no summary (exit ${run.code}): ${run.stderr.slice(-800)}`);
    });
    return { timed: run, summary: JSON.parse(text) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function planOf({ workers, caFile }: CertloadOptions, job: Job): unknown {
  const load = "connections" in job.load
    ? { users: job.load.connections }
    : { rate: `${job.load.ratePerS}/s` };
  return {
    name: "bench",
    target: {
      base_url: new URL(job.url).origin,
      tls: caFile === undefined ? { insecure_skip_verify: true } : { ca_file: caFile },
    },
    ...(workers !== undefined && { workers }),
    scenarios: {
      main: {
        phase: "api",
        flow: "http_request",
        with: { url: job.url, new_connection: !job.reused },
        ...load,
        duration: `${job.durationS}s`,
      },
    },
  };
}
