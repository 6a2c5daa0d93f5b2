import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { Station, type StationOptions } from "../../src/lab/station.ts";
import { randomOf } from "../../src/random.ts";
import { meanResponse, type Queue, responseQuantile } from "../queueing.ts";

/** Response times of so many Poisson arrivals, after as many again that fill the station, in order of size. */
function responsesMs(options: StationOptions, arrivalsPerS: number, count: number): number[] {
  const station = new Station(options);
  const random = randomOf(77);
  let nowMs = 0;
  const responses: number[] = [];
  for (let n = 0; n < 1.1 * count; n++) {
    nowMs += -1000 / arrivalsPerS * Math.log(1 - random());
    const doneMs = station.arrive(nowMs)!;
    if (n >= 0.1 * count) responses.push(doneMs - nowMs);
  }
  return responses.sort((a, b) => a - b);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function assertWithin(share: number, got: number, expected: number, what: string): void {
  assert(Math.abs(got / expected - 1) < share, `${what}: got ${got}, expected ${expected}`);
}

Deno.test("a station with exponential service is theory's M/M/c: mean, median, p95 and p99", () => {
  for (const [servers, load] of [[1, 0.5], [1, 0.8], [2, 0.7], [4, 0.8], [16, 0.9]] as const) {
    const serviceMs = 20;
    const arrivalsPerS = load * servers * 1000 / serviceMs;
    const responses = responsesMs({ servers, serviceMs, queue: 1e9 }, arrivalsPerS, 400_000);
    const queue: Queue = { servers, arrivals: arrivalsPerS / 1000, serviceRate: 1 / serviceMs };
    const name = `${servers} servers at ${load}`;
    assertWithin(0.03, mean(responses), meanResponse(queue), `${name}, mean`);
    for (const quantile of [0.5, 0.95, 0.99]) {
      const got = responses[Math.floor(quantile * responses.length)]!;
      assertWithin(0.04, got, responseQuantile(queue, quantile), `${name}, ${quantile}`);
    }
  }
});

Deno.test("with constant service it is M/D/1: half of the mean wait", () => {
  const responses = responsesMs({ servers: 1, serviceMs: 10, service: "constant" }, 80, 400_000);
  // Pollaczek and Khinchin: 0.8 / (2 (1 - 0.8)) service times.
  assertWithin(0.03, mean(responses), 10 + 20, "mean");
});

Deno.test("nobody overtakes, no server is idle while one waits, and no more are served than there are servers", () => {
  const pausesMs = fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { maxLength: 100 });
  fc.assert(fc.property(fc.integer({ min: 1, max: 5 }), pausesMs, (servers, pauses) => {
    const station = new Station({ servers, serviceMs: 10, service: "constant" });
    let nowMs = 0;
    const doneMs = pauses.map((pauseMs) => station.arrive(nowMs += pauseMs)!);
    assertEquals(doneMs, doneMs.toSorted((a, b) => a - b));
    doneMs.forEach((done, n) => {
      const startMs = done - 10;
      const busy = doneMs.filter((each) => each - 10 <= startMs && each > startMs + 1e-9).length;
      assert(busy <= servers, `${busy} at once`);
      if (n >= servers) assert(startMs >= doneMs[n - servers]! - 1e-9);
    });
  }));
});

Deno.test("whoever finds the queue full is turned away, and costs nothing", () => {
  const station = new Station({ servers: 1, serviceMs: 10, service: "constant", queue: 2 });
  assertEquals([0, 0, 0, 0, 0].map((at) => station.arrive(at)), [10, 20, 30, undefined, undefined]);
  // At 10 the second is served, so that one more may wait.
  assertEquals([station.arrive(10), station.arrive(10)], [40, undefined]);
  assertEquals(station.arrive(1000), 1010);
});

Deno.test("the same seed has the same service times, another has others", () => {
  const first = (seed?: number): number =>
    new Station({ servers: 1, serviceMs: 10, ...(seed !== undefined && { seed }) }).arrive(0)!;
  assertEquals(first(), first(1));
  assert(first(2) !== first(1));
});

Deno.test("a station does what its servers can, and no more", () => {
  const station = new Station({ servers: 3, serviceMs: 30, queue: 1e9 });
  let lastMs = 0;
  for (let n = 0; n < 30_000; n++) lastMs = Math.max(lastMs, station.arrive(0)!);
  assertAlmostEquals(30_000 / (lastMs / 1000) / 100, 1, 0.02);
});
