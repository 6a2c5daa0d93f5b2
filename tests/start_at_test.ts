import fc from "fast-check";
import { isoOfUs, parseStartAt } from "../src/start_at.ts";
import { assert, assertEquals, assertMatch } from "./assert.ts";

const NOW_MS = Date.UTC(2026, 10, 28, 4, 0, 0);

Deno.test("an instant is one of RFC 3339 with its zone, or seconds since 1970", () => {
  const halfPast = (NOW_MS + 1_800_000) * 1000;
  const same = [
    "2026-11-28T04:30:00Z",
    "2026-11-28t04:30:00z",
    "2026-11-28 04:30:00+00:00",
    "2026-11-28T10:00:00+05:30",
    "1795840200",
    " 1795840200 ",
    "1795840200.0",
  ];
  for (const text of same) assertEquals(parseStartAt(text, NOW_MS), halfPast);
  assertEquals(parseStartAt("2026-11-28T04:30:00.000250Z", NOW_MS), halfPast + 250);
  assertEquals(parseStartAt("1795840200.25", NOW_MS), halfPast + 250_000);
});

Deno.test("an instant that is over is one; how late it is, is told by who is late", () => {
  assertEquals(parseStartAt("2026-11-28T03:59:58Z", NOW_MS), (NOW_MS - 2_000) * 1000);
});

Deno.test("what is no instant, or one without a zone, or one that nobody means, is told with its value", () => {
  const others = [
    "",
    "soon",
    "04:30",
    "2026-11-28T04:30:00",
    "2026-11-28",
    "2026-02-31T00:00:00Z",
    "2026-11-28T25:30:00Z",
    "-5",
    "1e9",
  ];
  for (const text of others) {
    const told = parseStartAt(text, NOW_MS);
    assertEquals(
      told,
      "must be an instant of RFC 3339 with its zone, as 2026-11-28T04:30:00Z, or seconds since " +
        `1970 (date +%s): it is ${JSON.stringify(text)}`,
    );
  }
  // Milliseconds are a slip.
  assertMatch(String(parseStartAt("1795840200000", NOW_MS)), /^is \d{8} days away, and 7 is/);
  assertMatch(String(parseStartAt("2027-11-28T04:30:00Z", NOW_MS)), /^is 365 days away/);
});

Deno.test("instants are written to the microsecond and read again", () => {
  assertEquals(isoOfUs((NOW_MS + 1) * 1000 + 25), "2026-11-28T04:00:00.001025Z");
  const us = fc.integer({ min: 0, max: NOW_MS * 1000 });
  fc.assert(fc.property(us, (instantUs) => {
    const text = isoOfUs(instantUs);
    assertEquals(parseStartAt(text, NOW_MS), instantUs);
    assert(/\.\d{6}Z$/.test(text), text);
  }));
});
