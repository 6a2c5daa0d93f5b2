/** Expected figures were worked out by hand, and stand here as they are written down: no formula of the source's. */
import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "../assert.ts";
import { demandsOf, renewalsPerS, replaceAllS, SHAPES, totalPerS } from "../../src/fleet/demand.ts";
import { LETS_ENCRYPT_PER_S } from "../../src/fleet/sources.ts";
import { PROFILE_NAMES } from "../../src/plan/lifetime_profiles.ts";
import { demandFrom, fleetFrom } from "./fleets.ts";

function assertRate(got: number, expected: number, digits = 3): void {
  assertEquals(Number(got.toPrecision(digits)), expected);
}

Deno.test("50,000 certificates: what comes to a day and a second, by lifetime", () => {
  for (
    const [lifetime, perDay, perS, gets] of [
      // 50,000 / 60 d; / 31.333 d; / 80 h. A quarter of a day between two polls.
      ["90d", 833, 0.00965, 240],
      ["47d", 1596, 0.0185, 125],
      ["160h", 15_000, 0.174, 13.3],
      ["200d", 375, 0.00434, 533],
      ["100d", 750, 0.00868, 267],
    ] as const
  ) {
    const fleet = fleetFrom({ lifetime });
    const { rates } = demandFrom({ lifetime }, "steady");
    assertEquals(Math.round(rates.issue * 86_400), perDay, lifetime);
    assertRate(rates.issue, perS);
    assertRate(fleet.intervalMs / fleet.ariPollMs!, gets);
    // Of every certificate four polls a day: 200,000 a day.
    assertRate(rates.renewal_info, 2.31);
  }
});

Deno.test("a tick takes 1,596 at once, hourly 66, and has two minutes for a day's", () => {
  const { rates, arithmetic, durationMs } = demandFrom({ lifetime: "47d" }, "daily_tick");
  assertRate(rates.issue, 13.3);
  assertEquals(durationMs, 120_000);
  assertStringIncludes(arithmetic[0]!, "1,596");
  assertStringIncludes(arithmetic[0]!, "66.5");
});

Deno.test("in a cron minute all 50,000 look, at 833/s, and the day's 1,596 renew, at 26.6/s", () => {
  const { rates } = demandFrom({ lifetime: "47d" }, "cron_minute");
  assertRate(rates.renewal_info, 833);
  assertRate(rates.issue, 26.6);
  const without = demandFrom({ lifetime: "47d", ari: false }, "cron_minute");
  assertEquals([without.rates.renewal_info, without.rates.issue], [0, rates.issue]);
});

Deno.test("a cohort comes back in ARI's window of 22.56 h at 33 times the mean, and in an hour at 752 times without", () => {
  const mean = renewalsPerS(fleetFrom({ lifetime: "47d" }));
  const spread = demandFrom({ lifetime: "47d" }, "cohort");
  assertRate(spread.rates.issue, 0.616);
  assertRate(spread.rates.issue / mean, 33.3);
  assertRate(spread.durationMs! / 3_600_000, 22.56, 4);
  const together = demandFrom({ lifetime: "47d", ari: false }, "cohort");
  assertRate(together.rates.issue, 13.9);
  assertRate(together.rates.issue / mean, 752);
  // 2 % of 160 h are 3.2 h.
  assertRate(demandFrom({ lifetime: "160h" }, "cohort").rates.issue, 4.34);
});

Deno.test("a mass revocation is 0.579/s over 24 hours, 2.31/s over one ARI poll, each replaced and revoked", () => {
  const day = demandFrom({ lifetime: "47d" }, "revocation_24h");
  assertRate(day.rates.issue, 0.579);
  assertEquals(day.rates.revoke, day.rates.issue);
  const poll = demandFrom({ lifetime: "47d" }, "revocation_ari");
  assertRate(poll.rates.issue, 2.31);
  assertEquals(poll.rates.revoke, poll.rates.issue);
  assertRate(poll.rates.issue / renewalsPerS(fleetFrom({ lifetime: "47d" })), 125);
});

Deno.test("after six hours 399 wait, and come within five minutes beside the usual ones", () => {
  const { rates, arithmetic } = demandFrom({ lifetime: "47d" }, "outage");
  assertStringIncludes(arithmetic[0]!, "= 399 wait");
  assertRate(rates.issue, 1.35);
  assertRate(demandFrom({ lifetime: "47d", retry_within: "100m" }, "outage").rates.issue, 0.085);
});

Deno.test("no more wait, or are due on a day, than there are: each certificate once", () => {
  const { rates, arithmetic } = demandFrom({ lifetime: "47d", outage: "60d" }, "outage");
  assertRate(rates.issue, 167);
  assertStringIncludes(arithmetic[0]!, "more than the 50,000 that there are: all wait");
  const daily = demandFrom({ lifetime: "6h" }, "daily_tick");
  assertRate(daily.rates.issue, 417);
  assertRate(demandFrom({ lifetime: "6h" }, "cron_minute").rates.issue, 833);
});

