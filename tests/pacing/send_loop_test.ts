import { arrivalCount, arrivalSequence } from "../../src/plan/arrival_sequence.ts";
import type { LoadProfile, OpenProfile } from "../../src/plan/plan.ts";
import { type Arrival, createArrivals } from "../../src/pacing/arrivals.ts";
import { drive } from "../../src/pacing/send_loop.ts";
import { assertAlmostEquals, assertEquals } from "../assert.ts";
import { settle, VirtualClock } from "../virtual_clock.ts";

interface Sent {
  readonly index: number;
  readonly atUs: number;
}

interface SetUp {
  readonly clock: VirtualClock;
  readonly stop: AbortController;
  readonly sent: Sent[];
  readonly dropped: number[];
  readonly hasEnded: () => boolean;
}

/** Drives a load on a virtual clock against a server that answers after `serviceUs`. */
function setUp(
  load: LoadProfile,
  serviceUs: number,
  maxInFlight = Infinity,
  yieldToLoop: () => Promise<void> = settle,
): SetUp {
  const clock = new VirtualClock(1_000_000);
  const stop = new AbortController();
  const sent: Sent[] = [];
  const dropped: number[] = [];
  const driving = drive({
    arrivals: createArrivals({ name: "example", load }, { index: 0, count: 1 }),
    clock,
    originUs: 1_000_000,
    maxInFlight,
    launch: async (arrival: Arrival) => {
      sent.push({ index: arrival.index, atUs: clock.nowUs() - 1_000_000 });
      await clock.sleepUntil(clock.nowUs() + serviceUs);
      return { unconnected: false };
    },
    drop: ({ index }) => dropped.push(index),
    signal: stop.signal,
    yieldToLoop,
  });
  let ended = false;
  driving.then(() => ended = true);
  return { clock, stop, sent, dropped, hasEnded: () => ended };
}

function open(ratePerS: number, durationMs: number): LoadProfile {
  const stages = [{ durationMs, from: ratePerS, to: ratePerS }];
  return { model: "open", stages, maxInFlight: 1_000, arrivals: "even", seed: 1, phase: 0 };
}

Deno.test("open model: arrivals are sent at their planned instants whatever the server takes", async () => {
  const { clock, sent, hasEnded } = setUp(open(10, 1_000), 5_000_000);
  await clock.advance(1_000_000);
  assertEquals(
    sent.map(({ atUs }) => Math.round(atUs)),
    Array.from({ length: 10 }, (_, n) => n * 100_000),
  );
  assertEquals(hasEnded(), false);
  await clock.advance(5_000_000);
  assertEquals(hasEnded(), true);
});

Deno.test("open model: Poisson arrivals are sent at the instants of their sequence, and even ones by their phase", async () => {
  const even = open(10, 10_000) as OpenProfile;
  for (const load of [{ ...even, arrivals: "poisson" }, { ...even, phase: 0.25 }] as const) {
    const { clock, sent } = setUp(load, 5_000_000);
    await clock.advance(10_000_000);
    const next = arrivalSequence({ name: "example", load });
    const planned: number[] = [];
    for (let at = next(); at !== undefined; at = next()) planned.push(at);
    assertEquals(sent.map(({ index }) => index), planned.map((_, n) => n));
    // The virtual clock goes in whole microseconds.
    sent.forEach(({ atUs }, n) => assertAlmostEquals(atUs, planned[n]!, 1));
    assertEquals(sent.length, arrivalCount({ name: "example", load }));
  }
});

Deno.test("open model: after a stop of the process every arrival that became due is sent, late", async () => {
  const { clock, sent } = setUp(open(100, 1_000), 1_000);
  await clock.advance(95_000);
  clock.jump(500_000);
  await clock.advance(405_000);
  assertEquals(sent.length, 100);
  const late = sent.filter(({ index, atUs }) => atUs - index * 10_000 > 1_000);
  assertEquals(late.length, 50);
});

Deno.test("arrivals that find the limit in flight are dropped and counted, and never sent later", async () => {
  const { clock, sent, dropped, hasEnded } = setUp(open(10, 1_000), 450_000, 2);
  await clock.advance(3_000_000);
  assertEquals(sent.length + dropped.length, 10);
  assertEquals(sent.map(({ index }) => index), [0, 1, 5, 6]);
  assertEquals(hasEnded(), true);
});

Deno.test("stopping ends new arrivals at once, and the run when those in flight have completed", async () => {
  const { clock, stop, sent, hasEnded } = setUp(open(10, 10_000), 300_000);
  await clock.advance(1_000_000);
  stop.abort();
  await settle();
  const before = sent.length;
  assertEquals(hasEnded(), false);
  await clock.advance(1_000_000);
  assertEquals([sent.length, hasEnded()], [before, true]);
});

Deno.test("closed model: two users with 1 s think time and 500 ms answers come every 1.5 s each", async () => {
  const stages = [{ durationMs: 6_000, from: 2, to: 2 }];
  const { clock, sent, hasEnded } = setUp({ model: "closed", stages, thinkTimeMs: 1_000 }, 500_000);
  await clock.advance(8_000_000);
  assertEquals(
    sent.map(({ atUs }) => atUs),
    [0, 500, 1_500, 2_000, 3_000, 3_500, 4_500, 5_000].map((ms) => ms * 1_000),
  );
  assertEquals(hasEnded(), true);
});

