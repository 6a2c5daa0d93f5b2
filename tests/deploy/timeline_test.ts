import fc from "fast-check";
import { type Expectations, type Handshake, timelineOf } from "../../src/deploy/timeline.ts";
import { MAX_SPANS } from "../../src/deployment.ts";
import { assert, assertEquals } from "../assert.ts";
import { NEW, OLD, type Serving, THIRD, turnsAt, watch } from "./simulated_daemon.ts";

const MS = 1000;
const SECOND = 1000 * MS;
const REQUESTED = 100 * SECOND;

const EXPECTED: Expectations = {
  requestedUs: REQUESTED,
  reportedUs: REQUESTED + 200 * MS,
  before: new Set([OLD]),
  wanted: NEW,
  holdUs: 2 * SECOND,
  servedWithinUs: SECOND,
  overlapUs: 300 * MS,
};

const steady = { draw: () => ({ tookUs: 2 * MS, chosenAt: 0.5 }) };

/** 100/s from half a second before the request. */
function seen(serving: Serving, untilUs = REQUESTED + 6 * SECOND): Handshake[] {
  const fromUs = REQUESTED - 500 * MS;
  return watch(serving, { fromUs, untilUs, intervalUs: 10 * MS, ...steady });
}

Deno.test("a daemon that turns at once is served, and its turn lies between two handshakes", () => {
  const turnUs = REQUESTED + 404 * MS;
  const timeline = timelineOf(seen(turnsAt(turnUs)), EXPECTED);
  assertEquals(timeline.verdict, "served");
  assertEquals(timeline.lastOldUs, REQUESTED + 400 * MS);
  assertEquals(timeline.nextNewUs, REQUESTED + 412 * MS);
  assertEquals(timeline.firstNewUs, REQUESTED + 412 * MS);
  assertEquals(timeline.propagation, { atLeastUs: 400 * MS, atMostUs: 412 * MS });
  assertEquals(timeline.staleness, { atLeastUs: 200 * MS, atMostUs: 212 * MS });
  assertEquals(timeline.overlap, { atLeastUs: 0, atMostUs: 12 * MS });
  assertEquals(timeline.spans.map(({ state }) => state), ["old", "new"]);
});

Deno.test("a daemon that turns too late is late, by what is certain of it", () => {
  assertEquals(timelineOf(seen(turnsAt(REQUESTED + 1.2 * SECOND)), EXPECTED).verdict, "late");
  // The last handshake with the old certificate was sent just in time: that is not late for certain.
  assertEquals(timelineOf(seen(turnsAt(REQUESTED + 1.005 * SECOND)), EXPECTED).verdict, "served");
});

Deno.test("a daemon that never turns is never, and has no propagation", () => {
  const timeline = timelineOf(seen(() => OLD), EXPECTED);
  assertEquals(timeline.verdict, "never");
  assertEquals(timeline.propagation, undefined);
  assertEquals(timeline.spans.map(({ state }) => state), ["old"]);
});

Deno.test("a certificate that was never issued is never served", () => {
  const { wanted: _, ...rest } = EXPECTED;
  assertEquals(timelineOf(seen(() => OLD), { ...rest, wanted: undefined }).verdict, "never");
});

const inTurns = (fromUs: number, untilUs: number): Serving => (atUs) => {
  if (atUs < fromUs) return OLD;
  return atUs >= untilUs || Math.floor(atUs / (20 * MS)) % 2 === 0 ? NEW : OLD;
};

Deno.test("old and new in turns is mixed when it lasts, and one span", () => {
  const long = inTurns(REQUESTED + 100 * MS, REQUESTED + 700 * MS);
  const timeline = timelineOf(seen(long), EXPECTED);
  assertEquals(timeline.verdict, "mixed");
  assertEquals(timeline.spans.map(({ state }) => state), ["old", "mixed", "new"]);
  assert(timeline.overlap!.atLeastUs > 500 * MS);
  const short = inTurns(REQUESTED + 100 * MS, REQUESTED + 200 * MS);
  assertEquals(timelineOf(seen(short), EXPECTED).verdict, "served");
});