Deno.test("polling goes on for ever: 2.31 GET/s of 50,000, and 50/s of 1,000 agents", () => {
  const { rates } = demandFrom({ lifetime: "47d", agents: 1000 }, "polling");
  assertEquals(rates.issue, 0);
  assertRate(rates.renewal_info, 2.31);
  assertRate(rates.agent_poll, 50);
  for (const { rates } of demandsOf(fleetFrom({ lifetime: "47d", agents: 1000 }))) {
    assertRate(rates.agent_poll, 50);
  }
});

Deno.test("half of the attempts in vain is twice the attempts, and as many handshakes as before", () => {
  const { rates } = demandFrom({ lifetime: "47d", zombies: "50%" }, "steady");
  assertRate(rates.issue, 0.0369);
  assertRate(rates.handshake, 0.0185);
});

Deno.test("all 50,000 are replaced in 8 min 20 s at 100/s, in 83 min at 10/s", () => {
  const fleet = fleetFrom({ lifetime: "47d" });
  assertEquals([replaceAllS(fleet, 100), replaceAllS(fleet, 10)], [500, 5000]);
});

Deno.test("what Let's Encrypt published: 94/s, 116/s and 2,315/s", () => {
  const { hourly, daily, prepared } = LETS_ENCRYPT_PER_S;
  assertEquals([hourly, daily, prepared].map(Math.round), [94, 116, 2315]);
});

Deno.test("the lifetime decides when it is renewed: 2/3, and 1/2 below ten days; a plan may say otherwise", () => {
  assertAlmostEquals(fleetFrom({ lifetime: "10d" }).renewAt, 2 / 3, 1e-12);
  assertEquals(fleetFrom({ lifetime: "239h" }).renewAt, 1 / 2);
  assertEquals(fleetFrom({ lifetime: "47d", renew_at: "90%" }).renewAt, 0.9);
});

Deno.test("profiles are the schedules as they were decided; what is said beside one wins", () => {
  const days = PROFILE_NAMES.map((profile) => {
    const { lifetimeMs, reuseMs } = fleetFrom({ profile });
    return [profile, lifetimeMs / 86_400_000, reuseMs === null ? null : reuseMs / 86_400_000];
  });
  assertEquals(days, [
    ["200d", 200, 200],
    ["100d", 100, 100],
    ["47d", 47, 10],
    ["letsencrypt-tlsserver", 45, null],
    ["letsencrypt-classic-2027", 64, 10],
    ["letsencrypt-classic-2028", 45, 7 / 24],
    ["6d", 160 / 24, null],
  ]);
  assertEquals(fleetFrom({ profile: "47d", lifetime: "46d" }).lifetimeMs, 46 * 86_400_000);
});

Deno.test("without ARI nobody hears of a revocation by polling", () => {
  const shapes = demandsOf(fleetFrom({ lifetime: "47d", ari: false })).map(({ shape }) => shape);
  assertEquals(shapes, SHAPES.filter((shape) => shape !== "revocation_ari"));
});

Deno.test("demand grows with the certificates, and each demand tells its way and its sources", () => {
  const lifetimes = fc.integer({ min: 1, max: 400 }).map((days) => `${days}d`);
  fc.assert(fc.property(lifetimes, fc.integer({ min: 1, max: 1e6 }), (lifetime, certificates) => {
    const one = demandsOf(fleetFrom({ lifetime, certificates }));
    const ten = demandsOf(fleetFrom({ lifetime, certificates: 10 * certificates }));
    assertEquals(one.map(({ shape }) => shape), [...SHAPES]);
    one.forEach((demand, at) => {
      assertAlmostEquals(totalPerS(ten[at]!) / totalPerS(demand), 10, 1e-9);
      assert(demand.arithmetic.length > 0 && demand.sources.length > 0);
    });
  }));
});

Deno.test("where certificates are renewed more often than a shape takes, the mean is what it needs", () => {
  // 50,000 / (12 h x 1/2) = 2.31/s; 50,000 in a day are 0.58/s.
  const section = { lifetime: "12h" };
  const revoked = demandFrom(section, "revocation_24h");
  assertAlmostEquals(revoked.rates.issue, 50_000 / 21_600, 1e-9);
  assertAlmostEquals(revoked.rates.revoke, 50_000 / 86_400, 1e-9);
  assertEquals(revoked.arithmetic.at(-1), "each is renewed every 6h anyway: the mean, 2.31/s");
  assertAlmostEquals(demandFrom({ lifetime: "1h" }, "cohort").rates.issue, 50_000 / 1800, 1e-9);
});
