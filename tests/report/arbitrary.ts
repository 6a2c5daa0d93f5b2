/** Summaries of any names, messages and figures, for what must hold of every report. */
import fc from "fast-check";
import { DEPLOYMENT_VERDICTS } from "../../src/deployment.ts";
import { summarySchema } from "../../src/metrics/summary_schema.ts";
import type { Comparison, Finding, Summary } from "../../src/metrics/summary_schema.ts";
import { deploymentAt } from "../metrics/deployments.ts";
import { type MadeScenario, percentileOf, runOf, thresholdOf } from "../metrics/runs.ts";
import { concluded, passedRun } from "./summaries.ts";

export interface Words {
  readonly name: fc.Arbitrary<string>;
  readonly message: fc.Arbitrary<string>;
}

/** What is written in letters alone, so that every digit of a report is of its figures. */
export const LETTERS: Words = {
  name: fc.string({ unit: fc.constantFrom(..."abcdefghijk_lmnop"), minLength: 1, maxLength: 60 }),
  message: fc.array(fc.string({ unit: fc.constantFrom(..."abcdef"), maxLength: 12 }), {
    maxLength: 40,
  }).map((words) => words.join(" ")),
};

/** What servers and plans might hold: wide and combining characters, controls, markup, long words. */
const PIECES = [
  "a",
  "0",
  "_",
  " ",
  "漢",
  "字",
  "é",
  "👩‍👩‍👧",
  "🇩🇪",
  "|",
  "`",
  "<script>",
  "&",
  '"',
  "\n",
  "\r",
  "\t",
  "\u0000",
  "\u001b[31m",
  "\u001b]0;x\u0007",
  "\u202e",
  "\ud800",
  "\uffff",
  "]]>",
  "::error::",
  "https://example.test/" + "x".repeat(90),
];
export const HOSTILE: Words = {
  name: fc.string({ unit: fc.constantFrom(...PIECES), minLength: 1, maxLength: 24 }),
  message: fc.string({ unit: fc.constantFrom(...PIECES), maxLength: 40 }),
};

const FIGURE = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.integer({ min: 0, max: 1e9 }),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 1e7, noNaN: true }),
);

/** Keys under which figures are replaced; the histograms stay what they are, as their bytes must fit. */
const FIGURES =
  /^(count|failed|dropped|interrupted|bytes_\w+|new|reused|min|avg|p\d+|max|rate_per_s|duration_s|cpu_s|wall_s|max_rss_bytes|arrivals|iterations|requests|from|to|start_after_s|think_time_ms|max_in_flight|value|limit|samples|exchanges|warmup_requests|opened_connections)$/;
const SHARES = /^(error_rate|cpu_share|host_cpu_share)$/;

export function anySummary({ name, message }: Words): fc.Arbitrary<Summary> {
  const scenario = fc.record({
    name,
    steps: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
    message,
    statuses: fc.uniqueArray(fc.integer({ min: 100, max: 599 }), { maxLength: 8 }),
  });
  const finding: fc.Arbitrary<Finding> = fc.record({
    code: fc.constantFrom("generator_lag", "host_cpu", "few_samples"),
    cause: fc.constant("run" as const),
    scenarios: fc.array(name, { maxLength: 2 }),
    message,
    advice: fc.constantFrom("Lower the rate", "Look for what stopped it"),
  });
  return fc.record({
    scenarios: fc.uniqueArray(scenario, {
      selector: (one) => one.name,
      minLength: 1,
      maxLength: 4,
    }),
    plan: name,
    findings: fc.array(finding, { maxLength: 5 }),
    compared: fc.boolean(),
    figures: fc.infiniteStream(FIGURE),
    shares: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
  }).map(({ scenarios, plan, findings, compared, figures, shares }) => {
    const made = scenarios.map((one, i): MadeScenario => ({
      name: one.name,
      steps: one.steps,
      tier: (["api", "connector", "acme"] as const)[i % 3]!,
      durationS: 2,
      failure: (n) => (n % 3 === 0 ? { class: "status_5xx", message: one.message } : undefined),
      own: i % 2 === 0 ? deployments(one.message) : jobs(i),
      thresholds: [thresholdOf("p95 < 2s", percentileOf(95), "<", 1 + i)],
    }));
    const run = runOf(made);
    const comparison = compared ? aComparison(scenarios.map(({ name }) => name)) : null;
    const rewritten = rewrite({ ...concluded(run), comparison }, figures, shares) as Summary;
    scenarios.forEach(({ name, statuses }) => {
      const data = Object.values(rewritten.phases).map((phase) => phase[name]).find(Boolean);
      if (data) {
        data.statuses = Object.fromEntries(statuses.map((s) => [s, Math.round(next(figures))]));
      }
    });
    rewritten.plan.name = plan;
    rewritten.validity.warnings.push(...findings);
    return summarySchema.parse(rewritten);
  });
}

function deployments(target: string): NonNullable<MadeScenario["own"]> {
  return (recorder, startUs) => {
    DEPLOYMENT_VERDICTS.forEach((verdict, i) => {
      recorder.deployment(deploymentAt(startUs + i * 1e5, { target, verdict }));
      recorder.observe("propagation", 300_000 + i);
      recorder.observe("overlap", i);
      recorder.observe("watch_interval", 5_000);
      recorder.count(verdict, i);
    });
    recorder.count("watch_handshakes", 1_000);
    recorder.count("handshake_failures", 7);
    recorder.count("kept_requests", 900);
    recorder.count("reset_requests", 3);
  };
}

function jobs(n: number): NonNullable<MadeScenario["own"]> {
  return (recorder, startUs) => {
    recorder.count("jobs_completed", 40);
    recorder.count("jobs_failed", n % 4);
    recorder.count("jobs_running_ms", 9_000);
    recorder.count("batches_ms", 1_900);
    recorder.observe("job_time", 900_000);
    recorder.observe("work_time", 200_000);
    recorder.gauge("jobs_in_flight", 6, startUs + 4e5);
    recorder.gauge("jobs_limit", 5, startUs);
  };
}

/** Made once, as it takes its time; its figures are then of these scenarios. */
function aComparison(names: readonly string[]): Comparison {
  comparison ??= concluded(passedRun(), concluded(passedRun())).comparison!;
  const figures = comparison.figures.map((figure, i) => ({
    ...figure,
    scenario: names[Math.floor(i / 4) % names.length]!,
  }));
  return { ...comparison, figures };
}
let comparison: Comparison | undefined;

function next<T>(stream: Iterator<T>): T {
  return stream.next().value as T;
}

function rewrite(value: unknown, figures: Iterator<number>, shares: Iterator<number>): unknown {
  const walk = (item: unknown, key: string): unknown => {
    if (key === "histograms" || key === "course" || key === "histogram") return item;
    if (typeof item === "number") {
      if (SHARES.test(key)) return next(shares);
      if (!FIGURES.test(key)) return item;
      const figure = next(figures);
      return /^(count|failed|dropped|interrupted|iterations|requests|bytes_\w+|samples|exchanges|new|reused|arrivals|warmup_requests|opened_connections)$/
          .test(key)
        ? Math.round(figure)
        : figure;
    }
    // Shortened where there is no room, so it may hold no digit.
    if (key === "fingerprint_sha256") return "abcdef".repeat(11).slice(0, 64);
    if (Array.isArray(item)) return item.map((one) => walk(one, key));
    if (item === null || typeof item !== "object") return item;
    return Object.fromEntries(Object.entries(item).map(([k, v]) => [k, walk(v, k)]));
  };
  return walk(value, "");
}
