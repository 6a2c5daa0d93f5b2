import { likelyCause } from "../../src/engine/diagnosis.ts";
import { probePlan } from "../../src/engine/probing.ts";
import { sleep } from "../../src/timer.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { planOf, withServer } from "./plans.ts";

const two = (port: number): string => `
target: { base_url: "http://127.0.0.1:${port}" }
scenarios:
  first: { flow: http_request, with: { path: /first }, rate: 1/s, duration: 1s }
  second: { flow: http_request, with: { path: /second }, rate: 1/s, duration: 1s }
`;

const never = new AbortController().signal;

Deno.test("the probe's thread tells what was asked, what came, and enough to say why", async () => {
  const answer = ({ url }: Request): Response =>
    url.endsWith("/first")
      ? new Response("fine")
      : new Response("slow down", { status: 429, headers: { "retry-after": "1" } });
  await withServer(answer, async (port) => {
    const plan = planOf(two(port));
    const [first, second] = await probePlan({ plan, runId: "test", signal: never });
    assertEquals([first!.scenario.name, first!.failure], ["first", undefined]);
    assertEquals(first!.steps.map(({ exchange }) => exchange.status), [200]);
    const { exchange, failure } = second!.steps[0]!;
    assertEquals([exchange.status, failure?.class], [429, "rate_limited"]);
    assertEquals(exchange.request.url.pathname, "/second");
    assertEquals([exchange.header("Retry-After"), exchange.header("x-other")], ["1", undefined]);
    assertEquals(new TextDecoder().decode(exchange.body), "slow down");
    assertStringIncludes(likelyCause(second!) ?? "", "limits requests");
  });
});

Deno.test("a secret that an answer says back is hidden before the answer is cut, in the probe too", async () => {
  const token = "tok-4711-of-the-plan";
  const before = "x".repeat(111);
  const said = btoa(before + token);
  await withServer(() => new Response(said, { status: 500 }), async (port) => {
    const plan = planOf(`
target: { base_url: "http://127.0.0.1:${port}", token: ${token} }
scenarios:
  only: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s }
`);
    const [result] = await probePlan({ plan, runId: "test", signal: never });
    const { message } = result!.failure!;
    // 148 letters of base64 before the token's, and room for 160.
    assertStringIncludes(message, `${btoa(before)}***`);
    assertEquals(message.includes(btoa(token).slice(0, 8)), false);
  });
});

Deno.test("a probe that loops is given up, and the scenario that it was at has failed", async () => {
  const script = new URL("./threads/looping_probe.ts", import.meta.url);
  const plan = planOf(two(1));
  const results = await probePlan({ plan, runId: "test", signal: never, script, silentS: 2 });
  assertEquals(results.map(({ scenario, failure }) => [scenario.name, failure?.message]), [
    ["first", undefined],
    ["second", "The probe's thread gave no sign of life for 2 s: it hangs or loops"],
  ]);
});

Deno.test("a probe whose thread cannot start has failed with the reason", async () => {
  const script = new URL("./threads/no_such_thread.ts", import.meta.url);
  const [result] = await probePlan({ plan: planOf(two(1)), runId: "test", signal: never, script });
  assertEquals(result!.failure?.class, "client");
  assertStringIncludes(result!.failure!.message, "The probe's thread died: ");
});

Deno.test("a probe whose thread ends by itself has failed there", async () => {
  const script = new URL("./threads/ending_probe.ts", import.meta.url);
  const results = await probePlan({ plan: planOf(two(1)), runId: "test", signal: never, script });
  assertEquals(results.map(({ scenario, failure }) => [scenario.name, failure?.message]), [
    ["first", "The probe's thread ended before it was done"],
  ]);
});

Deno.test("an interrupt ends a probe at once, whatever it is at", async () => {
  const script = new URL("./threads/looping_probe.ts", import.meta.url);
  const interrupt = new AbortController();
  void sleep(500).then(() => interrupt.abort());
  const { signal } = interrupt;
  const results = await probePlan({ plan: planOf(two(1)), runId: "test", signal, script });
  // It was not given up, as it would be after its time.
  assert(results.every(({ failure }) => failure === undefined));
});

Deno.test("of a failed probe's answer 16 KiB are kept, and the headers that say why", async () => {
  const headers = { server: "proxy", location: "/there", "x-other": "1" };
  const answer = () => new Response("x".repeat(100_000), { status: 503, headers });
  await withServer(answer, async (port) => {
    const [result] = await probePlan({ plan: planOf(two(port)), runId: "test", signal: never });
    const { exchange } = result!.steps[0]!;
    assertEquals(exchange.body.length, 16_384);
    const kept = ["server", "location", "x-other"].map((name) => exchange.header(name));
    assertEquals(kept, ["proxy", "/there", undefined]);
    assert(exchange.bytesReceived > 100_000 && exchange.endedUs > exchange.startedUs);
    assertEquals([exchange.reused, exchange.failure], [false, undefined]);
  });
});

Deno.test("a transport's failure comes out of the probe's thread with its exchange", async () => {
  const plan = planOf(two(1));
  const [result] = await probePlan({ plan, runId: "test", signal: never });
  const { exchange, failure } = result!.steps[0]!;
  assertEquals([exchange.failure?.class, failure?.class], ["connect_refused", "connect_refused"]);
});

Deno.test("nothing is probed of a plan without scenarios, or after an interrupt", async () => {
  const plan = planOf(two(1));
  assertEquals(await probePlan({ plan, runId: "test", signal: AbortSignal.abort() }), []);
  const none = { ...plan, scenarios: [] };
  assertEquals(await probePlan({ plan: none, runId: "test", signal: never }), []);
});
