import fc from "fast-check";
import { beforeTheClock, isBeforeTheClock, numbersBefore } from "../../src/plan/before_clock.ts";
import { assert, assertEquals } from "../assert.ts";
import { planOf } from "./catalogue.ts";

/** Years 2020 to 2095. */
const instantMs = fc.integer({ min: 1_577_836_800_000, max: 3_950_000_000_000 });

/** First and last of a kind: as many as it can send before anything of the kind begins `forMs` later. */
function spans(nowMs: number, forMs: number): readonly (readonly [number, number])[] {
  const { probe, warmup, rehearsal } = numbersBefore(nowMs * 1000);
  return [
    [probe, probe],
    ...Array.from({ length: 64 }, (_, w) => [warmup(w), warmup(w) + 30 * forMs - 1] as const),
    [rehearsal, rehearsal + 100 * forMs - 1],
  ];
}

Deno.test("what comes before the clock has numbers that no run has, and that a double holds", () => {
  assertEquals([0, 999_999_999].map(isBeforeTheClock), [false, false]);
  fc.assert(fc.property(instantMs, (nowMs) => {
    for (const number of spans(nowMs, 60_000).flat()) {
      assert(isBeforeTheClock(number) && Number.isSafeInteger(number), String(number));
    }
  }));
});

Deno.test("probe, warm-ups and rehearsal of a run do not meet, nor those of what begins later", () => {
  const later = fc.integer({ min: 1, max: 86_400_000 });
  fc.assert(fc.property(instantMs, later, (nowMs, afterMs) => {
    const all = [...spans(nowMs, afterMs), ...spans(nowMs + afterMs, 1)];
    const sorted = all.toSorted(([a], [b]) => a - b);
    for (const [n, [from]] of sorted.entries()) {
      if (n > 0) assert(from > sorted[n - 1]![1], `${nowMs} ${afterMs}`);
    }
  }));
});

Deno.test("machines that begin together do not meet either, nor a run of one machine beside them", () => {
  const apart = fc.integer({ min: 0, max: 60_000 });
  const machine = fc.integer({ min: 1, max: 9_999 });
  fc.assert(fc.property(instantMs, machine, machine, apart, (nowMs, one, other, laterMs) => {
    if (one === other) return;
    const numbersOf = (index: number, atMs: number): number[] => {
      const { probe, warmup, rehearsal } = numbersBefore(atMs * 1000, { index, count: 10_000 });
      return [probe, warmup(0), warmup(63), rehearsal];
    };
    const [a, b] = [numbersOf(one, nowMs), numbersOf(other, nowMs + laterMs)];
    for (const [n, first] of a.entries()) {
      assert(Number.isSafeInteger(first) && isBeforeTheClock(first), String(first));
      // A minute of either, at most.
      assert(Math.abs(first - b[n]!) > 100 * 60_000, `${one} ${other}`);
    }
  }));
});

function sentOf(flow: string, more = ""): string[] {
  const { scenarios: [scenario] } = planOf(`
target: { base_url: "https://ca.example:8443" }
scenarios: { one: { flow: ${flow}, rate: 10/s, duration: 10s${more} } }
`);
  return beforeTheClock(scenario!);
}

Deno.test("what is idempotent is probed, warmed up and rehearsed, unless the plan says otherwise", () => {
  assertEquals(sentOf("list_certificates"), [
    "probe: one arrival",
    "warm-up: at most 20 arrivals in 2s in each worker, more where it needs more connections",
    "rehearsal: the first 1s of the load, 10 arrivals",
  ]);
  assertEquals(sentOf("list_certificates", ", probe: false, warmup: off"), [
    "a connection to https://ca.example:8443 alone, as the plan says `probe: false`",
  ]);
});

Deno.test("what changes something is connected to alone, unless the plan wants more", () => {
  assertEquals(sentOf("create_certificate"), [
    "a connection to https://ca.example:8443 alone, as each arrival adds something at the server",
  ]);
  const wanted = ", probe: true, warmup: { requests: 1, rehearsal: 100ms }";
  assertEquals(sentOf("create_certificate", wanted), [
    "probe: one arrival",
    "warm-up: at most 1 arrival in 2s",
    "rehearsal: the first 100ms of the load, 1 arrival",
  ]);
});
