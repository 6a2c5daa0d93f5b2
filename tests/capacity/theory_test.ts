import { assert, assertAlmostEquals } from "../assert.ts";
import { bucketRefused, crossing, erlangC, mmcBeyond } from "./theory.ts";
import { BucketServer, QueueServer } from "./simulation.ts";
import { randomOf } from "../../src/random.ts";

Deno.test("Erlang's C agrees with the tables, and with M/M/1, where it is the utilization", () => {
  assertAlmostEquals(erlangC(1, 0.7), 0.7, 1e-12);
  // A = 2 erlangs at 3 servers, A = 8 at 10.
  assertAlmostEquals(erlangC(3, 2 / 3), 0.444444, 1e-5);
  assertAlmostEquals(erlangC(10, 0.8), 0.40918, 1e-5);
});

Deno.test("M/M/1's response time is exponential, and M/M/c's is without the queue as c grows", () => {
  assertAlmostEquals(mmcBeyond(1, 100, 80, 0.1), Math.exp(-2), 1e-12);
  assertAlmostEquals(mmcBeyond(200, 1, 20, 2), Math.exp(-2), 1e-9);
});

Deno.test("a bucket of one token refuses what comes before the next one: M/D/1/1", () => {
  assertAlmostEquals(bucketRefused(1, 0.5), 0.5 / 1.5, 1e-12);
  assertAlmostEquals(bucketRefused(500, 2), 0.5, 1e-6);
});

/** Poisson arrivals at `perS` for `seconds`. */
function* arrivals(random: () => number, perS: number, seconds: number): Generator<number> {
  for (let atS = 0; (atS -= Math.log(1 - random()) / perS) < seconds;) yield atS;
}

Deno.test("the simulated servers do as theory says", () => {
  const random = randomOf(5);
  const queue = new QueueServer({ servers: 4, perS: 50, random });
  let [slow, all] = [0, 0];
  for (const atS of arrivals(random, 160, 4000)) {
    all++;
    if (queue.serve(atS).doneS - atS > 0.07) slow++;
  }
  const share = mmcBeyond(4, 50, 160, 0.07);
  assert(Math.abs(slow / all / share - 1) < 0.05, `${slow / all} slow, ${share} by theory`);
  const bucket = new BucketServer(100, 10, 0, random);
  let [refused, asked] = [0, 0];
  for (const atS of arrivals(random, 105, 4000)) {
    asked++;
    if (bucket.serve(atS).failure !== undefined) refused++;
  }
  const expected = bucketRefused(10, 1.05);
  assert(Math.abs(refused / asked / expected - 1) < 0.05, `${refused / asked}, ${expected}`);
});

Deno.test("crossing() finds where a rising function reaches a value", () => {
  assertAlmostEquals(crossing((x) => x ** 2, 2, 0, 2), Math.SQRT2, 1e-12);
});
