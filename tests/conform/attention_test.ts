import { Attention } from "../../src/conform/attention.ts";
import type { Failure } from "../../src/http/failure.ts";
import type { HttpClient } from "../../src/http/http.ts";
import { assertEquals } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";

/** Answers one after the other with these failures, and rightly where there is none; writes down what it was asked. */
function scripted(failures: (Failure | undefined)[]): { client: HttpClient; calls: string[] } {
  const calls: string[] = [];
  const client: HttpClient = {
    open: (url, count, timeoutMs) => {
      calls.push(`open ${url} ${count} ${timeoutMs}`);
      return Promise.resolve(7);
    },
    send: (request, { timeoutMs }) => {
      calls.push(`send ${request.url} ${timeoutMs}`);
      return Promise.resolve(exchangeOf({ request, failure: failures.shift() }));
    },
    close: () => void calls.push("close"),
  };
  return { client, calls };
}

const failed = (message: string): Failure => ({ class: "timeout", message });

Deno.test("attention is lost after three requests in a row without an answer, with the last one's reason", async () => {
  const [a, b, c, d] = ["a", "b", "c", "d"].map(failed);
  const { client } = scripted([a, b, undefined, a, b, c, d, undefined]);
  const attention = new Attention(client);
  const lost: (string | undefined)[] = [];
  for (let request = 0; request < 8; request++) {
    await attention.send(exchangeOf().request, { timeoutMs: 1 });
    lost.push(attention.lost?.message);
  }
  const none = undefined;
  assertEquals(lost, [none, none, none, none, none, "c", "d", none]);
});

Deno.test("attention asks as it is told to, and gives on what comes", async () => {
  const { client, calls } = scripted([]);
  const attention = new Attention(client);
  const { request } = exchangeOf();
  assertEquals(await attention.open(new URL("https://server.test"), 2, 9), 7);
  assertEquals((await attention.send(request, { timeoutMs: 5 })).request, request);
  attention.close();
  assertEquals(calls, [
    "open https://server.test/ 2 9",
    "send https://server.test/path 5",
    "close",
  ]);
});
