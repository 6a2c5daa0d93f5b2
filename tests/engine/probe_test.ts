import { probeAll, type ProbeResult } from "../../src/engine/probe.ts";
import { timerClock } from "../../src/timer.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { closedPort, planOf, withServer } from "./plans.ts";

function probe(text: string, signal = new AbortController().signal): Promise<ProbeResult[]> {
  return probeAll({ plan: planOf(text), clock: timerClock, runId: "test", signal });
}

const enroll = (port: number, more = ""): string => `
target: { base_url: "http://127.0.0.1:${port}" }
scenarios:
  enroll:
    flow: acme_enroll
    probe: true
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
    const thrower = (): never => {
      throw new Error("no such thing");
    };
    const options = new Proxy({}, { get: thrower, ownKeys: thrower });
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

const POST = "flow: http_request, with: { path: /, method: POST }, rate: 1/s, duration: 1s";

Deno.test("of what is not idempotent no arrival is sent, but the server is connected to", async () => {
  let asked = 0;
  const answer = () => {
    asked++;
    return new Response();
  };
  await withServer(answer, async (port) => {
    const results = await probe(`
target: { base_url: "http://127.0.0.1:${port}" }
scenarios:
  limits: { flow: acme_rate_limits, with: { directory: /directory }, users: 1, duration: 1s }
  post: { ${POST} }
  asked: { ${POST}, probe: true }
  get: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s, probe: false }
`);
    assertEquals(results.map(({ reached, steps, failure }) => [!!reached, steps.length, failure]), [
      [true, 0, undefined],
      [true, 0, undefined],
      [false, 1, undefined],
      [true, 0, undefined],
    ]);
    assertEquals(asked, 1);
    assertEquals(results[0]!.reached!.phases.connectUs !== undefined, true);
  });
});

Deno.test("a server that nothing was to be sent to has to be there all the same", async () => {
  const [result] = await probe(`
target: { base_url: "http://127.0.0.1:${closedPort()}" }
scenarios: { post: { ${POST} } }
`);
  assertEquals([result!.failure?.class, result!.reached], ["connect_refused", undefined]);
});

Deno.test("a probe's arrival has a name of its own, and leaves no connection open", async () => {
  const asked: string[] = [];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for (let scenario = 0; scenario < 2; scenario++) {
      const connection = await listener.accept();
      const bytes = new Uint8Array(4_096);
      const head = new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes) ?? 0));
      asked.push(head.split(" ")[1]!);
      await connection.write(
        new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
      );
      // Ends when the probe closes it; the patience is for one that does not.
      let kept = false;
      const patience = setTimeout(() => {
        kept = true;
        connection.close();
      }, 30_000);
      await connection.read(bytes).catch(() => {});
      clearTimeout(patience);
      assertEquals(kept, false, "left open");
      connection.close();
    }
  })();
  const { port } = listener.addr as Deno.NetAddr;
  await probe(`
target: { base_url: "http://127.0.0.1:${port}" }
scenarios:
  one: { flow: http_request, with: { path: "/{id}" }, rate: 1/s, duration: 1s }
  two: { flow: http_request, with: { path: "/{id}" }, rate: 1/s, duration: 1s }
`);
  await serving;
  listener.close();
  assertEquals(asked, ["/test-0-p0", "/test-1-p0"]);
});

Deno.test("a scenario in which a machine has no part is not tried there, nor is its server connected to", async () => {
  const plan = planOf(`
target: { base_url: "http://127.0.0.1:${closedPort()}" }
scenarios:
  get: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s, max_in_flight: 1 }
  post: { ${POST}, max_in_flight: 1 }
`);
  const signal = new AbortController().signal;
  const on = async (index: number) => {
    const machine = { index, count: 2 };
    const options = { plan, clock: timerClock, runId: "test", signal, machine };
    return (await probeAll(options)).map(({ untried, failure }) => [untried, failure?.class]);
  };
  assertEquals(await on(1), Array(2).fill(["this machine has no part in it", undefined]));
  assertEquals(await on(0), Array(2).fill([undefined, "connect_refused"]));
});

Deno.test("a probe's arrival is given what its scenario's set-up made", async () => {
  const asked: string[] = [];
  const answer = ({ url }: Request): Response => {
    asked.push(new URL(url).pathname);
    return new Response("ok");
  };
  await withServer(answer, async (port) => {
    const plan = planOf(`
target: { base_url: "http://127.0.0.1:${port}" }
scenarios:
  plain: { flow: http_request, with: { path: /plain }, rate: 1/s, duration: 1s }
  made:
    flow: sequence
    with:
      setup: [{ name: make, method: POST, path: /things, capture: { thing: { json: /id } } }]
      steps: [{ name: read, path: "/things/{thing}" }]
    rate: 1/s
    duration: 1s
`);
    const signal = new AbortController().signal;
    const made = [undefined, { thing: "t1" }];
    const results = await probeAll({ plan, clock: timerClock, runId: "test", made, signal });
    assertEquals(results.map(({ failure }) => failure?.message), [undefined, undefined]);
    assertEquals(asked, ["/plain", "/things/t1"]);
  });
});

Deno.test("each scenario's result is told as soon as there is one", async () => {
  await withServer(() => new Response("ok"), async (port) => {
    const plan = planOf(enroll(closedPort()));
    const [first] = plan.scenarios;
    const second = planOf(`
target: { base_url: "http://127.0.0.1:${port}" }
scenarios: { one: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s } }
`);
    const told: unknown[] = [];
    const both = { ...second, scenarios: [first!, ...second.scenarios] };
    const signal = new AbortController().signal;
    const onResult = ({ scenario, failure }: ProbeResult): void => {
      told.push([scenario.name, failure === undefined]);
    };
    const options = { plan: both, clock: timerClock, runId: "test", signal, onResult };
    const results = await probeAll(options);
    assertEquals(told, [["enroll", false], ["one", true]]);
    assertEquals(results.map((each) => "failure" in each), [true, false]);
    assertEquals("failure" in results[1]!.steps[0]!, false);
  });
});
