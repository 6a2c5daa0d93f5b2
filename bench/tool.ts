/**
 * One face for all load tools: what to send in, what was measured out. `reused: false` asks for a new connection and a
 * full handshake for every request.
 */
import { findProgram } from "../tests/programs.ts";
import { timed } from "./command.ts";

export interface Job {
  readonly url: string;
  readonly durationS: number;
  /** Closed model: this many connections as fast as they go; open model: this many requests per second. */
  readonly load: { readonly connections: number } | { readonly ratePerS: number };
  readonly reused: boolean;
}

export interface Measured {
  readonly tool: string;
  readonly requests: number;
  readonly failed: number;
  /** Of the whole process, from start to end. */
  readonly cpuS: number;
  readonly wallS: number;
  /** The tool's own median of what it calls latency, in ms; NaN where it tells none. */
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Open model, where the tool tells: arrivals that were due and not sent. */
  readonly dropped?: number;
}

export interface Tool {
  readonly name: string;
  readonly version: () => Promise<string>;
  /** Undefined: the tool cannot do such a job. */
  readonly run: (job: Job) => Promise<Measured | undefined>;
}

export function findPeer(name: string): string | undefined {
  const home = Deno.env.get("HOME") ?? "";
  return findProgram(name) ??
    findProgram(`../..${home}/go/bin/${name}`, `../..${home}/.cargo/bin/${name}`);
}

function outputOf(program: string, ...args: string[]): () => Promise<string> {
  return async () => {
    const { stdout, stderr } = await timed([program, ...args]);
    return (stdout || stderr).trim().split("\n")[0] ?? "";
  };
}

export function k6(program: string): Tool {
  return {
    name: "k6",
    version: outputOf(program, "version"),
    run: async (job) => {
      const folder = await Deno.makeTempDir();
      try {
        await Deno.writeTextFile(`${folder}/script.js`, k6Script(job));
        const { cpuS, wallS } = await timed(
          [
            program,
            "run",
            "--quiet",
            "--no-usage-report",
            "--summary-export",
            "out.json",
            "script.js",
          ],
          { cwd: folder },
        );
        const { metrics } = JSON.parse(await Deno.readTextFile(`${folder}/out.json`));
        const duration = metrics.http_req_duration;
        return {
          tool: "k6",
          requests: metrics.http_reqs.count,
          failed: metrics.http_req_failed.passes,
          cpuS,
          wallS,
          medianMs: duration.med,
          p99Ms: duration["p(99)"],
          dropped: metrics.dropped_iterations?.count ?? 0,
        };
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  };
}

function k6Script({ url, durationS, load, reused }: Job): string {
  const scenario = "connections" in load
    ? { executor: "constant-vus", vus: load.connections, duration: `${durationS}s` }
    : {
      executor: "constant-arrival-rate",
      rate: load.ratePerS,
      timeUnit: "1s",
      duration: `${durationS}s`,
      preAllocatedVUs: Math.max(10, Math.ceil(load.ratePerS / 50)),
      maxVUs: 2_000,
    };
  const options = {
    scenarios: { main: scenario },
    insecureSkipTLSVerify: true,
    noConnectionReuse: !reused,
    discardResponseBodies: true,
    summaryTrendStats: ["med", "p(99)", "max"],
  };
  return `import http from "k6/http";
export const options = ${JSON.stringify(options)};
export default function () { http.get(${JSON.stringify(url)}); }
`;
}

export function vegeta(program: string): Tool {
  return {
    name: "vegeta",
    version: async () =>
      (await outputOf(program, "-version")()).replaceAll(/\s+/g, " ") || "vegeta",
    run: async ({ url, durationS, load, reused }) => {
      const rate = "connections" in load
        ? ["-rate=0", `-max-workers=${load.connections}`, `-workers=${load.connections}`]
        : [`-rate=${load.ratePerS}/1s`];
      const attack = [
        `${program} attack -insecure -http2=false -duration=${durationS}s -keepalive=${reused}`,
        ...rate,
      ].join(" ");
      // The report is a process of its own and not counted: only the attack generates load.
      const results = await Deno.makeTempFile();
      try {
        const { cpuS, wallS } = await timed(["bash", "-c", `${attack} > ${results}`], {
          stdin: `GET ${url}\n`,
        });
        const { stdout } = await timed([program, "report", "-type=json", results]);
        const report = JSON.parse(stdout);
        return {
          tool: "vegeta",
          requests: report.requests,
          failed: report.requests - Math.round(report.success * report.requests),
          cpuS,
          wallS,
          medianMs: report.latencies["50th"] / 1e6,
          p99Ms: report.latencies["99th"] / 1e6,
        };
      } finally {
        await Deno.remove(results);
      }
    },
  };
}

export function oha(program: string): Tool {
  return {
    name: "oha",
    version: outputOf(program, "--version"),
    run: async ({ url, durationS, load, reused }) => {
      const rate = "connections" in load
        ? ["-c", String(load.connections)]
        : ["-q", String(load.ratePerS), "-c", String(Math.max(10, Math.ceil(load.ratePerS / 50)))];
      const { cpuS, wallS, stdout } = await timed([
        ...[program, "--no-tui", "--insecure", "--output-format", "json", "-z", `${durationS}s`],
        ...["--http-version", "1.1"],
        ...(reused ? [] : ["--disable-keepalive"]),
        ...rate,
        url,
      ]);
      const report = JSON.parse(stdout);
      const counts: number[] = Object.values(report.statusCodeDistribution);
      const requests = counts.reduce((sum, count) => sum + count, 0);
      const { p50, p99 } = report.latencyPercentiles;
      return {
        tool: "oha",
        requests,
        failed: requests - (report.statusCodeDistribution["200"] ?? 0),
        cpuS,
        wallS,
        medianMs: p50 * 1000,
        p99Ms: p99 * 1000,
      };
    },
  };
}

export function wrk(program: string): Tool {
  return {
    name: "wrk",
    version: outputOf(program, "-v"),
    run: async ({ url, durationS, load, reused }) => {
      if (!("connections" in load)) return undefined;
      const { cpuS, wallS, stdout } = await timed([
        ...[program, "-t1", `-c${load.connections}`, `-d${durationS}s`, "--latency"],
        ...(reused ? [] : ["-H", "Connection: close"]),
        url,
      ]);
      const percentile = (p: number): number =>
        wrkMs(new RegExp(`${p}%\\s+(\\S+)`).exec(stdout)?.[1]);
      return {
        tool: "wrk",
        requests: Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0),
        failed: Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0),
        cpuS,
        wallS,
        medianMs: percentile(50),
        p99Ms: percentile(99),
      };
    },
  };
}

function wrkMs(text = ""): number {
  const scale = text.endsWith("us") ? 1e-3 : text.endsWith("ms") ? 1 : 1e3;
  return parseFloat(text) * scale;
}
