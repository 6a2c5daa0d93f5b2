import {
  createScope,
  type IterationScope,
  runIteration,
  RunningIteration,
} from "../../src/engine/iteration.ts";
import type { Exchange, HttpClient, HttpRequest } from "../../src/http/http.ts";
import { nowUs } from "../../src/clock.ts";
import type { Deployment } from "../../src/deployment.ts";
import { assert, assertEquals } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";

const REQUEST: HttpRequest = { method: "GET", url: new URL("https://server.test/"), headers: {} };
const OK = { status: [200] };

interface Recorded {
  readonly step: number;
  readonly plannedUs: number;
  readonly exchange: Exchange;
  readonly failure?: string;
}

interface SetUp {
  readonly scope: IterationScope;
  readonly recorded: Recorded[];
  readonly sent: () => number;
}

/** A scope whose client gives the exchanges in turn. */
function setUp(exchanges: readonly Exchange[]): SetUp {
  const recorded: Recorded[] = [];
  let sent = 0;
  const client: HttpClient = {
    send: () => Promise.resolve(exchanges[sent++] ?? exchangeOf({ status: 599 })),
    open: () => Promise.resolve(0),
    close: () => {},
  };
  const scope = createScope({
    steps: ["first", "second"],
    client,
    recorder: {
      step: (step, plannedUs, exchange, failure) =>
        recorded.push({ step, plannedUs, exchange, ...(failure && { failure: failure.class }) }),
      observe: () => {},
      count: () => {},
      gauge: () => {},
      deployment: () => {},
    },
    timeoutMs: 1_000,
    signal: new AbortController().signal,
    idPrefix: "lt-0-",
    firstIndex: 0,
  });
  return { scope, recorded, sent: () => sent };
}

Deno.test("open model: the first step is timed from the planned instant, a later one from its send", async () => {
  const { scope, recorded } = setUp([
    exchangeOf({ startedUs: 1_300, endedUs: 2_000 }),
    exchangeOf({ startedUs: 2_100, endedUs: 2_500 }),
  ]);
  const iteration = new RunningIteration(scope, 4, 1_000);
  await iteration.step("first", REQUEST, OK);
  await iteration.step("second", REQUEST, OK);
  assertEquals(recorded.map(({ step, plannedUs }) => [step, plannedUs]), [[0, 1_000], [1, 2_100]]);
  assertEquals([iteration.id, iteration.endedUs], ["lt-0-4", 2_500]);
});

Deno.test("an arrival ends when its flow says so, sooner or later than its last answer", async () => {
  const { scope } = setUp([exchangeOf({ startedUs: 1_300, endedUs: 2_000 })]);
  const iteration = new RunningIteration(scope, 0, 1_000);
  const ended = await runIteration(async (each) => {
    each.endsAt(9_000);
    await each.step("first", REQUEST, OK);
    each.endsAt(1_500);
    return undefined;
  }, iteration);
  assertEquals(ended, { endedUs: 1_500 });
});

Deno.test("closed model: the planned instant is the send", async () => {
  const { scope, recorded } = setUp([exchangeOf({ startedUs: 1_300 })]);
  await new RunningIteration(scope, 0, undefined, 2).step("first", REQUEST, OK);
  assertEquals(recorded[0]?.plannedUs, 1_300);
});

Deno.test("a step that is sent again is one sample from its first send to its last byte", async () => {
  const { scope, recorded, sent } = setUp([
    exchangeOf({ status: 400, startedUs: 100, endedUs: 300, blockedUs: 5 }),
    exchangeOf({ status: 200, startedUs: 310, endedUs: 700, blockedUs: 7 }),
  ]);
  const again = ({ status }: Exchange) => Promise.resolve(status === 400 ? REQUEST : undefined);
  const { failure } = await new RunningIteration(scope, 0, 100).step("first", REQUEST, OK, {
    again,
  });
  assertEquals([failure, sent(), recorded.length], [undefined, 2, 1]);
  const { startedUs, endedUs, blockedUs } = recorded[0]?.exchange ?? exchangeOf();
  assertEquals([startedUs, endedUs, blockedUs], [100, 700, 12]);
});

Deno.test("a flow that throws is a failed iteration of class client, not the run's end", async () => {
  const { scope } = setUp([]);
  const thrown = await runIteration(
    () => Promise.reject(new Error("odd")),
    new RunningIteration(scope, 0),
  );
  assertEquals(thrown.failure, { class: "client", message: "odd" });
});

