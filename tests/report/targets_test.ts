/** Where scenarios ask several servers, every report says which asked which. */
import { otherTargets } from "../../src/metrics/scenarios.ts";
import { summarize } from "../../src/metrics/summary.ts";
import { renderHtml } from "../../src/report/html.ts";
import { renderJunit } from "../../src/report/junit.ts";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { renderPrometheus } from "../../src/report/prometheus.ts";
import { renderText } from "../../src/report/text.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { percentileOf, runOf, thresholdOf } from "../metrics/runs.ts";
import { concluded } from "./summaries.ts";

const ACME = "https://acme.example:14000";
const limit = thresholdOf("p95 < 9s", percentileOf(95), "<", 9_000_000);
const enroll = {
  name: "enroll",
  tier: "acme",
  origin: ACME,
  target: { version: "v9.9", lab: false },
  thresholds: [limit],
} as const;

Deno.test("every report names the server of a scenario that asked another than the run's", () => {
  const summary = concluded(runOf([{ name: "create", thresholds: [limit] }, enroll]));
  const [other, ...more] = otherTargets(summary);
  assertEquals([other?.scenarios, other?.target.origin, more], [["enroll"], ACME, []]);
  for (const render of [renderText, renderHtml, renderMarkdown, renderJunit, renderPrometheus]) {
    const text = render(summary);
    assertStringIncludes(text, ACME, render.name);
    assertStringIncludes(text, "v9.9", render.name);
  }
  assertStringIncludes(renderText(summary), `${ACME}, version v9.9`);
  assertEquals(renderJunit(summary).split('<property name="target"').length, 2);
});

Deno.test("a run whose target no scenario asks is of the server that they ask", () => {
  const run = runOf([enroll]);
  const target = { ...run.plan.target, baseUrl: "https://dead.example:8443" };
  const measured = summarize({ ...run, plan: { ...run.plan, target } });
  assertEquals(measured.methodology.target.base_url, ACME);
  assertEquals(otherTargets(measured), []);
  assert(
    !renderText(concluded({ ...run, plan: { ...run.plan, target } })).includes("dead.example"),
  );
});

Deno.test("a server that was not asked who it is is known by the one certificate that it served", () => {
  const { phases } = summarize(runOf([{ name: "handshake", tier: "connector" }]));
  const { target, tls_peers: peers } = phases["connector"]!["handshake"]!;
  assertEquals(target?.identity, `certificate SHA-256 ${peers[0]!.fingerprint_sha256}`);
});
