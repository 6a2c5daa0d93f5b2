import { assert, assertEquals } from "../assert.ts";
import { type LevelFacts, whoGaveOut } from "../../src/capacity/who.ts";

const BROKEN: LevelFacts = {
  decided: {
    decision: "broken",
    by: "test",
    reason: '9 % of 1,000 beyond "p95 < 2s", of which 5 % may be',
    limits: [{
      text: "p95 < 2s",
      allowed: 0.05,
      beyond: 90,
      of: 1000,
      designEffect: 1,
      evidence: 9,
      decision: "broken",
    }],
  },
  reasons: [],
  warnings: [],
  offeredPerS: 100,
  sentPerS: 100,
  dropped: 0,
  arrivals: 1000,
  peakInFlight: 300,
  maxInFlight: 10_000,
  workerCpu: 0.2,
  lagP95Ms: 0.3,
  responseP95Ms: 3000,
  serviceBeyond: [0.09],
  failures: {},
  finished: 1000,
};

Deno.test("a level that broke with a generator in order is the server's", () => {
  const blame = whoGaveOut(BROKEN);
  assertEquals([blame.who, blame.sure, blame.limiter], ["server", true, false]);
  assertEquals(blame.why, BROKEN.decided.reason);
});

Deno.test("a level that holds is nobody's, unless its run was invalid by more than lateness", () => {
  const decided = { ...BROKEN.decided, decision: "holds" } as const;
  assertEquals(whoGaveOut({ ...BROKEN, decided }).who, "none");
  const because = (code: "generator_lag" | "generator_stalled" | "host_cpu"): string => {
    const reasons = [{ code, cause: "generator", message: "It was late" }] as const;
    return whoGaveOut({ ...BROKEN, decided, reasons }).who;
  };
  // From planned instants on: what was late took longer by that, and is within the limits all the same.
  assertEquals([because("generator_lag"), because("generator_stalled")], ["none", "none"]);
  assertEquals(because("host_cpu"), "generator");
  assertEquals(whoGaveOut({ ...BROKEN, decided, sentPerS: 80 }).who, "generator");
});

Deno.test("the generator is named before the server, by each fact that leaves no doubt", () => {
  const facts: Partial<LevelFacts>[] = [
    {
      reasons: [{
        code: "generator_cpu",
        cause: "generator",
        message: "Worker 0 had no time left",
      }],
    },
    { dropped: 50, peakInFlight: 30, maxInFlight: 1000 },
    { sentPerS: 80 },
    { lagP95Ms: 2500, serviceBeyond: [0.001] },
  ];
  for (const fact of facts) {
    const blame = whoGaveOut({ ...BROKEN, ...fact });
    assertEquals([blame.who, blame.sure], ["generator", true], JSON.stringify(fact));
    assert(blame.why.length > 10);
  }
});

Deno.test("arrivals that were dropped with all that may be in flight under way are the server's doing", () => {
  const blame = whoGaveOut({ ...BROKEN, dropped: 50, peakInFlight: 1000, maxInFlight: 1000 });
  assertEquals(blame.who, "server");
});

Deno.test("what may be the generator's leaves a doubt, which another try has to settle", () => {
  for (
    const fact of [
      { workerCpu: 0.85 },
      { lagP95Ms: 900 },
      { warnings: [{ code: "generator_stalled", cause: "generator", message: "It stood still" }] },
    ] satisfies Partial<LevelFacts>[]
  ) {
    assertEquals(whoGaveOut({ ...BROKEN, ...fact }).sure, false, JSON.stringify(fact));
  }
});

Deno.test("a wall of 429 is a limit of policy, and other failures are told by their class", () => {
  const wall = whoGaveOut({ ...BROKEN, failures: { rate_limited: 400, timeout: 3 } });
  assertEquals([wall.who, wall.limiter], ["server", true]);
  assertEquals(wall.why, "a limiter answered 429 to 40 %: a limit of policy, not of the machine");
  const errors = whoGaveOut({
    ...BROKEN,
    failures: { status_5xx: 200, rate_limited: 10 },
    serverNotes: ["25 of 25 connections to its database in use"],
  });
  assertEquals(errors.limiter, false);
  assert(errors.why.includes("status_5xx on 20 %"), errors.why);
  assert(errors.why.endsWith("25 of 25 connections to its database in use"), errors.why);
});
