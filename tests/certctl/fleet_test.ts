import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { Fleet, type FleetOptions, type Poll, pollsPerSecond } from "../../src/certctl/fleet.ts";

const CERTCTL: FleetOptions = {
  agents: 5000,
  heartbeatMs: 60_000,
  workMs: 30_000,
  jitterMs: 2_000,
  seed: 1,
};

function polls(options: FleetOptions, count: number, from = 0): Poll[] {
  const fleet = new Fleet(options);
  return Array.from({ length: count }, (_, n) => fleet.poll(from + n));
}

/** Gaps between the polls of one kind of each agent, in milliseconds of the fleet's even rate. */
function gapsMs(options: FleetOptions, kind: Poll["kind"], seconds: number): number[] {
  const everyMs = 1000 / pollsPerSecond(options);
  const lastMs = new Map<number, number>();
  const gaps: number[] = [];
  polls(options, Math.floor(seconds * pollsPerSecond(options))).forEach((poll, n) => {
    if (poll.kind !== kind) return;
    const atMs = n * everyMs;
    const before = lastMs.get(poll.agent);
    if (before !== undefined) gaps.push(atMs - before);
    lastMs.set(poll.agent, atMs);
  });
  return gaps;
}

Deno.test("5,000 agents of certctl's ask 250 times a second: two looks for work for each heartbeat", () => {
  assertEquals(pollsPerSecond(CERTCTL), 250);
  const kinds = polls(CERTCTL, 15_000).map(({ kind }) => kind);
  assertEquals(kinds.filter((kind) => kind === "heartbeat").length, 5000);
});

Deno.test("each agent asks once in every period, within the jitter", () => {
  for (const [kind, periodMs] of [["heartbeat", 60_000], ["work", 30_000]] as const) {
    const gaps = gapsMs({ ...CERTCTL, agents: 500 }, kind, 240);
    assert(gaps.length >= 500 * (240_000 / periodMs - 2), `${gaps.length} gaps`);
    // A place in the order is some milliseconds; blocks and kinds do not divide evenly.
    const slackMs = 2_000 + 2 * 1000 / pollsPerSecond({ ...CERTCTL, agents: 500 });
    assert(gaps.every((gap) => Math.abs(gap - periodMs) <= slackMs), `${Math.max(...gaps)}`);
    const early = gaps.filter((gap) => gap < periodMs - 500).length;
    assert(early > gaps.length / 20, "jitter moves polls");
  }
});

Deno.test("without jitter every gap is the period, to a place", () => {
  const options = { ...CERTCTL, agents: 60, jitterMs: 0 };
  const gaps = gapsMs(options, "heartbeat", 300);
  const placeMs = 1000 / pollsPerSecond(options);
  assert(gaps.every((gap) => Math.abs(gap - 60_000) <= placeMs + 1e-6));
});

Deno.test("whatever the periods: each round of each kind asks every agent exactly once", () => {
  const options = fc.record({
    agents: fc.integer({ min: 1, max: 40 }),
    heartbeatMs: fc.integer({ min: 1, max: 5000 }),
    workMs: fc.integer({ min: 1, max: 5000 }),
    jitterMs: fc.integer({ min: 0, max: 8000 }),
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  });
  fc.assert(fc.property(options, (given) => {
    const all = polls(given, 400);
    for (const kind of ["heartbeat", "work"] as const) {
      const agents = all.filter((poll) => poll.kind === kind).map(({ agent }) => agent);
      for (let from = 0; from + given.agents <= agents.length; from += given.agents) {
        if (new Set(agents.slice(from, from + given.agents)).size !== given.agents) return false;
      }
    }
    return all.every(({ agent }) => agent >= 0 && agent < given.agents);
  }));
});

Deno.test("poll n follows from n and the seed alone: threads that take turns ask what one alone would", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 1000 }),
      (threads, seed) => {
        const options = { ...CERTCTL, agents: 90, seed };
        const alone = polls(options, 900);
        const fleets = Array.from({ length: threads }, () => new Fleet(options));
        const shared = alone.map((_, n) => fleets[n % threads]!.poll(n));
        return JSON.stringify(shared) === JSON.stringify(alone);
      },
    ),
    { numRuns: 20 },
  );
});

Deno.test("another seed is another order", () => {
  const [one, other] = [1, 2].map((seed) => polls({ ...CERTCTL, seed }, 200));
  assert(JSON.stringify(one) !== JSON.stringify(other));
});
