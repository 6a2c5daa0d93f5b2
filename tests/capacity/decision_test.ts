import { assert, assertEquals } from "../assert.ts";
import { type Block, LevelDecision, rulesFor } from "../../src/capacity/decision.ts";
import { designEffect } from "../../src/capacity/design_effect.ts";
import { randomOf } from "../../src/random.ts";

const P95 = { text: "p95 < 2s", kind: "latency", allowed: 0.05, limitMs: 2000 } as const;
const ERRORS = { text: "error_rate < 1%", kind: "errors", allowed: 0.01 } as const;
const BRACKET = rulesFor({ purpose: "bracket", atMostMs: 30_000 });

function block(beyond: number, of: number, more: Partial<Block> = {}): Block {
  const tallies = [{ beyond, of }];
  const usual = {
    durationMs: 1000,
    arrivals: of,
    finished: of,
    failed: 0,
    dropped: 0,
    inFlight: 5,
  };
  return { ...usual, tallies, ...more };
}

/** Binomial: how many of `n` lie beyond. */
function drawn(random: () => number, n: number, share: number): number {
  let beyond = 0;
  for (let i = 0; i < n; i++) if (random() < share) beyond++;
  return beyond;
}

/** What a level of such a share is called, and after how many seconds; independent requests. */
function level(random: () => number, share: number, perS: number): [string | undefined, number] {
  const decision = new LevelDecision([P95], { ...BRACKET, holdsFromMs: 0 });
  for (let second = 1; second <= 600; second++) {
    const said = decision.add(block(drawn(random, perS, share), perS));
    if (said !== undefined) return [said, second];
  }
  return [undefined, 600];
}

Deno.test("LevelDecision errs in about one of a hundred levels at 4 % and at 6 %, and sooner away from them", () => {
  const random = randomOf(7);
  const levels = 300;
  const wrong = { holds: 0, broken: 0 };
  let [near, far] = [0, 0];
  for (let i = 0; i < levels; i++) {
    const [good, goodS] = level(random, 0.04, 50);
    const [bad, badS] = level(random, 0.06, 50);
    if (good !== "holds") wrong.holds++;
    if (bad !== "broken") wrong.broken++;
    near += (goodS + badS) / 2;
    far += level(random, 0.3, 50)[1];
  }
  assert(wrong.holds <= 0.03 * levels, `${wrong.holds} levels of 4 % were not held to hold`);
  assert(wrong.broken <= 0.03 * levels, `${wrong.broken} levels of 6 % were not held to be broken`);
  assert(far < near / 3, `${far / levels} s at 30 %, ${near / levels} s near the limit`);
});

Deno.test("what is answered after the load counts: nothing can be seen to take longer than the level", () => {
  const decision = new LevelDecision([P95], rulesFor({ purpose: "probe", atMostMs: 4000 }));
  for (let second = 0; second < 4; second++) decision.add(block(0, 12, { arrivals: 320 }));
  assertEquals(decision.conclude().decision, "holds");
  const { decision: late, by, limits } = decision.conclude([{ beyond: 900, of: 1000 }]);
  assertEquals([late, by], ["broken", "test"]);
  // The first second is not judged.
  assertEquals([limits[0]!.beyond, limits[0]!.of], [900, 1036]);
});

Deno.test("a limit that allows all holds, whatever fails, and its evidence is a number", () => {
  const all = { text: "error_rate <= 100%", kind: "errors", allowed: 1 } as const;
  for (const failed of [0, 10]) {
    const decision = new LevelDecision([all], BRACKET);
    for (let second = 0; second < 20; second++) decision.add(block(failed, 10));
    const { limits, ...concluded } = decision.conclude();
    assertEquals([concluded.decision, Number.isFinite(limits[0]!.evidence)], ["holds", true]);
  }
});

Deno.test("LevelDecision wants more of requests that are slow together, and is not sure as soon", () => {
  const alone = new LevelDecision([P95], BRACKET);
  const together = new LevelDecision([P95], BRACKET);
  for (let second = 0; second < 20; second++) {
    alone.add(block(8, 100));
    together.add(block(second % 10 === 5 ? 80 : 0, 100));
  }
  assertEquals(alone.conclude().by, "test");
  assertEquals(alone.conclude().decision, "broken");
  const unsure = together.conclude();
  assertEquals([unsure.decision, unsure.by], ["broken", "point"]);
  assert(unsure.limits[0]!.designEffect > 10);
});

Deno.test("designEffect() is near 1 of independent requests, and sees what lasts longer than a block", () => {
  const random = randomOf(3);
  const independent = Array.from(
    { length: 64 },
    () => ({ beyond: drawn(random, 200, 0.05), of: 200 }),
  );
  assert(designEffect(independent) < 2.5, `${designEffect(independent)}`);
  const lasting = Array.from(
    { length: 64 },
    (_, at) => ({ beyond: at % 16 < 8 ? 20 : 0, of: 200 }),
  );
  const single = lasting.map((_, at) => ({ beyond: at % 2 === 0 ? 20 : 0, of: 200 }));
  assert(designEffect(lasting) > 3 * designEffect(single));
});

