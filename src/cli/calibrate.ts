/**
 * `certload calibrate`: what this host can generate, and how small a latency it can read, measured against the embedded
 * lab by ordinary runs of ordinary plans.
 */
import { runPlan } from "../engine/run.ts";
import { catalogue } from "../flows/catalogue.ts";
import { summarize } from "../metrics/summary.ts";
import type { Measured, SummaryScenario } from "../metrics/summary_schema.ts";
import { loadPlan } from "../plan/load_plan.ts";
import { formatMs, formatRate } from "../metrics/format.ts";
import { tableLines } from "../report/table.ts";
import { scenariosOf } from "../metrics/scenarios.ts";
import { embeddedStack } from "../stack/embedded.ts";
import type { StackReady } from "../stack/stack.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { VERSION } from "../version.ts";
import { command, type Outcome } from "./command.ts";
import type { Io } from "./io.ts";

const SUMMARY =
  "Measures against the embedded lab, in about 20 seconds, what this host can generate and how small a\n" +
  "latency it can read. The lab shares the host, so a remote server leaves more to the generator.";

export const calibrate = command({
  usage: "calibrate",
  summary: SUMMARY,
  async run(_, io): Promise<Outcome> {
    const stack = embeddedStack();
    try {
      const progress = (line: string): void => io.err(`${line}\n`);
      const started = await stack.start({ progress, signal: io.interrupt.soft });
      if (!started.ok) {
        io.err(`${started.message}\n`);
        return EXIT_CODES.not_ready;
      }
      return await measure(started, io);
    } finally {
      await stack.stop();
    }
  },
});

interface Trial {
  readonly name: string;
  readonly yaml: string;
  /** Rows of the table: what, value. */
  readonly rows: (scenario: SummaryScenario, measured: Measured) => string[][];
}

function trial(name: string, load: string, flow: string, rows: Trial["rows"]): Trial {
  return {
    name,
    rows,
    yaml: `name: calibrate
target:
  base_url: \${CERTCTL_BASE}
  tls: { ca_file: "\${CERTLOAD_CA_FILE}" }
scenarios:
  trial: { phase: api, ${flow}, ${load}, duration: 4s }
`,
  };
}

const HEALTH = "flow: http_request, with: { path: /health }";
/** With the API, which costs the lab half of what a target does, whose certificate may change. */
const HANDSHAKE = 'flow: tls_handshake, with: { url: "${CERTCTL_BASE}" }';

const TRIALS: readonly Trial[] = [
  trial("1,000 arrivals per second", "rate: 1000/s", HEALTH, (scenario) => [
    ["lateness of an arrival at 1,000/s, median", formatMs(scenario.lag_ms?.p50)],
    ["lateness of an arrival at 1,000/s, p99", formatMs(scenario.lag_ms?.p99)],
  ]),
  trial("200 arrivals per second", "rate: 200/s", HEALTH, (scenario) => [
    ["smallest latency it reads (median at 200/s)", formatMs(scenario.service_time_ms?.p50)],
  ]),
  trial("keep-alive requests, as fast as they go", "users: 16", HEALTH, (scenario, measured) => [
    ["keep-alive requests per second, with the lab beside it", formatRate(scenario.rate_per_s)],
    ["keep-alive requests per CPU-second of the generator", perCpuSecond(scenario, measured)],
  ]),
  trial("full handshakes, as fast as they go", "users: 8", HANDSHAKE, (scenario, measured) => [
    ["full TLS handshakes per second, with the lab beside it", formatRate(scenario.rate_per_s)],
    ["full TLS handshakes per CPU-second of the generator", perCpuSecond(scenario, measured)],
  ]),
];

function perCpuSecond({ count }: SummaryScenario, { generator }: Measured): string {
  return formatRate(count / generator.cpu_s);
}

async function measure(stack: StackReady, io: Io): Promise<number> {
  const rows: string[][] = [];
  for (const trial of TRIALS) {
    io.err(`${trial.name}\n`);
    const measured = await runTrial(trial, stack, io);
    if (measured === undefined) return EXIT_CODES.interrupted;
    const [named] = scenariosOf(measured);
    if (named !== undefined) rows.push(...trial.rows(named[1], measured));
  }
  const lines = tableLines({ head: ["on this host", "measured"], rows }, 60);
  io.out(`${lines.join("\n")}\n`);
  return EXIT_CODES.passed;
}

async function runTrial(trial: Trial, stack: StackReady, io: Io): Promise<Measured | undefined> {
  const loaded = loadPlan({
    text: trial.yaml,
    source: "calibrate",
    env: { ...stack.environment },
    catalogue,
    overrides: {},
    readFile: Deno.readTextFileSync,
  });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join("; "));
  const outcome = await runPlan({
    plan: loaded.plan,
    version: VERSION,
    stack: { name: "embedded", description: stack.description },
    interrupt: io.interrupt,
    probe: true,
    onProgress: () => {},
    onNotUndone: () => {},
    onNote: () => {},
  });
  if (outcome.kind === "fault") throw new Error(outcome.message);
  if (outcome.kind === "not_ready") throw new Error("the embedded lab does not answer");
  return outcome.kind === "ran" && !outcome.run.interrupted ? summarize(outcome.run) : undefined;
}
