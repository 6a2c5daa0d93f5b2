import fc from "fast-check";
import { assert, assertEquals, assertNotEquals } from "../assert.ts";
import {
  formatBytes,
  formatCores,
  formatCount,
  formatMemory,
  formatMs,
  formatPercent,
  formatRate,
  formatSeconds,
  significant,
} from "../../src/metrics/format.ts";

Deno.test("formatMs() takes the unit in which three digits say most", () => {
  const seen = [0, 0.035, 0.9996, 1.2345, 12.34, 812.4, 999.6, 2500, 90_000, 7_500_000].map(
    formatMs,
  );
  assertEquals(seen, [
    "0 ms",
    "35 µs",
    "1 ms",
    "1.23 ms",
    "12.3 ms",
    "812 ms",
    "1 s",
    "2.5 s",
    "1 min 30 s",
    "2 h 5 min",
  ]);
  assertEquals(formatMs(null), "-");
});

Deno.test("formatMs() of below a minute is within half a percent", () => {
  const factor: Record<string, number> = { µs: 0.001, ms: 1, s: 1000 };
  fc.assert(fc.property(fc.double({ min: 0.001, max: 59_000, noNaN: true }), (ms) => {
    const [number, unit] = formatMs(ms).split(" ");
    const back = Number(number) * factor[unit!]!;
    assert(Math.abs(back - ms) <= ms * 0.0051, `${ms} as ${number} ${unit}`);
  }));
});

Deno.test("formatSeconds() never says 60 s", () => {
  assertEquals([59.94, 59.96, 60, 61, 3600, 3660].map(formatSeconds), [
    "59.9 s",
    "1 min",
    "1 min",
    "1 min 1 s",
    "1 h",
    "1 h 1 min",
  ]);
});

Deno.test("formatPercent() is 0 % and 100 % only for nothing and all", () => {
  assertEquals([0, 0.00001, 0.0033, 0.123, 0.99999, 1].map(formatPercent), [
    "0 %",
    "< 0.01 %",
    "0.33 %",
    "12.3 %",
    "> 99.99 %",
    "100 %",
  ]);
  fc.assert(fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (share) => {
    assertNotEquals(formatPercent(share), "0 %");
    assertNotEquals(formatPercent(share), "100 %");
  }));
});

Deno.test("counts, rates and sizes have their separators and units", () => {
  assertEquals([0, 999, 1000, 1234567].map(formatCount), ["0", "999", "1,000", "1,234,567"]);
  assertEquals([0.5, 49.97, 1234.5].map(formatRate), ["0.5/s", "50/s", "1,235/s"]);
  assertEquals([0, 999, 1500, 2_340_000].map(formatBytes), ["0 B", "999 B", "1.5 kB", "2.34 MB"]);
  assertEquals([512 * 2 ** 20, 16 * 2 ** 30].map(formatMemory), ["512 MiB", "16 GiB"]);
});

Deno.test("numbers change their unit where three digits of the smaller one would be rounded up to the larger", () => {
  assertEquals([0.9994, 0.9995, 999.4, 999.5].map(formatMs), ["999 µs", "1 ms", "999 ms", "1 s"]);
  assertEquals([-0.5, -12.34].map(formatMs), ["-500 µs", "-12.3 ms"]);
  assertEquals([59.949, 59.95, 3599, 7199.6].map(formatSeconds), [
    "59.9 s",
    "1 min",
    "59 min 59 s",
    "2 h",
  ]);
  assertEquals([999.4, 999.5, 999.6].map(formatRate), ["999/s", "1,000/s", "1,000/s"]);
  assertEquals([0.00009, 0.0001, 0.0999, 0.1, 0.99, 0.99019, 0.9999].map(formatPercent), [
    "< 0.01 %",
    "0.01 %",
    "10 %",
    "10 %",
    "99 %",
    "99.01 %",
    "99.99 %",
  ]);
  assertEquals([0.123, 0.999, 1.5].map(formatCores), [
    "12.3 % of a core",
    "99.9 % of a core",
    "1.5 cores",
  ]);
  assertEquals([1, 1000, 1e6, 1e9, 1e12, 1e15].map(formatBytes), [
    "1 B",
    "1 kB",
    "1 MB",
    "1 GB",
    "1 TB",
    "1000 TB",
  ]);
  assertEquals([2 ** 29, 2 ** 30].map(formatMemory), ["512 MiB", "1 GiB"]);
});

Deno.test("what is not known is a dash", () => {
  for (const none of [null, undefined]) {
    assertEquals([formatMs(none), formatRate(none), formatPercent(none)], ["-", "-", "-"]);
  }
});

Deno.test("significant() has no trailing zeros and six decimals at the most", () => {
  assertEquals([0, 1234.5, 12, 0.000_123_456, 0.000_000_4].map((n) => significant(n)), [
    "0",
    "1235",
    "12",
    "0.000123",
    "0",
  ]);
  assertEquals([significant(1.26, 2), significant(-0.5)], ["1.3", "-0.5"]);
});
