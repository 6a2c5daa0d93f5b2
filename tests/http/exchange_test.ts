import { LiveExchange } from "../../src/http/exchange.ts";
import { assert, assertEquals } from "../assert.ts";

const REQUEST = { method: "GET", url: new URL("https://localhost/"), headers: {} };

Deno.test("an exchange that finds a connection starts when it is written", () => {
  const exchange = new LiveExchange(REQUEST, 1_000);
  exchange.begin();
  assert(exchange.startedUs > 1_000);
});

Deno.test("one that has waited, or is sent again, keeps its start: its durations hold what went before", () => {
  const waited = new LiveExchange(REQUEST, 1_000);
  waited.blockedUs = 500;
  const again = new LiveExchange(REQUEST, 1_000);
  again.retried = true;
  for (const exchange of [waited, again]) {
    exchange.begin();
    assertEquals(exchange.startedUs, 1_000);
  }
});
