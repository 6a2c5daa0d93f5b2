/**
 * The experiments: each puts the tools side by side in one run, in turn and more than once, because a shared machine's
 * speed drifts. Ratios are of medians over the rounds.
 */
import { Histogram } from "../src/metrics/histogram.ts";
import { unpacked } from "../src/metrics/stats.ts";
import { embeddedStack } from "../src/stack/embedded.ts";
import type { Daemon } from "../tests/servers/daemon.ts";
import { certload, type CertloadOptions, runCertload, type SummaryJson } from "./certload.ts";
import type { Job, Measured, Tool } from "./tool.ts";

export interface Table {
  readonly title: string;
  readonly remark: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Setting {
  readonly nginx: Daemon;
  readonly url: string;
  /** certload first. */
  readonly tools: readonly Tool[];
  readonly certload: CertloadOptions;
  readonly rounds: number;
  readonly seconds: number;
  readonly log: (line: string) => void;
}

/** Rounds of all tools in turn: every tool's results, in the tools' order. */
async function inTurn({ tools, rounds, log }: Setting, job: Job): Promise<Map<string, Measured[]>> {
  const results = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round++) {
    for (const tool of tools) {
      const measured = await tool.run(job);
      if (measured === undefined) continue;
      const perCpuS = (measured.requests / measured.cpuS).toFixed(0);
      log(
        `  ${tool.name}: ${measured.requests} requests, ${perCpuS} per CPU-second, ${measured.failed} failed`,
      );
      results.set(tool.name, [...(results.get(tool.name) ?? []), measured]);
    }
  }
  return results;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = sorted.length % 2
    ? [sorted[middle], sorted[middle]]
    : [sorted[middle - 1], sorted[middle]];
  return (low + high) / 2;
}

async function perCpuSecond(
  setting: Setting,
  title: string,
  remark: string,
  job: Job,
): Promise<Table> {
  setting.log(title);
  const results = await inTurn(setting, job);
  const figure = (runs: readonly Measured[]): number =>
    median(runs.map(({ requests, cpuS }) => requests / cpuS));
  const own = figure(results.get(setting.tools[0]?.name ?? "") ?? []);
  return {
    title,
    remark,
    head: ["tool", "per CPU-second", "certload is", "per second", "failed"],
    rows: Array.from(results, ([name, runs]) => [
      name,
      figure(runs).toFixed(0),
      `${(own / figure(runs)).toFixed(2)} x`,
      median(runs.map(({ requests }) => requests / job.durationS)).toFixed(0),
      String(runs.reduce((sum, { failed }) => sum + failed, 0)),
    ]),
  };
}

export function keepAlive(setting: Setting): Promise<Table> {
  const { url, seconds, nginx, tools } = setting;
  const verifying = certload({
    ...setting.certload,
    name: "certload, verifying (node:tls)",
    caFile: `${nginx.folder}/cert.pem`,
  });
  return perCpuSecond(
    { ...setting, tools: [...tools, verifying] },
    "Keep-alive GET, 16 connections, as fast as they go",
    "Requests per CPU-second of the whole generator process, its start included.",
    { url, durationS: 2 * seconds, load: { connections: 16 }, reused: true },
  );
}

export function handshakes(setting: Setting): Promise<Table> {
  const { url, seconds } = setting;
  return perCpuSecond(
    setting,
    "Full handshakes, 16 at once, as fast as they go",
    "A new connection, a full TLS 1.3 handshake and one GET for each.",
    { url, durationS: 2 * seconds, load: { connections: 16 }, reused: false },
  );
}

export async function medianServiceTime(setting: Setting, ratePerS: number): Promise<Table> {
  const title = `Median service time at ${ratePerS}/s`;
  setting.log(title);
  const { url, seconds } = setting;
  const results = await inTurn(setting, {
    url,
    durationS: seconds,
    load: { ratePerS },
    reused: true,
  });
  const own = median(
    (results.get(setting.tools[0]?.name ?? "") ?? []).map(({ medianMs }) => medianMs),
  );
  return {
    title,
    remark:
      "What each tool calls latency; certload's service_time (send to last byte). Lower: less of the tool in it.",
    head: ["tool", "median ms", "of certload's", "p99 ms"],
    rows: Array.from(results, ([name, runs]) => {
      const figure = median(runs.map(({ medianMs }) => medianMs));
      return [
        name,
        figure.toFixed(3),
        `${(figure / own).toFixed(2)} x`,
        median(runs.map(({ p99Ms }) => p99Ms)).toFixed(3),
      ];
    }),
  };
}

