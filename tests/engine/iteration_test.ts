import {
  createScope,
  type IterationScope,
  runIteration,
  RunningIteration,
} from "../../src/engine/iteration.ts";
import type { Exchange, HttpClient, HttpRequest } from "../../src/http/http.ts";
import { assertEquals } from "../assert.ts";
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
    },
    timeoutMs: 1_000,
    signal: new AbortController().signal,
    idPrefix: "lt-0-",
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
