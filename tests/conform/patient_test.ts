import { patient } from "../../src/conform/patient.ts";
import type { HttpClient } from "../../src/http/http.ts";
import { assertEquals } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";
import { settle, VirtualClock } from "../virtual_clock.ts";

const SECOND_US = 1_000_000;

/** Answers with these Retry-After headers and 429, then with 200; tells how often it was asked. */
function limited(...retryAfters: (string | undefined)[]): { client: HttpClient; asked: number } {
  const server = {
    asked: 0,
    client: {
      send: () => {
        const status = server.asked < retryAfters.length ? 429 : 200;
        const retryAfter = retryAfters[server.asked++];
        return Promise.resolve({ ...exchangeOf({ status }), header: () => retryAfter });
      },
      open: () => Promise.resolve(0),
      close: () => {},
    },
  };
  return server;
}

/** The status that counts in the end, and the seconds until it was there. */
async function outcomeOf(server: { client: HttpClient }): Promise<[number, number]> {
  const clock = new VirtualClock();
  let outcome: [number, number] | undefined;
  patient(server.client, clock).send(exchangeOf().request, { timeoutMs: 1000 }).then(
    ({ status }) => {
      outcome = [status, clock.nowUs() / SECOND_US];
    },
  );
  for (let second = 0; outcome === undefined && second < 60; second++) {
    await clock.advance(SECOND_US);
    await settle();
  }
  return outcome!;
}

Deno.test("patient() waits for a Retry-After of seconds and sends again", async () => {
  assertEquals(await outcomeOf(limited("1", "2")), [200, 3]);
});

Deno.test("patient() gives on at once a 429 that asks for longer, or for nothing", async () => {
  assertEquals(await outcomeOf(limited("5")), [200, 5]);
  for (const retryAfter of ["6", "36", undefined]) {
    const server = limited(retryAfter);
    assertEquals([await outcomeOf(server), server.asked], [[429, 0], 1]);
  }
});

Deno.test("patient() gives on a 429 that stays", async () => {
  const server = limited(...Array<string>(9).fill("1"));
  assertEquals([await outcomeOf(server), server.asked], [[429, 5], 6]);
});
