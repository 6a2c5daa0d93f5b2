import type { Exchange, HttpClient, HttpRequest, SendOptions } from "../../src/http/http.ts";
import { sendStep, unmeasured } from "../../src/http/step.ts";
import { assertEquals } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";

/** Answers with these exchanges, one after the other. */
function scripted(...answers: Exchange[]): {
  client: HttpClient;
  sent: [HttpRequest, SendOptions][];
} {
  const sent: [HttpRequest, SendOptions][] = [];
  const send: HttpClient["send"] = (request, options) => {
    sent.push([request, options]);
    return Promise.resolve(answers[sent.length - 1]!);
  };
  return { client: { send, open: () => Promise.resolve(0), close: () => {} }, sent };
}

const { request } = exchangeOf();
const signal = new AbortController().signal;
const options = { timeoutMs: 7, signal };
const expect = { status: [200] };

Deno.test("a step is one exchange, and the failure of what was expected of it", async () => {
  const right = exchangeOf(), wrong = exchangeOf({ status: 500 });
  const { client, sent } = scripted(right, wrong);
  assertEquals(await sendStep(client, request, expect, options), { exchange: right });
  assertEquals((await sendStep(client, request, expect, options)).failure?.class, "status_5xx");
  assertEquals(sent, [[request, options], [request, options]]);
});

Deno.test("a step that is sent again spans all its sends: from the first, with the waits and octets of all", async () => {
  const answers = [1, 2, 3].map((n) =>
    exchangeOf({
      startedUs: 1000 * n,
      endedUs: 1000 * n + 500,
      blockedUs: 10 ** n,
      bytesSent: n,
      bytesReceived: 100 * n,
      status: n === 3 ? 200 : 400,
      headers: { "x-n": `${n}` },
    })
  );
  const { client, sent } = scripted(...answers);
  const seen: [number, number][] = [];
  const again = (exchange: Exchange): Promise<HttpRequest | undefined> => {
    seen.push([exchange.status, exchange.startedUs]);
    const next = { ...request, method: `M${seen.length}` };
    return Promise.resolve(exchange.status === 200 ? undefined : next);
  };
  const { exchange, failure } = await sendStep(client, request, expect, options, again);
  assertEquals(failure, undefined);
  const { startedUs, endedUs, blockedUs, bytesSent, bytesReceived } = exchange;
  assertEquals([startedUs, endedUs, blockedUs, bytesSent, bytesReceived], [
    1000,
    3500,
    1110,
    6,
    600,
  ]);
  assertEquals(exchange.header("x-n"), "3");
  assertEquals(seen, [[400, 1000], [400, 1000], [200, 1000]]);
  assertEquals(sent.map(([{ method }]) => method), ["GET", "M1", "M2"]);
});

Deno.test("an unmeasured sender sends as it is told to, and records nothing", async () => {
  const { client, sent } = scripted(exchangeOf());
  const sender = unmeasured({ client, timeoutMs: 7, signal });
  sender.observe("a", 1);
  sender.count("b");
  sender.gauge("c", 1);
  assertEquals(sender.signal, signal);
  await sender.step("any", request, expect, { fresh: true, connection: "kept" });
  assertEquals(sent, [[request, { timeoutMs: 7, signal, fresh: true, connection: "kept" }]]);
});
