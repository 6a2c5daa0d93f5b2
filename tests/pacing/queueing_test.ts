/**
 * What spacing does to response times: a simulated server that takes one request after the other, 10 ms each with a
 * coefficient of variation of 0.3 (lognormal), at 80 % load. docs/plan.md tells these figures.
 */
import { arrivalSequence } from "../../src/plan/arrival_sequence.ts";
import type { ArrivalKind } from "../../src/plan/plan.ts";
import { randomOf } from "../../src/random.ts";
import { assertAlmostEquals } from "../assert.ts";

const SERVICE_MS = 10;
const CV = 0.3;
const LOAD = 0.8;

/** In milliseconds, sorted. */
function responseTimes(arrivals: ArrivalKind, seed: number, count = 250_000): Float64Array {
  const ratePerS = LOAD / (SERVICE_MS / 1000);
  const stages = [{ durationMs: count / ratePerS * 1000, from: ratePerS, to: ratePerS }];
  const load = { model: "open", stages, maxInFlight: count, arrivals, seed, phase: 0 } as const;
  const next = arrivalSequence({ name: "list", load });
  const random = randomOf(seed);
  const sigma = Math.sqrt(Math.log(1 + CV ** 2));
  const times: number[] = [];
  let freeMs = 0;
  for (let atUs = next(); atUs !== undefined; atUs = next()) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    freeMs = Math.max(freeMs, atUs / 1000) + SERVICE_MS * Math.exp(sigma * normal - sigma ** 2 / 2);
    times.push(freeMs - atUs / 1000);
  }
  return Float64Array.from(times).sort();
}

const SEEDS = [1, 2, 3];

/** The mean over the seeds. */
function over(arrivals: ArrivalKind, of: (times: Float64Array) => number): number {
  return SEEDS.reduce((sum, seed) => sum + of(responseTimes(arrivals, seed)), 0) / SEEDS.length;
}

const percentile = (share: number) => (times: Float64Array): number =>
  times[Math.ceil(share * times.length) - 1]!;
const mean = (times: Float64Array): number =>
  times.reduce((sum, time) => sum + time, 0) / times.length;

Deno.test("even spacing hides the queue of a server at 80 % load: its p99 is 22 ms evenly spaced, 123 ms with Poisson arrivals", () => {
  assertAlmostEquals(over("even", percentile(0.99)), 22, 1);
  assertAlmostEquals(over("poisson", percentile(0.99)), 123, 8);
});

Deno.test("the mean response time with Poisson arrivals is that of Pollaczek and Khinchine", () => {
  const expectedMs = SERVICE_MS * (1 + LOAD * (1 + CV ** 2) / (2 * (1 - LOAD)));
  assertAlmostEquals(over("poisson", mean), expectedMs, 0.03 * expectedMs);
});
