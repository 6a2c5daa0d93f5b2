import { probeAll, type ProbeResult } from "../../src/engine/probe.ts";
import { timerClock } from "../../src/timer.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { closedPort, planOf, withServer } from "./plans.ts";

function probe(text: string, signal = new AbortController().signal): Promise<ProbeResult[]> {
  return probeAll({ plan: planOf(text), clock: timerClock, runId: "test", signal });
}

const enroll = (port: number, more = ""): string => `
target: { base_url: "http://127.0.0.1:${port}" }
scenarios:
  enroll:
    flow: acme_enroll
    with: { directory: /directory${more} }
    rate: 1/s
    duration: 1s
`;

Deno.test("a flow that cannot be prepared fails the probe with its reason, and no step is tried", async () => {
  const [result, ...others] = await probe(enroll(closedPort()));
  assertEquals(others, []);
  assertEquals([result!.failure?.class, result!.steps], ["connect_refused", []]);
});

Deno.test("what a server answers while a flow is prepared is the probe's failure", async () => {
  await withServer(() => new Response("gone", { status: 404 }), async (port) => {
    const [result] = await probe(enroll(port));
    assertEquals([result!.failure?.class, result!.steps], ["status_4xx", []]);
  });
});

Deno.test("a flow that throws while it is made is a failure of its scenario, and the others are tried", async () => {
  await withServer(() => new Response("ok"), async (port) => {
    const plan = planOf(`
target: { base_url: "http://127.0.0.1:${port}" }
scenarios:
  broken: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s }
  fine: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s }
`);
    const [broken, fine] = plan.scenarios;
    const options = new Proxy({}, {
      get: () => {
        throw new Error("no such thing");
      },
    });
    const faulty = { ...plan, scenarios: [{ ...broken!, with: options }, fine!] };
    const signal = new AbortController().signal;
    const results = await probeAll({ plan: faulty, clock: timerClock, runId: "test", signal });
    assertEquals(results.map(({ failure }) => failure?.message), ["no such thing", undefined]);
    assertEquals(results[1]!.steps.map(({ exchange }) => exchange.status), [200]);
  });
});

Deno.test("each step is told, with what was sent and what came", async () => {
  await withServer(() => new Response("no", { status: 500 }), async (port) => {
    const [result] = await probe(`
target: { base_url: "http://127.0.0.1:${port}" }
scenarios: { one: { flow: http_request, with: { path: /x }, rate: 1/s, duration: 1s } }
`);
    const [step] = result!.steps;
    assertEquals([step!.exchange.status, step!.failure?.class], [500, "status_5xx"]);
    assertStringIncludes(step!.exchange.request.url.href, "/x");
    assertEquals(result!.failure, step!.failure);
  });
});

Deno.test("an interrupted probe tries no further scenario", async () => {
  assertEquals(await probe(enroll(closedPort()), AbortSignal.abort()), []);
});

Deno.test("what an iteration uses up is not tried, and that is said", async () => {
  const [result] = await probe(`
target: { base_url: "http://127.0.0.1:${closedPort()}" }
scenarios:
  limits: { flow: acme_rate_limits, with: { directory: /directory }, users: 1, duration: 1s }
`);
  assert(result!.failure === undefined);
  assertStringIncludes(result!.skipped ?? "", "uses up what it measures");
});