Deno.test("waits for a connection in all steps add up, so that they can be taken out of the service time", async () => {
  const { scope } = setUp([exchangeOf({ blockedUs: 700 }), exchangeOf({ blockedUs: 1_300 })]);
  const iteration = new RunningIteration(scope, 0);
  await iteration.step("first", REQUEST, OK);
  assertEquals(iteration.blockedUs, 700);
  await iteration.step("second", REQUEST, OK);
  assertEquals(iteration.blockedUs, 2_000);
});

Deno.test("an iteration knows its number and its user, where the model has users", () => {
  const { scope } = setUp([]);
  const closed = new RunningIteration(scope, 3, undefined, 2);
  assertEquals([closed.index, closed.user, closed.startedUs], [3, 2, undefined]);
  assertEquals(new RunningIteration(scope, 0, undefined, 0).user, 0);
  assertEquals(new RunningIteration(scope, 3, 1_000).user, undefined);
});

Deno.test("a step is sent with the scenario's timeout and signal, over a new or a named connection where the flow wants one", async () => {
  const sent: unknown[] = [];
  const { scope: { steps, recorder, signal } } = setUp([]);
  const client: HttpClient = {
    send: (_request, options) => {
      sent.push(options);
      return Promise.resolve(exchangeOf());
    },
    open: () => Promise.resolve(0),
    close: () => {},
  };
  const names = { idPrefix: "", firstIndex: 0 };
  const scope = createScope({ steps, client, recorder, timeoutMs: 700, signal, ...names });
  const iteration = new RunningIteration(scope, 0);
  await iteration.step("first", REQUEST, OK);
  await iteration.step("second", REQUEST, OK, { fresh: true });
  await iteration.step("second", REQUEST, OK, { connection: "agent-7" });
  await iteration.step("second", REQUEST, OK, { fresh: true, connection: "agent-8" });
  const reusing = { timeoutMs: 700, signal };
  assertEquals(sent, [
    reusing,
    { ...reusing, fresh: true },
    { ...reusing, connection: "agent-7" },
    { ...reusing, fresh: true, connection: "agent-8" },
  ]);
  assertEquals(iteration.signal, signal);
});

Deno.test("a step whose answer is not as expected is recorded with its failure, and told to the flow", async () => {
  const { scope, recorded } = setUp([exchangeOf({ status: 500 })]);
  const { failure } = await new RunningIteration(scope, 0).step("second", REQUEST, OK);
  assertEquals([failure?.class, recorded[0]?.failure, recorded[0]?.step], [
    "status_5xx",
    "status_5xx",
    1,
  ]);
});

Deno.test("what a flow observes and counts is recorded, by one unless it says by how many", () => {
  const told: unknown[] = [];
  const beforeUs = nowUs();
  const { scope } = setUp([]);
  const recorder = {
    step: () => {},
    observe: (...given: unknown[]) => told.push(given),
    count: (...given: unknown[]) => told.push(given),
    gauge: (name: string, value: number, atUs: number) =>
      told.push([name, value, atUs >= beforeUs && atUs <= nowUs()]),
    deployment: (...given: unknown[]) => told.push(given),
  };
  const iteration = new RunningIteration({ ...scope, recorder }, 0);
  iteration.observe("signing", 70);
  iteration.count("retries");
  iteration.count("retries", 3);
  iteration.gauge("jobs_in_flight", 25);
  const deployment: Deployment = {
    target: "127.0.0.1:9443",
    by: "certload",
    requestedUs: beforeUs,
    verdict: "never",
    spans: [],
  };
  iteration.deployment(deployment);
  assertEquals(told, [
    ["signing", 70],
    ["retries", 1],
    ["retries", 3],
    ["jobs_in_flight", 25, true],
    [deployment],
  ]);
});

Deno.test("an iteration ends with its last answer; without any, or when it throws, when it is over", async () => {
  const { scope } = setUp([exchangeOf({ startedUs: 1_000, endedUs: 2_000 })]);
  const answered = new RunningIteration(scope, 0);
  const run = async (): Promise<undefined> => void await answered.step("first", REQUEST, OK);
  assertEquals(await runIteration(run, answered), { endedUs: 2_000 });
  const beforeUs = nowUs();
  const silent = await runIteration(
    () => Promise.resolve(undefined),
    new RunningIteration(scope, 1),
  );
  const thrown = await runIteration(() => Promise.reject(new Error("odd")), answered);
  for (const { endedUs } of [silent, thrown]) {
    assert(endedUs >= beforeUs && endedUs <= nowUs(), `${endedUs}`);
  }
});

Deno.test("a flow's failure is made legible", async () => {
  const { scope } = setUp([]);
  const told = await runIteration(
    () => Promise.resolve({ class: "client", message: "a\u001b[31mb" }),
    new RunningIteration(scope, 0),
  );
  assertEquals([told.failure?.class, told.failure?.message.includes("\u001b")], ["client", false]);
});
