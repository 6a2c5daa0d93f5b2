import { arrivalsOf, otherTargets, scenariosOf } from "../../src/metrics/scenarios.ts";
import { summarize } from "../../src/metrics/summary.ts";
import type { Measured, SummaryScenario } from "../../src/metrics/summary_schema.ts";
import { assertEquals } from "../assert.ts";
import { runOf } from "./runs.ts";

const summary = summarize(runOf([{ name: "a" }, { name: "b", tier: "acme" }, { name: "c" }]));
const { origin } = new URL(summary.methodology.target.base_url);

/** The summary with these targets by scenario. */
function asking(targets: Record<string, SummaryScenario["target"]>): Measured {
  const phases = Object.entries(summary.phases).map(([tier, scenarios]) => [
    tier,
    Object.fromEntries(
      Object.entries(scenarios).map(([name, scenario]) => [
        name,
        { ...scenario, target: targets[name] ?? null },
      ]),
    ),
  ]);
  return { ...summary, phases: Object.fromEntries(phases) };
}

const target = (origin: string, version: string | null = null): SummaryScenario["target"] => (
  { origin, version, identity: null, lab: false }
);

Deno.test("scenarios are those of all tiers, by their names", () => {
  assertEquals(scenariosOf(summary).map(([name]) => name), ["a", "c", "b"]);
});

Deno.test("other servers are those that scenarios asked beside the run's own, each once with who asked it", () => {
  const acme = target("https://acme.test", "1.0");
  assertEquals(otherTargets(asking({ a: target(origin), b: target(origin) })), []);
  assertEquals(
    otherTargets(asking({ a: acme, b: target("https://acme.test", "1.0"), c: target(origin) })),
    [
      { target: acme!, scenarios: ["a", "b"] },
    ],
  );
  const newer = target("https://acme.test", "1.1");
  assertEquals(otherTargets(asking({ a: acme, c: newer })), [
    { target: acme!, scenarios: ["a"] },
    { target: newer!, scenarios: ["c"] },
  ]);
});

Deno.test("a base URL that is none is compared as it is written", () => {
  const own = { ...asking({ a: target("docker"), b: target("podman") }) };
  const { methodology } = own;
  const named = { ...methodology, target: { ...methodology.target, base_url: "docker" } };
  const others = otherTargets({ ...own, methodology: named });
  assertEquals(others.map(({ scenarios }) => scenarios), [["b"]]);
});

Deno.test("arrivals are even where an older summary does not say, and none of users", () => {
  const [, { load }] = scenariosOf(summary)[0]!;
  const { arrivals: _, ...older } = load;
  assertEquals(arrivalsOf({ load: older } as SummaryScenario), "even");
  assertEquals(
    arrivalsOf({ load: { ...load, arrivals: "poisson" } } as SummaryScenario),
    "poisson",
  );
  assertEquals(arrivalsOf({ load: { ...load, model: "closed" } } as SummaryScenario), null);
});
