import fc from "fast-check";
import { plannedRequests } from "../../src/plan/planned.ts";
import { arrivalSequence } from "../../src/plan/arrival_sequence.ts";
import { assert, assertEquals } from "../assert.ts";
import { planOf } from "./catalogue.ts";

function planned(
  load: string,
  flow = "flow: list_certificates",
): ReturnType<typeof plannedRequests> {
  return plannedRequests(planOf(
    `target: { base_url: https://x }\nscenarios: { a: { ${flow}, ${load} } }\n`,
  ));
}

Deno.test("plannedRequests() counts the arrivals of the open model", () => {
  const rows: readonly [string, number][] = [
    ["rate: 50/s, duration: 5m", 15_000],
    ["rate: 100/min, duration: 5m", 500],
    ["rate: 1/s, duration: 1500ms", 2],
    ["start_rate: 10/s, stages: [{duration: 10s, rate: 30/s}]", 200],
    ["stages: [{duration: 10s, rate: 10/s}, {duration: 5s, rate: 0/s}]", 75],
  ];
  for (const [load, expected] of rows) {
    const { total } = planned(load);
    assertEquals([total.iterations, total.isUpperBound], [expected, false], load);
  }
});

Deno.test("a profile that sends nothing comes to nothing, one of less than an arrival to one", () => {
  const { scenarios: [one] } = planOf(
    "target: { base_url: https://x }\nscenarios: { a: { flow: list_certificates, rate: 1/h, duration: 1s } }",
  );
  assert(one !== undefined);
  assertEquals(plannedRequests({ scenarios: [one] }).total.iterations, 1);
  const load = { ...one.load, stages: [{ durationMs: 1000, from: 0, to: 0 }] };
  const none = plannedRequests({ scenarios: [{ ...one, load }] }).total;
  assert(Object.is(none.iterations, 0) && Object.is(none.requests, 0));
});

Deno.test("plannedRequests() counts every arrival that the pacer plans", () => {
  const stage = fc.record({
    durationMs: fc.integer({ min: 1, max: 60_000 }),
    to: fc.integer({ min: 0, max: 500 }),
  });
  fc.assert(fc.property(fc.array(stage, { minLength: 1, maxLength: 5 }), (legs) => {
    const stages = legs.map(({ durationMs, to }, at) => ({
      durationMs,
      from: legs[at - 1]?.to ?? 0,
      to,
    }));
    const [scenario] = planOf(
      "target: { base_url: https://x }\n" +
        "scenarios: { a: { flow: list_certificates, rate: 1/s, duration: 1s } }",
    ).scenarios;
    assert(scenario !== undefined);
    const load = {
      model: "open",
      stages,
      maxInFlight: 1,
      arrivals: "even",
      seed: 1,
      phase: 0,
    } as const;
    const { total } = plannedRequests({ scenarios: [{ ...scenario, load }] });
    const next = arrivalSequence({ name: scenario.name, load });
    let walked = 0;
    while (next() !== undefined) walked++;
    assertEquals(total.iterations, walked);
  }));
});

Deno.test("plannedRequests() bounds the closed model by think time, and says that it is a bound", () => {
  const { total } = planned("users: 100, think_time: 1s, duration: 5m");
  assertEquals(total, {
    iterations: 30_100,
    requests: 30_100,
    isUpperBound: true,
    asksAgain: false,
  });
});

Deno.test("plannedRequests() of users without think time is open-ended", () => {
  const { total } = planned("users: 100, duration: 5m");
  assertEquals(total, {
    iterations: undefined,
    requests: undefined,
    isUpperBound: true,
    asksAgain: false,
  });
});

Deno.test("plannedRequests() multiplies by the flow's steps, and tells when a scenario runs", () => {
  const { scenarios, durationMs } = planned(
    "rate: 2/s, duration: 10s, start_after: 5s",
    "flow: acme_unauthenticated, with: { directory: /d }",
  );
  assertEquals(scenarios, [{
    name: "a",
    iterations: 20,
    requests: 60,
    isUpperBound: false,
    asksAgain: false,
    startMs: 5000,
    endMs: 15_000,
  }]);
  assertEquals(durationMs, 15_000);
});