Deno.test("closed model: a user who is due again before the instant that the loop sleeps for is not kept waiting", async () => {
  const stages = [{ durationMs: 5_000, from: 1, to: 1 }, { durationMs: 1_000, from: 2, to: 2 }];
  const { clock, sent } = setUp({ model: "closed", stages, thinkTimeMs: 1_000 }, 100_000);
  await clock.advance(4_900_000);
  assertEquals(
    sent.map(({ atUs }) => atUs),
    [0, 1_100, 2_200, 3_300, 4_400].map((ms) => ms * 1_000),
  );
});

Deno.test("stopping ends a loop that sleeps for an arrival an hour away, without the clock's help", async () => {
  const { clock, stop, sent, hasEnded } = setUp(open(1 / 3_600, 2 * 3_600_000), 1_000);
  await clock.advance(1_000_000);
  assertEquals([sent.length, hasEnded()], [1, false]);
  stop.abort();
  await settle();
  assertEquals(hasEnded(), true);
});

for (const [due, yields] of [[63, 0], [64, 1], [200, 3]] as const) {
  Deno.test(`sockets are heard ${yields} times while ${due} arrivals that are due together are launched`, async () => {
    let heard = 0;
    const { clock, sent } = setUp(open(1_000, due + 1), 1, Infinity, () => {
      heard++;
      return settle();
    });
    // The first is due at once; the others come due while the process is stopped.
    clock.jump(due * 1_000);
    for (let turn = 0; turn < 10; turn++) await clock.advance(0);
    assertEquals([sent.length, heard], [1 + due, yields]);
  });
}

Deno.test("a loop that is in time counts its launches in a row anew after each sleep", async () => {
  let heard = 0;
  const { clock, sent } = setUp(open(100, 2_000), 1, Infinity, () => {
    heard++;
    return settle();
  });
  await clock.advance(2_000_000);
  assertEquals([sent.length, heard], [200, 0]);
});

Deno.test("the clock is told of each arrival's instant and of the one after it, none after the last", async () => {
  const clock = new VirtualClock(1_000_000);
  const told: (readonly [number, number | undefined])[] = [];
  const sleepUntil = clock.sleepUntil.bind(clock);
  clock.sleepUntil = (instantUs, signal?: AbortSignal, thenUs?: number): Promise<void> => {
    told.push([instantUs - 1_000_000, thenUs && thenUs - 1_000_000]);
    return sleepUntil(instantUs, signal);
  };
  const driving = drive({
    arrivals: createArrivals({ name: "example", load: open(10, 400) }, { index: 0, count: 1 }),
    clock,
    originUs: 1_000_000,
    maxInFlight: 1,
    launch: () => Promise.resolve({ unconnected: false }),
    drop: () => {},
    signal: new AbortController().signal,
    yieldToLoop: settle,
  });
  await clock.advance(400_000);
  await driving;
  assertEquals(told, [[100_000, 200_000], [200_000, 300_000], [300_000, Infinity]]);
});

for (const [users, yields] of [[63, 0], [64, 1], [129, 2]] as const) {
  Deno.test(`sockets are heard ${yields} times while ${users} users come in the load's first instant`, async () => {
    let heard = 0;
    const stages = [{ durationMs: 1_000, from: users, to: users }];
    const { clock, sent } = setUp(
      { model: "closed", stages, thinkTimeMs: 0 },
      2_000_000,
      Infinity,
      () => {
        heard++;
        return settle();
      },
    );
    await clock.advance(1_000);
    assertEquals([sent.length, heard], [users, yields]);
    await clock.advance(3_000_000);
  });
}

Deno.test("closed model: while every user awaits an answer the loop waits for one, and goes on with who had it", async () => {
  const stages = [{ durationMs: 1_000, from: 1, to: 1 }];
  const { clock, sent, hasEnded } = setUp({ model: "closed", stages, thinkTimeMs: 0 }, 300_000);
  await clock.advance(5_000_000);
  assertEquals(sent.map(({ atUs }) => atUs), [0, 300_000, 600_000, 900_000]);
  assertEquals(hasEnded(), true);
});

Deno.test("a load of which nothing is in flight at the end has ended", async () => {
  const { clock, sent, dropped, hasEnded } = setUp(open(10, 300), 1, 0);
  await clock.advance(300_000);
  assertEquals([sent.length, dropped.length, hasEnded()], [0, 3, true]);
});

Deno.test("nothing is launched while sockets are heard", async () => {
  const heard = Promise.withResolvers<void>();
  const stages = [{ durationMs: 1_000, from: 100, to: 100 }];
  const load: LoadProfile = { model: "closed", stages, thinkTimeMs: 0 };
  const { clock, sent } = setUp(load, 2_000_000, Infinity, () => heard.promise);
  await clock.advance(1_000);
  assertEquals(sent.length, 64);
  heard.resolve();
  await clock.advance(1_000);
  assertEquals(sent.length, 100);
  await clock.advance(3_000_000);
});
