import fc from "fast-check";
import { beforeTheClock, isBeforeTheClock, numbersBefore } from "../../src/plan/before_clock.ts";
import { assert, assertEquals } from "../assert.ts";
import { planOf } from "./catalogue.ts";

/** Years 2020 to 2100. */
const instantUs = fc.integer({ min: 1_577_836_800, max: 4_102_444_800 }).map((s) => s * 1e6);
const worker = fc.integer({ min: 0, max: 63 });
/** A warm-up's most, and as many connections as are opened at one time. */
const arrival = fc.integer({ min: 0, max: 10_000 + 256 });

Deno.test("what comes before the clock has numbers that no run has, and that a double holds", () => {
  assertEquals([0, 999_999_999].map(isBeforeTheClock), [false, false]);
  fc.assert(fc.property(instantUs, worker, arrival, (nowUs, w, n) => {
    const { probe, warmup, rehearsal } = numbersBefore(nowUs);
    for (const number of [probe, warmup(w) + n, rehearsal + 1_000_000_000]) {
      assert(isBeforeTheClock(number) && Number.isSafeInteger(number), String(number));
    }
  }));
});

Deno.test("probe, each worker's warm-up and rehearsal do not meet, nor those of another second", () => {
  const of = fc.tuple(instantUs, worker, arrival);
  fc.assert(fc.property(of, of, ([oneUs, w1, n1], [otherUs, w2, n2]) => {
    const [one, other] = [numbersBefore(oneUs), numbersBefore(otherUs)];
    const isSame = oneUs === otherUs && w1 === w2 && n1 === n2;
    assertEquals(one.warmup(w1) + n1 === other.warmup(w2) + n2, isSame);
    assert(one.probe !== other.warmup(w2) + n2);
    assert(one.rehearsal > other.warmup(w2) + n2 && one.rehearsal > other.probe);
    assertEquals(one.probe === other.probe, oneUs === otherUs);
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
