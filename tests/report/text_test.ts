import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import type { ServerMetricsSummary } from "../../src/metrics/summary_schema.ts";
import { renderText } from "../../src/report/text.ts";
import { runOf } from "../metrics/runs.ts";
import { assertGolden } from "./golden.ts";
import {
  concluded,
  failedRun,
  interruptedRun,
  invalidRun,
  lifecycleRun,
  passedRun,
} from "./summaries.ts";

const SERVER_METRICS: ServerMetricsSummary = {
  url: "https://localhost:8443/api/v1/metrics/prometheus",
  problem: null,
  notes: [],
  counters: [
    {
      name: "certctl_job_completed_total",
      labels: {},
      kind: "counter",
      before: 10,
      after: 1010,
      delta: 1000,
    },
    { name: "certctl_agent_total", labels: {}, kind: "gauge", before: 12, after: 12, delta: 0 },
  ],
  histograms: [{
    name: "certctl_issuance_duration_seconds",
    labels: { issuer_type: "local" },
    count: 1000,
    avg: 0.0123,
    p50: { value: 0.01, is: "at_most" },
    p95: { value: 0.025, is: "about" },
    p99: { value: 0.05, is: "at_least" },
  }],
};

Deno.test("renderText() of a run whose baseline cannot be compared with says so first", () => {
  const base = concluded(passedRun());
  const text = renderText(concluded(passedRun(), { ...base, interrupted: true }));
  assertStringIncludes(text, "NOT COMPARED  certctl load test\nThe run was not compared");
});

Deno.test("renderText() of a run that passed", () => {
  assertGolden("passed.txt", renderText(concluded(passedRun())));
});

Deno.test("renderText() of a run with failures, a broken threshold, and one without data", () => {
  assertGolden("failed.txt", renderText(concluded(failedRun())));
});

Deno.test("renderText() of deployments and of jobs", () => {
  assertGolden("lifecycle.txt", renderText(concluded(lifecycleRun())));
});

Deno.test("renderText() of an interrupted run", () => {
  assertGolden("interrupted.txt", renderText(concluded(interruptedRun())));
});

Deno.test("renderText() of a run that the generator could not carry", () => {
  assertGolden("invalid.txt", renderText(concluded(invalidRun())));
});

Deno.test("renderText() shows the server's own metrics beside the tier that they are about", () => {
  const run = { ...passedRun(), serverMetrics: SERVER_METRICS };
  const text = renderText(concluded(run));
  const own = text.indexOf("the server's own metrics");
  assert(text.indexOf("API  ") < own && own < text.indexOf("Connectors  "), "beside its tier");
  assertStringIncludes(text, "certctl_job_completed_total");
  assertStringIncludes(text, "+1000");
  assertStringIncludes(text, 'certctl_issuance_duration_seconds{issuer_type="local"}');
  assert(!text.includes("certctl_agent_total"), "what did not change is left out");
});

Deno.test("renderText() shows a single counter that moved, and no title over none", () => {
  const [moved, same] = SERVER_METRICS.counters;
  const text = (counters: ServerMetricsSummary["counters"]): string =>
    renderText(concluded({
      ...passedRun(),
      serverMetrics: { ...SERVER_METRICS, counters, histograms: [] },
    }));
  assertStringIncludes(text([moved!]), "certctl_job_completed_total");
  assert(!text([same!]).includes("the server's own metrics"));
});

Deno.test("renderText() is at most 100 columns wide and has no trailing blank", () => {
  for (const run of [passedRun(), failedRun(), interruptedRun(), invalidRun()]) {
    for (const line of renderText(concluded(run)).split("\n")) {
      assert(Array.from(line).length <= 100, line);
      assertEquals(line, line.trimEnd());
    }
  }
});

Deno.test("renderText() colours only when asked", () => {
  const summary = concluded(failedRun());
  assert(!renderText(summary).includes("\u001b"));
  const coloured = renderText(summary, { color: true });
  // deno-lint-ignore no-control-regex -- escapes are what is looked for
  assertEquals(coloured.replaceAll(/\u001b\[\d+m/g, ""), renderText(summary));
});

Deno.test("renderText() lets no server write to the terminal", () => {
  const message = "HTTP 500 \u001b[2J\u001b]0;title\u0007 \r\n\u202eevil";
  const run = runOf([{ name: "a", failure: () => ({ class: "status_5xx", message }) }]);
  // deno-lint-ignore no-control-regex -- these must not be there
  assertEquals(renderText(concluded(run)).match(/[\u0000-\u0009\u000b-\u001f\u202e]/), null);
});

Deno.test("renderText() of a run in which nothing finished has no NaN and no undefined", () => {
  const text = renderText(concluded(runOf([{ name: "a", dropped: 100 }])));
  assert(!/NaN|undefined|null|Infinity/.test(text), text);
});

Deno.test("renderText() has what flows name themselves below their scenario, whole on 80 columns", () => {
  const run = runOf([{
    name: "revoke_100",
    own: (recorder) => {
      recorder.observe("revocation_time", 488);
      recorder.count("revocations_failed", 3);
    },
  }]);
  const [, section = ""] = renderText(concluded(run), { width: 80 }).split("Of the flows' own\n");
  const names = section.split("\n\n")[0]!.split("\n").slice(1).map((line) =>
    line.split(/ {2,}(?=\d)/)[0]
  );
  assertEquals(names, ["revoke_100", "  revocation_time", "  revocations_failed"]);
});
