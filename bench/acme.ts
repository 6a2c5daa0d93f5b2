/**
 * `deno run -A bench/acme.ts [--rate N,N] [--duration S] [--procs N]`: whole enrollments against Pebble on loopback
 * (validation without sleep, always valid, nonces not refused), from twenty accounts, a new Pebble for each run. Where
 * LOAD_GENERATOR names Boulder's load-generator, it takes its turn at every rate.
 *
 * Pebble runs on one thread unless `--procs` says otherwise. Its store has a lock that a handler asks for while it holds
 * an authorization's (`wfe.Authz`), and another asks for an authorization's while it holds the store's
 * (`FindValidAuthorization`): on two threads they meet sooner or later, and nothing is answered any more.
 */
// @ts-types="../src/cli/std_cli.d.ts"
import { parseArgs } from "@std/cli";
import { findPebble, freePorts, type Pebble, startPebble } from "../tests/acme/pebble.ts";
import { certloadCommand, runPlan } from "./certload.ts";
import { timed } from "./command.ts";

interface Enrollments {
  readonly tool: string;
  readonly offered: number;
  readonly completed: number;
  readonly cpuS: number;
  /** The tool's own words, where it has some. */
  readonly remark: string;
}

interface Job {
  readonly ratePerS: number;
  readonly durationS: number;
}

const ACCOUNTS = 20;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs(args, { string: ["rate", "duration", "procs"] });
  const rates = String(flags.rate ?? "100").split(",").map(Number);
  const durationS = Number(flags.duration ?? 60);
  const pebble = findPebble();
  if (pebble === undefined) {
    print(
      "Cannot measure enrollments: pebble is not installed (its Go module is letsencrypt/pebble)",
    );
    return 104;
  }
  const loadGenerator = Deno.env.get("LOAD_GENERATOR");
  const env = {
    GOMAXPROCS: String(flags.procs ?? 1),
    PEBBLE_VA_ALWAYS_VALID: "1",
    PEBBLE_WFE_NONCEREJECT: "0",
  };
  print("| tool | rate | offered | completed | per CPU-second | remark |");
  print("| --- | --- | --- | --- | --- | --- |");
  for (const ratePerS of rates) {
    for (const tool of [certload, ...(loadGenerator ? [boulders(loadGenerator)] : [])]) {
      const server = await startPebble(pebble, { env });
      try {
        print(row(ratePerS, await tool(server, { ratePerS, durationS })));
      } finally {
        await server.stop();
      }
    }
  }
  return 0;
}

async function certload(server: Pebble, { ratePerS, durationS }: Job): Promise<Enrollments> {
  const { timed: { cpuS }, summary } = await runPlan(certloadCommand(), {
    name: "enrollments",
    target: { base_url: new URL(server.directory).origin, tls: { insecure_skip_verify: true } },
    scenarios: {
      enrollment: {
        phase: "acme",
        flow: "acme_enroll",
        probe: true,
        warmup: "auto",
        with: {
          directory: server.directory,
          accounts: ACCOUNTS,
          identifiers: "{id}.example.test",
          challenge: { type: "http-01", listen: "none" },
        },
        rate: `${ratePerS}/s`,
        duration: `${durationS}s`,
        max_in_flight: ratePerS * 30,
      },
    },
  });
  const { offered, count, failed, lag_ms: lag, course } = summary.phases.acme.enrollment;
  return {
    tool: "certload",
    offered: offered.arrivals,
    completed: count - failed,
    cpuS,
    remark: `${summary.validity.verdict}, lag p99 ${lag.p99.toFixed(1)} ms, ${
      drift(course, durationS)
    }`,
  };
}

/** Mean response time of what completed in the first and in the last fifth of the run: equal where nothing drifts. */
function drift(course: Course, durationS: number): string {
  const meanMs = (fromS: number, toS: number): string => {
    const part = course.slices.filter(({ at_s }) => at_s >= fromS && at_s < toS);
    const of = (key: "count" | "sum_us"): number =>
      part.reduce((sum, { response_time }) => sum + (response_time?.[key] ?? 0), 0);
    return (of("sum_us") / of("count") / 1000).toFixed(0);
  };
  return `mean ${meanMs(0, durationS / 5)} ms in the first fifth, ${
    meanMs(durationS * 0.8, durationS)
  } ms in the last`;
}

interface Course {
  readonly slices: readonly {
    readonly at_s: number;
    readonly response_time: { readonly count: number; readonly sum_us: number } | null;
  }[];
}

/** Boulder's load-generator tells of single calls. It downloads nothing, so an accepted finalize is all that there is. */
function boulders(program: string): (server: Pebble, job: Job) => Promise<Enrollments> {
  return async (server, { ratePerS, durationS }) => {
    const folder = await Deno.makeTempDir();
    try {
      const config = {
        plan: {
          actions: ["newAccount", "newOrder", "fulfillOrder", "finalizeOrder"],
          rate: ratePerS,
          runtime: `${durationS}s`,
        },
        directoryURL: server.directory,
        domainBase: "example.test",
        challengeStrategy: "http-01",
        httpOneAddrs: [`127.0.0.1:${freePorts(1)[0]}`],
        fakeDNS: "127.0.0.1",
        regEmail: "load@example.test",
        maxRegs: ACCOUNTS,
        maxNamesPerCert: 2,
        dontSaveState: true,
      };
      await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config));
      const { cpuS } = await timed([
        ...[program, "-config", `${folder}/config.json`, "-results", `${folder}/calls`],
      ]);
      const calls = (await Deno.readTextFile(`${folder}/calls`)).trim().split("\n")
        .map((line) => JSON.parse(line) as { type: string; action: string });
      const good = (action: string): number =>
        calls.filter((call) => call.type === "good" && call.action.includes(action)).length;
      return {
        tool: "boulder's load-generator",
        offered: ratePerS * durationS,
        completed: good("/acme/order/finalize"),
        cpuS,
        remark: `finalize accepted; ${
          calls.filter(({ type }) => type !== "good").length
        } calls failed`,
      };
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

function row(ratePerS: number, { tool, offered, completed, cpuS, remark }: Enrollments): string {
  return `| ${tool} | ${ratePerS}/s | ${offered} | ${completed} | ${
    (completed / cpuS).toFixed(0)
  } | ${remark} |`;
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