export async function openModel(
  setting: Setting,
  ratePerS: number,
  durationS: number,
): Promise<Table> {
  const title = `Open model at ${ratePerS}/s for ${durationS} s`;
  setting.log(title);
  const job: Job = { url: setting.url, durationS, load: { ratePerS }, reused: true };
  const { measured, summary } = await runCertload(setting.certload, job);
  const rows = [[
    setting.certload.name,
    String(ratePerS * durationS),
    String(measured.requests),
    String(measured.dropped ?? 0),
    `${summary.phases.api.main.lag_ms.p50.toFixed(3)} / ${
      summary.phases.api.main.lag_ms.p99.toFixed(3)
    }`,
    summary.validity.verdict,
    firstSecond(summary),
  ]];
  for (const tool of setting.tools.slice(1)) {
    const peer = await tool.run(job);
    if (peer === undefined) continue;
    const dropped = peer.dropped === undefined ? "not told" : String(peer.dropped);
    rows.push([
      tool.name,
      String(ratePerS * durationS),
      String(peer.requests),
      dropped,
      ...["not told", "not told", "not told"],
    ]);
  }
  return {
    title,
    remark:
      "Lag: planned instant to send, the generator's own lateness. First second: p99 of the " +
      "response times in it, and of all other seconds together.",
    head: [
      ...["tool", "planned", "sent", "dropped", "lag p50 / p99 ms", "validity"],
      "p99 ms, first second / others",
    ],
    rows,
  };
}

function firstSecond(summary: SummaryJson): string {
  const p99Ms = (first: boolean): string =>
    (Histogram.from(
      ...summary.phases.api.main.course.slices
        .filter(({ at_s, response_time }: SummaryJson) => response_time && (at_s === 0) === first)
        .map(({ response_time }: SummaryJson) => unpacked(response_time)),
    ).percentile(99) / 1000).toFixed(2);
  return `${p99Ms(true)} / ${p99Ms(false)}`;
}

/** The lab answers after this long, about what certctl takes. */
const ANSWER_MS = 5;

/** Do the tools agree on a server that takes its time? There the generator's own share is small, and medians are close. */
export async function agreement(setting: Setting, ratePerS: number): Promise<Table> {
  const stack = embeddedStack(["--faults", JSON.stringify({ rules: [{ latencyMs: ANSWER_MS }] })]);
  const never = new AbortController().signal;
  try {
    const started = await stack.start({ progress: () => {}, signal: never });
    if (!started.ok) throw new Error(started.message);
    const url = `${started.environment["CERTCTL_BASE"]}/health`;
    const table = await medianServiceTime({ ...setting, url }, ratePerS);
    return { ...table, title: `${table.title}, of a server that waits ${ANSWER_MS} ms` };
  } finally {
    await stack.stop();
  }
}

/** The highest rate of the ladder that a tool sends at least 99 % of; the next rung is tried until one fails. */
export async function highestRate(setting: Setting, ladder: readonly number[]): Promise<Table> {
  const title = "Highest rate held, 2 cores shared with the server";
  setting.log(title);
  const rows: string[][] = [];
  const tools = [
    { ...certloadTool(setting), name: `${setting.certload.name}, 2 workers` },
    ...setting.tools.slice(1).filter(({ name }) => name === "k6" || name === "vegeta"),
  ];
  for (const tool of tools) {
    let held = 0;
    let p99Ms = NaN;
    for (const ratePerS of ladder) {
      const durationS = 5;
      const result = await tool.run({
        url: setting.url,
        durationS,
        load: { ratePerS },
        reused: true,
      });
      const share = (result?.requests ?? 0) / (ratePerS * durationS);
      const inTime = (result?.wallS ?? Infinity) < durationS * 1.4 + 3;
      setting.log(`  ${tool.name}: ${(share * 100).toFixed(1)} % of ${ratePerS}/s`);
      if (share < 0.99 || !inTime) break;
      held = ratePerS;
      p99Ms = result?.p99Ms ?? NaN;
    }
    rows.push([tool.name, held === 0 ? `under ${ladder[0]}` : String(held), p99Ms.toFixed(2)]);
  }
  return {
    title,
    remark: `Tried: ${ladder.join(", ")} per second, 5 s each.`,
    head: ["tool", "held per second", "p99 ms there"],
    rows,
  };
}

