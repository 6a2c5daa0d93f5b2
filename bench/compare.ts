/**
 * `deno run -A bench/compare.ts [--runs N] [--duration D]`: does comparing cry wolf, and does it see the wolf? N runs of
 * the API and connector tiers at contract rates against equal labs, each compared with the one before (an A/A test);
 * then two runs against a lab that is 20 % slower, each compared with an equal one. Exits with 1 if either goes wrong.
 */
// @ts-types="../src/cli/std_cli.d.ts"
import { parseArgs } from "@std/cli";
import { runPlan } from "../src/engine/run.ts";
import { catalogue } from "../src/flows/catalogue.ts";
import { summarize } from "../src/metrics/summary.ts";
import type { Comparison, Summary } from "../src/metrics/summary_schema.ts";
import { loadPlan } from "../src/plan/load_plan.ts";
import { countsText } from "../src/report/comparison.ts";
import { COMPARISON_MARKS } from "../src/report/marks.ts";
import { embeddedStack } from "../src/stack/embedded.ts";
import { compare } from "../src/verdict/compare.ts";
import { conclude } from "../src/verdict/conclude.ts";
import { VERSION } from "../src/version.ts";

const PLAN = new URL("../scenarios/loadtest.yaml", import.meta.url);

/** What the lab's answers take, evenly between the two; a certctl on a small host is of this order. */
const LATENCY_MS = { from: 5, to: 15 } as const;
const SLOWER = 1.2;
const SLOWER_RUNS = 2;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs(args, { string: ["runs", "duration"] });
  const runs = Number(flags.runs ?? 21);
  const duration = String(flags.duration ?? "60s");
  const equal = [await measure(duration, 1)];
  let wrong = 0;
  for (let i = 1; i < runs; i++) {
    equal.push(await measure(duration, 1));
    const comparison = compare(equal[i - 1]!, equal[i]!);
    if (comparison.verdict === "regressed") wrong++;
    say(`A/A ${i}`, comparison);
  }
  for (let i = 0; i < SLOWER_RUNS; i++) {
    const comparison = compare(equal[i % equal.length]!, await measure(duration, SLOWER));
    if (comparison.verdict !== "regressed") wrong++;
    say(`${SLOWER} times as slow ${i + 1}`, comparison);
  }
  print(wrong === 0 ? "as it should be" : `${wrong} comparisons were wrong`);
  return wrong === 0 ? 0 : 1;
}

/** One run against a new lab. */
async function measure(duration: string, factor: number): Promise<Summary> {
  const latencyMs = LATENCY_MS.from * factor;
  const jitterMs = (LATENCY_MS.to - LATENCY_MS.from) * factor;
  const faults = JSON.stringify({ rules: [{ latencyMs, jitterMs }] });
  const stack = embeddedStack(["--faults", faults]);
  const never = new AbortController().signal;
  try {
    const started = await stack.start({ progress: () => {}, signal: never });
    if (!started.ok) throw new Error(started.message);
    const loaded = loadPlan({
      text: await Deno.readTextFile(PLAN),
      source: "loadtest",
      env: { ...started.environment },
      catalogue,
      overrides: { duration },
      readFile: Deno.readTextFileSync,
    });
    if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join("; "));
    const { plan } = loaded;
    const outcome = await runPlan({
      plan,
      version: VERSION,
      stack: { name: "embedded", description: started.description },
      interrupt: { soft: never, hard: never },
      probe: true,
      onProgress: () => {},
      onNotUndone: () => {},
      onNote: () => {},
    });
    if (outcome.kind !== "ran") throw new Error(`The run did not come about: ${outcome.kind}`);
    return conclude(summarize(outcome.run), { plan });
  } finally {
    await stack.stop();
  }
}

function say(name: string, comparison: Comparison): void {
  const refusals = comparison.differences.filter(({ refusal }) => refusal);
  print(`${name}: ${COMPARISON_MARKS[comparison.verdict].word}, ${countsText(comparison)}`);
  for (const { message } of refusals) print(`  ${message}`);
  for (const regression of comparison.regressions) print(`  ${regression}`);
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
