import fc from "fast-check";
import { assert, assertEquals } from "../assert.ts";
import { effectOn, stalledForMs } from "../../src/lab/faults.ts";

const REQUEST = { server: "api", method: "GET", path: "/api/v1/certificates" } as const;
const never = (): number => {
  throw new Error("chance was asked");
};

Deno.test("a rule without server, method and prefix holds for every request", () => {
  const effect = effectOn([{ answer: "close" }], REQUEST, never);
  assertEquals(effect.rule?.answer, "close");
});

Deno.test("a rule for another server, method or prefix does not hold", () => {
  const rules = [
    { server: "f5", answer: "close" },
    { method: "POST", answer: "close" },
    { prefix: "/acme", answer: "close" },
  ] as const;
  assertEquals(effectOn(rules, REQUEST, never), { delayMs: 0, slowdown: 0 });
});

Deno.test("the delays of several rules add up, and the first answer is the one", () => {
  const rules = [{ latencyMs: 5 }, { latencyMs: 10, answer: "half" }, { answer: "html" }] as const;
  const effect = effectOn(rules, REQUEST, never);
  assertEquals([effect.delayMs, effect.rule?.answer], [15, "half"]);
});

Deno.test("a latency factor is the time that the answer takes, less the once that it took", () => {
  assertEquals(effectOn([{ latencyFactor: 4 }], REQUEST, never).slowdown, 3);
});

Deno.test("a share is drawn for each rule on its own", () => {
  const draws = [0.4, 0.6, 0.1];
  const rules = [
    { share: 0.3, answer: "close" },
    { share: 0.5, latencyMs: 7 },
    { share: 0.2, answer: "limited" },
  ] as const;
  const effect = effectOn(rules, REQUEST, () => draws.shift()!);
  assertEquals([effect.delayMs, effect.rule?.answer], [0, "limited"]);
});

Deno.test("jitter stays within its bounds", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 0.999999, noNaN: true }), (chance) => {
    const { delayMs } = effectOn([{ latencyMs: 10, jitterMs: 5 }], REQUEST, () => chance);
    assert(delayMs >= 10 && delayMs < 15);
  }));
});

Deno.test("a single stall holds from its start to its end", () => {
  const stalls = [{ afterMs: 100, durationMs: 50 }];
  const left = [0, 99, 100, 120, 150, 10_000].map((ms) => stalledForMs(stalls, "api", ms));
  assertEquals(left, [0, 0, 50, 30, 0, 0]);
});

Deno.test("a repeated stall comes back", () => {
  const stalls = [{ durationMs: 50, everyMs: 200 }];
  const left = [0, 49, 60, 200, 240, 260].map((ms) => stalledForMs(stalls, "api", ms));
  assertEquals(left, [50, 1, 0, 50, 10, 0]);
});

Deno.test("a stall of one server leaves the others alone", () => {
  assertEquals(stalledForMs([{ server: "f5", durationMs: 50 }], "nginx", 10), 0);
});