Deno.test("old and new in turns to the end of the watch has no end", () => {
  const endless = inTurns(REQUESTED + 100 * MS, Infinity);
  const handshakes = seen(endless);
  const last = handshakes.findLastIndex(({ fingerprint }) => fingerprint === OLD);
  const timeline = timelineOf(handshakes.slice(0, last + 1), EXPECTED);
  assertEquals(timeline.nextNewUs, undefined);
  assertEquals(timeline.propagation!.atMostUs, Infinity);
});

Deno.test("a third certificate is wrong, for however short", () => {
  const serving: Serving = (atUs) =>
    Math.abs(atUs - REQUESTED - 500 * MS) < 5 * MS ? THIRD : turnsAt(REQUESTED + 300 * MS)(atUs, 0);
  const timeline = timelineOf(seen(serving), EXPECTED);
  assertEquals(timeline.verdict, "wrong");
  assertEquals(timeline.wrongHandshakes, 1);
  assertEquals(timeline.spans.map(({ state }) => state), ["old", "new", "wrong", "new"]);
});

Deno.test("a third certificate before the request is what was there before", () => {
  const handshakes = seen((atUs) => atUs < REQUESTED + 300 * MS ? THIRD : NEW);
  const before = new Set([THIRD]);
  assertEquals(timelineOf(handshakes, { ...EXPECTED, before }).verdict, "served");
});

Deno.test("a key that does not fit is wrong", () => {
  const handshakes = seen(turnsAt(REQUESTED + 300 * MS)).map((each, n): Handshake =>
    n === 70 ? { ...each, fingerprint: undefined, mismatched: true } : each
  );
  assertEquals(timelineOf(handshakes, EXPECTED).verdict, "wrong");
});

Deno.test("the old certificate after the new one held has come back; before that it is a turn", () => {
  const backAfter = (ms: number): Serving => (atUs) => {
    const since = atUs - REQUESTED - 100 * MS;
    return since < 0 || since > ms * MS ? OLD : NEW;
  };
  const reverted = timelineOf(seen(backAfter(2_100)), EXPECTED);
  assertEquals(reverted.verdict, "reverted");
  assertEquals(reverted.propagation, { atLeastUs: 90 * MS, atMostUs: 102 * MS });
  assertEquals(reverted.spans.map(({ state }) => state), ["old", "new", "old"]);
  assertEquals(timelineOf(seen(backAfter(1_500)), EXPECTED).verdict, "late");
});

Deno.test("a daemon that refuses for a while was unreachable, and that is counted", () => {
  const serving: Serving = (atUs) => {
    const since = atUs - REQUESTED;
    return since > 300 * MS && since < 400 * MS
      ? undefined
      : turnsAt(REQUESTED + 350 * MS)(atUs, 0);
  };
  const timeline = timelineOf(seen(serving), EXPECTED);
  assertEquals(timeline.verdict, "served");
  assertEquals(timeline.failedHandshakes, 10);
  assertEquals(timeline.spans.map(({ state }) => state), ["old", "unreachable", "new"]);
});

Deno.test("a target that served nothing before is counted from its last failure", () => {
  const handshakes = seen((atUs) => atUs < REQUESTED + 304 * MS ? undefined : NEW);
  const timeline = timelineOf(handshakes, { ...EXPECTED, before: new Set() });
  assertEquals(timeline.verdict, "served");
  assertEquals(timeline.propagation, { atLeastUs: 300 * MS, atMostUs: 312 * MS });
  assertEquals(timeline.lastOldUs, undefined);
});

Deno.test("more spans than are kept: the shortest go, what is wrong stays", () => {
  const serving: Serving = (atUs) => {
    const n = Math.floor((atUs - REQUESTED) / (20 * MS));
    if (n === 101) return THIRD;
    return n % 2 === 0 ? NEW : undefined;
  };
  const { spans } = timelineOf(seen(serving), EXPECTED);
  assertEquals(spans.length, MAX_SPANS);
  assertEquals(spans.filter(({ state }) => state === "wrong").length, 1);
});