function certloadTool(setting: Setting): Tool {
  const options = { ...setting.certload, workers: 2 };
  return {
    name: options.name,
    version: () => Promise.resolve(""),
    run: async (job) => (await runCertload(options, job)).measured,
  };
}

/** Resident memory against the number of requests: it must not grow with the run. */
export async function memory(setting: Setting, counts: readonly number[]): Promise<Table> {
  const title = "Resident memory of certload";
  setting.log(title);
  const rate = await probeRate(setting);
  const rows: string[][] = [];
  let first = 0;
  for (const count of counts) {
    const job: Job = {
      url: setting.url,
      durationS: Math.ceil(count / rate),
      load: { connections: 16 },
      reused: true,
    };
    const { measured, summary } = await runCertload(setting.certload, job);
    const rssMb = summary.generator.max_rss_bytes / 2 ** 20;
    first ||= rssMb;
    setting.log(`  ${measured.requests} requests: ${rssMb.toFixed(1)} MiB`);
    rows.push([
      String(measured.requests),
      rssMb.toFixed(1),
      `${((rssMb / first - 1) * 100).toFixed(1)} %`,
    ]);
  }
  return {
    title,
    remark: "Highest of one reading a second.",
    head: ["requests", "MiB", "more than the first"],
    rows,
  };
}

async function probeRate(setting: Setting): Promise<number> {
  const job: Job = { url: setting.url, durationS: 5, load: { connections: 16 }, reused: true };
  const { measured } = await runCertload(setting.certload, job);
  return measured.requests / job.durationS;
}

/**
 * A server that is stopped for a second. Arrivals of that second wait for what is left of it, so the slowest 1 % of T
 * seconds of arrivals waited for the whole stop less 1 % of T. The rate is low enough for the handshakes of those that
 * found every connection waiting to be nothing beside that.
 */
export async function stalledServer(setting: Setting, ratePerS: number): Promise<Table> {
  const title = `A server stopped for 1 s in 10 s, at ${ratePerS}/s`;
  setting.log(title);
  const durationS = 10;
  const stopping = stopFor(setting.nginx, 5_500, 1_000);
  const job: Job = { url: setting.url, durationS, load: { ratePerS }, reused: true };
  const { summary } = await runCertload(setting.certload, job);
  const stoppedMs = await stopping;
  const expectedMs = stoppedMs - 0.01 * durationS * 1000;
  const { response_time_ms: response, service_time_ms: service } = summary.phases.api.main;
  return {
    title,
    remark:
      "By hand: the stop as it was measured, less the 1 % of the arrivals that waited longer.",
    head: [
      "p99 by hand ms",
      "p99 response_time ms",
      "difference",
      "p99 service_time ms",
      "p50 response_time ms",
    ],
    rows: [[
      expectedMs.toFixed(0),
      response.p99.toFixed(0),
      `${((response.p99 / expectedMs - 1) * 100).toFixed(1)} %`,
      service.p99.toFixed(0),
      response.p50.toFixed(2),
    ]],
  };
}

/** Stops all processes of the daemon's group by SIGSTOP; resolves with how long it really was. */
async function stopFor({ folder }: Daemon, afterMs: number, forMs: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const master = Number(await Deno.readTextFile(`${folder}/nginx.pid`));
  const children = (await Deno.readTextFile(`/proc/${master}/task/${master}/children`)).trim()
    .split(/\s+/);
  const pids = children.map(Number);
  const startedMs = performance.now();
  for (const pid of pids) Deno.kill(pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, forMs));
  for (const pid of pids) Deno.kill(pid, "SIGCONT");
  return performance.now() - startedMs;
}