Deno.test("LevelDecision is undecided without a sample, and holds or breaks by the share where its time is over", () => {
  const silent = new LevelDecision([P95], BRACKET);
  for (let i = 0; i < 30; i++) silent.add(block(0, 0, { arrivals: 50 }));
  assertEquals([silent.conclude().decision, silent.conclude().by], ["undecided", "no_samples"]);
  const few = new LevelDecision([P95], BRACKET);
  for (let i = 0; i < 30; i++) few.add(block(i % 15 === 14 ? 1 : 0, 2));
  assertEquals([few.conclude().decision, few.conclude().by], ["holds", "point"]);
});

Deno.test("of a server that answered nothing it is said, with how much it was asked and for how long", () => {
  const silent = new LevelDecision([P95, ERRORS], rulesFor({ purpose: "probe", atMostMs: 3_000 }));
  const nothing = { beyond: 0, of: 0 };
  for (let second = 0; second < 3; second++) {
    silent.add(block(0, 0, { arrivals: 140, inFlight: 140, tallies: [nothing, nothing] }));
  }
  const { decision, by, reason } = silent.conclude();
  assertEquals([decision, by], ["undecided", "no_samples"]);
  assertEquals(reason, "none of 420 arrivals was answered within 3 s");
  silent.add(block(0, 0, { finished: 1, tallies: [nothing, nothing] }));
  assertEquals(silent.conclude().reason, 'nothing told whether "p95 < 2s" holds');
});

Deno.test("LevelDecision breaks by the limit that is broken, whatever the others say", () => {
  const decision = new LevelDecision([P95, ERRORS], BRACKET);
  const tallies = [{ beyond: 0, of: 90 }, { beyond: 10, of: 100 }];
  let said: string | undefined;
  for (let i = 0; i < 10 && said === undefined; i++) {
    said = decision.add(block(0, 100, { tallies }));
  }
  assertEquals(said, "broken");
  assert(decision.conclude().reason.includes("error_rate < 1%"), decision.conclude().reason);
});

/** A queue of one server, second by second, at a rate by its capacity. */
function queue(random: () => number, perS: number, capacity: number, seconds: number): Block[] {
  let waiting = 0;
  return Array.from({ length: seconds }, () => {
    const arrivals = drawn(random, perS * 10, 0.1);
    const finished = Math.min(waiting + arrivals, drawn(random, capacity * 10, 0.1));
    waiting += arrivals - finished;
    return block(0, finished, { arrivals, finished, inFlight: waiting });
  });
}

/** The second at which a queue is called growing. */
function calledGrowing(blocks: readonly Block[]): number | undefined {
  const decision = new LevelDecision([P95], { ...BRACKET, holdsFromMs: Infinity });
  const at = blocks.findIndex((each) => decision.add(each) === "broken");
  if (at < 0) return undefined;
  assertEquals(decision.conclude().by, "backlog");
  return at + 1;
}

Deno.test("a queue that grows ends a level within seconds, long before its answers say that they are slow", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const second = calledGrowing(queue(randomOf(seed), 800, 200, 30));
    assert(second !== undefined && second <= 8, `seed ${seed}: ${second}`);
  }
});

Deno.test("a queue at its capacity, and a pause that was got over, are not called growing", () => {
  let called = 0;
  for (let seed = 1; seed <= 100; seed++) {
    if (calledGrowing(queue(randomOf(seed), 200, 200, 60)) !== undefined) called++;
  }
  assert(called <= 3, `${called} of 100 queues at capacity`);
  const pause = Array.from({ length: 30 }, (_, at) => {
    const inFlight = Math.max(5, at < 13 ? (at - 9) * 200 : 600 - (at - 12) * 200);
    return block(0, 200, { inFlight });
  });
  assertEquals(calledGrowing(pause), undefined);
});

Deno.test("a recovery ends once five seconds were calm, and says since when; or that they never were", () => {
  const rules = rulesFor({ purpose: "recover", atMostMs: 30_000 });
  const decision = new LevelDecision([P95], rules);
  const said = [60, 50, 30, 1, 2, 0, 3, 1].map((beyond) => decision.add(block(beyond, 100)));
  assertEquals(said.indexOf("holds"), 7);
  assertEquals(decision.conclude().calmAfterMs, 3000);
  const never = new LevelDecision([P95], rules);
  for (let i = 0; i < 30; i++) never.add(block(60, 100));
  assertEquals([never.conclude().decision, never.conclude().calmAfterMs], ["broken", null]);
});

Deno.test("steadyPerS is of the latter half: a burst that was allowed at first is not what a limiter lets through", () => {
  const decision = new LevelDecision([ERRORS], BRACKET);
  for (const failed of [0, 0, 50, 50]) decision.add(block(failed, 100, { failed }));
  assertEquals(decision.conclude().steadyPerS, 50);
});