Deno.test("a slow handshake with the old certificate does not hide what others had meanwhile", () => {
  const at = (sentMs: number, tookMs: number, fingerprint: string): Handshake => ({
    sentUs: REQUESTED + sentMs * MS,
    doneUs: REQUESTED + (sentMs + tookMs) * MS,
    fingerprint,
  });
  const handshakes = [at(0, 1, OLD), at(10, 500, OLD), at(20, 1, NEW), at(30, 1, NEW)];
  const { spans } = timelineOf(handshakes, EXPECTED);
  const told = spans.map(({ state, fromUs, toUs }) => [
    state,
    (fromUs - REQUESTED) / MS,
    (toUs - REQUESTED) / MS,
  ]);
  assertEquals(told, [["old", 0, 20], ["new", 20, 31]]);
});

const draws = fc.array(
  fc.record({
    tookUs: fc.integer({ min: 100, max: 80 * MS }),
    chosenAt: fc.double({ min: 0, max: 1, noNaN: true }),
    process: fc.nat(3),
  }),
  { minLength: 50, maxLength: 50 },
);

const simulation = fc.record({
  draws,
  intervalUs: fc.integer({ min: 2 * MS, max: 50 * MS }),
  turnsUs: fc.array(fc.integer({ min: 0, max: 3 * SECOND }), { minLength: 1, maxLength: 4 }),
});

function simulate(
  { draws, intervalUs, turnsUs }: {
    draws: { tookUs: number; chosenAt: number; process: number }[];
    intervalUs: number;
    turnsUs: number[];
  },
): { handshakes: Handshake[]; firstUs: number; lastUs: number } {
  const turns = turnsUs.map((us) => REQUESTED + us);
  const serving: Serving = (atUs, process) => turnsAt(turns[process % turns.length]!)(atUs, 0);
  const handshakes = watch(serving, {
    fromUs: REQUESTED - 500 * MS,
    untilUs: REQUESTED + 5 * SECOND,
    intervalUs,
    draw: (n) => draws[n % draws.length]!,
  });
  return { handshakes, firstUs: Math.min(...turns), lastUs: Math.max(...turns) };
}

Deno.test("whatever the watch and its delays, one process's turn lies in the propagation that is told", () => {
  fc.assert(fc.property(simulation, (given) => {
    const one = { ...given, turnsUs: given.turnsUs.slice(0, 1) };
    const { handshakes, lastUs } = simulate(one);
    const { propagation, overlap } = timelineOf(handshakes, EXPECTED);
    const trueUs = lastUs - REQUESTED;
    assert(propagation !== undefined);
    assert(propagation.atLeastUs <= trueUs && trueUs <= propagation.atMostUs);
    assertEquals(overlap!.atLeastUs, 0);
    // No wider than the gap of the watch and the longest handshakes about it.
    assert(propagation.atMostUs - propagation.atLeastUs <= given.intervalUs * 42 + 80 * MS);
  }));
});

Deno.test("of several processes never more is claimed than was so", () => {
  fc.assert(fc.property(simulation, (given) => {
    const { handshakes, firstUs, lastUs } = simulate(given);
    const { propagation, overlap, staleness } = timelineOf(handshakes, EXPECTED);
    if (propagation === undefined) return;
    assert(propagation.atLeastUs <= lastUs - REQUESTED);
    assert(overlap!.atLeastUs <= lastUs - firstUs);
    assert(staleness!.atLeastUs <= Math.max(0, lastUs - EXPECTED.reportedUs!));
  }));
});

Deno.test("the order in which handshakes are told does not matter, and spans follow one another", () => {
  fc.assert(fc.property(simulation, fc.infiniteStream(fc.nat()), (given, random) => {
    const { handshakes } = simulate(given);
    const timeline = timelineOf(handshakes, EXPECTED);
    const keys = new Map(handshakes.map((each) => [each, random.next().value as number]));
    const shuffled = handshakes.toSorted((a, b) => keys.get(a)! - keys.get(b)!);
    assertEquals(timelineOf(shuffled, EXPECTED), timeline);
    const { spans } = timeline;
    assert(spans.length >= 1 && spans.length <= MAX_SPANS);
    assertEquals(spans[0]!.fromUs, REQUESTED);
    spans.forEach(({ fromUs, toUs }, n) => {
      assert(fromUs <= toUs);
      if (n > 0) assertEquals(fromUs, spans[n - 1]!.toUs);
    });
  }));
});
