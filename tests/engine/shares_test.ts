import fc from "fast-check";
import { shareOfMachine, shareOfScenario } from "../../src/engine/sizing.ts";
import { type Arrival, createArrivals } from "../../src/pacing/arrivals.ts";
import type { LoadProfile, Scenario, Stage } from "../../src/plan/plan.ts";
import { partOf, WHOLE, type WorkerShare } from "../../src/worker_share.ts";
import { assert, assertEquals } from "../assert.ts";

/** Machines that share a run, each with so many threads. */
type Machines = readonly number[];

const machines: fc.Arbitrary<Machines> = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 16 }),
  fc.tuple(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 4 }))
    .map(([count, threads]) => Array(count).fill(threads)),
);

const stage = (most: number): fc.Arbitrary<Stage> =>
  fc.record({
    durationMs: fc.integer({ min: 1, max: 4_000 }),
    from: fc.integer({ min: 0, max: most }),
    to: fc.integer({ min: 0, max: most }),
  });

const constant: fc.Arbitrary<readonly Stage[]> = fc
  .record({ durationMs: fc.integer({ min: 1, max: 5_000 }), rate: fc.integer({ min: 1, max: 60 }) })
  .map(({ durationMs, rate }) => [{ durationMs, from: rate, to: rate }]);

const stages = (most: number): fc.Arbitrary<readonly Stage[]> =>
  fc.array(stage(most), { minLength: 1, maxLength: 4 });

const limit = fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined });

/** Every shape of a load in which arrivals are planned, evenly spaced or a Poisson process. */
const open: fc.Arbitrary<Scenario> = fc.record({
  load: fc.record({
    model: fc.constant("open" as const),
    stages: fc.oneof(constant, stages(60)),
    maxInFlight: fc.integer({ min: 1, max: 40 }),
    arrivals: fc.constantFrom("even", "poisson"),
    seed: fc.nat(1_000),
    phase: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  }),
  maxConnections: limit,
  places: limit,
}).map(({ load, ...limits }) => scenario(load, limits));

const closed: fc.Arbitrary<Scenario> = fc.record({
  stages: stages(40),
  thinkTimeMs: fc.integer({ min: 50, max: 2_000 }),
  maxConnections: limit,
}).map(({ stages, thinkTimeMs, ...limits }) =>
  scenario({ model: "closed", stages, thinkTimeMs }, limits)
);

function scenario(
  load: LoadProfile,
  limits: { readonly maxConnections?: number | undefined; readonly places?: number | undefined },
): Scenario {
  return { name: "one", load, steps: ["request"], ...limits } as unknown as Scenario;
}

function sharesOf(of: Scenario, counts: Machines): WorkerShare[] {
  return counts.flatMap((threads, index) =>
    Array.from(
      { length: threads },
      (_, thread) =>
        shareOfScenario(of, { index: thread, count: threads }, { index, count: counts.length }),
    )
  ).filter((share) => share !== undefined);
}

/** All arrivals of a share, each answered after the time that its user's are. */
function taken(of: Scenario, share: WorkerShare): Arrival[] {
  const arrivals = createArrivals(of, share);
  const all: Arrival[] = [];
  while (arrivals.peekUs() !== undefined) {
    const arrival = arrivals.take();
    all.push(arrival);
    const { user = 0, offsetUs } = arrival;
    arrivals.completed(arrival, offsetUs + 1_000 * (user % 7));
  }
  return all;
}

/** As sets are compared: no order, and a duplicate shows. */
function sorted(lines: readonly string[]): string[] {
  return lines.toSorted();
}

Deno.test("1 to 16 machines with 1 to 4 threads each send the planned instants and numbers of one, each once", () => {
  fc.assert(
    fc.property(open, machines, (of, counts) => {
      const lines = (all: readonly Arrival[]): string[] =>
        sorted(all.map(({ index, offsetUs }) => `${index} ${offsetUs}`));
      const parted = sharesOf(of, counts).flatMap((share) => taken(of, share));
      assertEquals(lines(parted), lines(taken(of, WHOLE)));
    }),
    { numRuns: 300 },
  );
});

Deno.test("users of the closed model come when they would on one machine, and no number is taken twice", () => {
  fc.assert(
    fc.property(closed, machines, (of, counts) => {
      const lines = (all: readonly Arrival[]): string[] =>
        sorted(all.map(({ user, offsetUs }) => `${user} ${offsetUs}`));
      const parted = sharesOf(of, counts).flatMap((share) => taken(of, share));
      assertEquals(lines(parted), lines(taken(of, WHOLE)));
      assertEquals(new Set(parted.map(({ index }) => index)).size, parted.length);
    }),
    { numRuns: 200 },
  );
});

Deno.test("limits are parted without a rest, and nobody who has a part of the load has none of a limit", () => {
  fc.assert(fc.property(fc.oneof(open, closed), machines, (of, counts) => {
    const shares = sharesOf(of, counts);
    const { load, maxConnections, places } = of;
    const inFlight = load.model === "open" ? load.maxInFlight : undefined;
    for (const whole of [inFlight, maxConnections, places]) {
      if (whole === undefined) continue;
      const parts = shares.map((share) => partOf(whole, share));
      assertEquals(parts.reduce((sum, part) => sum + part, 0), shares.length === 0 ? 0 : whole);
      assert(parts.every((part) => part >= 1), `${parts}`);
    }
  }));
});

Deno.test("a machine's part is the same whatever threads it and the others have", () => {
  fc.assert(fc.property(open, machines, fc.nat(10_000), (of, counts, total) => {
    for (const [index, threads] of counts.entries()) {
      const machine = { index, count: counts.length };
      const whole = shareOfMachine(of, machine);
      const workers = Array.from(
        { length: threads },
        (_, thread) => shareOfScenario(of, { index: thread, count: threads }, machine),
      ).filter((share) => share !== undefined);
      const part = workers.reduce((sum, share) => sum + partOf(total, share), 0);
      assertEquals(part, whole === undefined ? 0 : partOf(total, whole));
    }
  }));
});
