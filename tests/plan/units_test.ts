import fc from "fast-check";
import {
  duration,
  formatDuration,
  formatPlanRate,
  parseDuration,
  parseRate,
  parseShare,
  rate,
} from "../../src/plan/units.ts";
import { assertAlmostEquals, assertEquals, assertLess } from "../assert.ts";
import { cpuMsOf } from "../cpu.ts";

Deno.test("parseDuration() reads one part or several, and answers in milliseconds", () => {
  const rows: readonly [string, number][] = [
    ["300ms", 300],
    ["5s", 5000],
    ["5m", 300_000],
    ["2min", 120_000],
    ["1h30m", 5_400_000],
    ["1h 30m", 5_400_000],
    ["1.5s", 1500],
    ["500us", 0.5],
    ["90d", 7_776_000_000],
    ["0", 0],
    ["0.3s", 300],
  ];
  for (const [text, expected] of rows) assertEquals(parseDuration(text), expected, text);
});

Deno.test("parseDuration() takes no bare number, sign, unknown unit, or parts out of order", () => {
  for (
    const text of ["5", "-5s", "5 parsecs", "30m1h", "1s1s", "", "s", "1e3s", "1..5s", "900000d"]
  ) {
    assertEquals(parseDuration(text), undefined, text);
  }
});

Deno.test("formatDuration() writes what parseDuration() reads back", () => {
  const rows: readonly [number, string][] = [
    [0, "0s"],
    [0.5, "500us"],
    [300, "300ms"],
    [1500, "1.5s"],
    [90_000, "1m30s"],
    [5_400_000, "1h30m"],
    [7_776_000_000, "90d"],
  ];
  for (const [value, expected] of rows) assertEquals(formatDuration(value), expected);
  fc.assert(fc.property(fc.integer({ min: 0, max: 1e12 }), (us) => {
    const ms = us / 1000;
    assertAlmostEquals(parseDuration(formatDuration(ms)) ?? NaN, ms, 1e-9 * ms + 1e-9);
  }));
});

Deno.test("parseRate() reads a number per second, minute or hour, and answers per second", () => {
  assertEquals(parseRate("50/s"), 50);
  assertEquals(parseRate("0.5/s"), 0.5);
  assertEquals(parseRate("100/min"), 100 / 60);
  assertEquals(parseRate("3000 / h"), 3000 / 3600);
  for (const text of ["50", "-1/s", "50/day", "/s", "50rps", "1e9/s", "99999999/s"]) {
    assertEquals(parseRate(text), undefined, text);
  }
});

Deno.test("formatPlanRate() keeps the unit in which the number is short", () => {
  for (const text of ["50/s", "0.5/s", "100/min", "3001/h", "1/h", "0/s"]) {
    assertEquals(formatPlanRate(parseRate(text) ?? NaN), text);
  }
  fc.assert(fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (perS) => {
    assertAlmostEquals(parseRate(formatPlanRate(perS)) ?? NaN, perS, 1e-9 * perS + 1e-18);
  }));
});

Deno.test("parseShare() reads a percentage or the share itself", () => {
  assertEquals(parseShare("1%"), 0.01);
  assertEquals(parseShare("0.1 %"), 0.001);
  assertEquals(parseShare("0.01"), 0.01);
  for (const text of ["2", "101%", "-1%", "%"]) assertEquals(parseShare(text), undefined, text);
  fc.assert(fc.property(fc.integer({ min: 0, max: 10_000 }), (hundredths) => {
    assertAlmostEquals(parseShare(`${hundredths / 100}%`) ?? NaN, hundredths / 10_000, 1e-9);
  }));
});

Deno.test("duration() and rate() are schemas that read text and can write it again", () => {
  assertEquals(duration().parse("1h30m"), 5_400_000);
  assertEquals(duration().encode(5_400_000), "1h30m");
  assertEquals(duration().prefault("90d").parse(undefined), 7_776_000_000);
  assertEquals(rate().parse("100/min"), 100 / 60);
});

Deno.test("duration() asks for a unit where there is none, and offers one", () => {
  const [issue] = duration().safeParse(30).error?.issues ?? [];
  assertEquals(issue?.message, "must be a duration such as 300ms, 30s or 1h30m");
  assertEquals(issue?.code === "custom" && issue.params, { instead: "30s" });
});

Deno.test("quantities are written with the fewest parts", () => {
  assertEquals([0, 0.5, 5, 5000, 65_000, 3_600_000, 90_000_000].map(formatDuration), [
    "0s",
    "500us",
    "5ms",
    "5s",
    "1m5s",
    "1h",
    "1d1h",
  ]);
});

Deno.test("a quantity of a hundred thousand digits is refused in a moment", () => {
  const tookMs = cpuMsOf(() => {
    for (const unit of ["1", ".5", "1m ", "1. "]) {
      const text = `${unit.repeat(50_000)}x`;
      assertEquals([parseDuration(text), parseRate(text), parseShare(text)], [
        undefined,
        undefined,
        undefined,
      ]);
    }
  });
  assertLess(tookMs, 2_000);
});

Deno.test("a duration is a hundred years at most", () => {
  assertEquals(parseDuration("36500d"), 36_500 * 86_400_000);
  assertEquals(parseDuration("36500d1ms"), undefined);
});
