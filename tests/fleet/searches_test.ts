import type { Answer } from "../../src/capacity/answer.ts";
import { demandsOf } from "../../src/fleet/demand.ts";
import { mixOf } from "../../src/fleet/mix.ts";
import {
  firstLevel,
  heldOf,
  type MixSearch,
  type Need,
  needOf,
  nextSearch,
  searchesOf,
} from "../../src/fleet/searches.ts";
import type { Plan, Scenario } from "../../src/plan/plan.ts";
import { assertAlmostEquals, assertEquals, assertMatch } from "../assert.ts";
import { fleetFrom, open } from "./fleets.ts";

function searches(
  scenarios: readonly Scenario[],
  section: Record<string, unknown> = { lifetime: "47d" },
): { needs: Need[]; all: MixSearch[] } {
  const needs = demandsOf(fleetFrom(section)).map((demand) =>
    needOf(demand, mixOf(demand.rates, scenarios))
  );
  return { needs, all: searchesOf(needs, { scenarios } as unknown as Plan) };
}

const ANSWER = { knee: 100, low: 95, high: 105, atLeast: false, who: "server", why: "slow" };
const LEVELS = {
  levels: [{ level: 105, purpose: "break", decision: "broken", who: "server", sure: true }],
};

function answered(more: Partial<Answer> = {}): Answer {
  return { ...ANSWER, ...LEVELS, ...more } as Answer;
}

const SHIPPED = [
  open("create_certificate", 50),
  open("list_certificates", 50),
  open("tls_handshake", 2),
];

Deno.test("shapes that are the same mix share a search, the busiest first, beside what else goes on", () => {
  const { all } = searches(SHIPPED);
  assertEquals(all.length, 1);
  const [search] = all as [MixSearch];
  assertEquals(search.needs.map(({ shape }) => shape), [
    "cron_minute",
    "daily_tick",
    "revocation_ari",
    "outage",
    "cohort",
    "revocation_24h",
    "steady",
  ]);
  assertEquals(search.scale, [0.5, null, 0.5]);
  assertEquals(search.shares, [0.5, 0, 0.5]);
  assertAlmostEquals(search.needs[0]!.perS, 2 * 26.596, 1e-3);
});

Deno.test("what a mix has nothing of is not in its plan, users come at a rate, and each mix has a search", () => {
  const users = {
    ...open("acme_renewal_info"),
    load: { model: "closed", stages: [], thinkTimeMs: 0 },
  };
  const { all } = searches([
    open("create_certificate"),
    open("acme_revoke"),
    users as unknown as Scenario,
  ]);
  const flows = all.map(({ plan }) => plan.scenarios.map(({ flow }) => flow).join("+"));
  assertEquals(flows[0], "create_certificate+acme_renewal_info");
  assertEquals(flows.at(-1), "acme_renewal_info");
  assertEquals(flows.filter((each) => each.includes("acme_revoke")).length, 2);
  const load = all.at(-1)!.plan.scenarios[0]!.load;
  assertEquals(load.model === "open" && [load.arrivals, load.seed], ["poisson", 7]);
});

Deno.test("what was found is by times of the need, with its interval", () => {
  const { all } = searches(SHIPPED);
  const held = heldOf(all, [{ search: all[0]!, answer: answered() }]);
  const cron = held.find(({ shape }) => shape === "cron_minute")!;
  assertAlmostEquals(cron.factor, 100 / 53.19, 1e-3);
  assertAlmostEquals(cron.low, 95 / 53.19, 1e-3);
  assertAlmostEquals(cron.high, 105 / 53.19, 1e-3);
  assertEquals([held.length, cron.atLeast, cron.who], [7, false, "server"]);
});

Deno.test("a limiter that gave out is told from the server behind it", () => {
  const { all } = searches(SHIPPED);
  const [held] = heldOf(all, [{ search: all[0]!, answer: answered({ limiter: true }) }]);
  assertEquals([held!.who, held!.atLeast], ["limiter", false]);
  assertAlmostEquals(held!.high, 105 / 53.19, 1e-3);
});

Deno.test("where the generator gave out, or nothing broke, it is at least that", () => {
  const { all } = searches(SHIPPED);
  const of = (more: Partial<Answer>): boolean =>
    heldOf(all, [{ search: all[0]!, answer: answered(more) }])[0]!.atLeast;
  assertEquals(of({ atLeast: true, high: null, who: "none" }), true);
  assertEquals(of({ knee: 0, low: 0, high: null, who: "generator" }), true);
  assertEquals(of({ knee: 0, low: 0, high: 10, who: "none" }), true);
  assertEquals(of({ knee: 0, low: 0, high: 10 }), false);
});

Deno.test("a level that held below all that broke is held, however wide the interval is", () => {
  const { all } = searches(SHIPPED);
  const level = (level: number, decision: string, who = "none"): unknown => ({
    level,
    decision,
    who,
    purpose: "bracket",
  });
  const lowOf = (...levels: unknown[]): number => {
    const answer = answered({ low: 50, high: 446, levels: levels as Answer["levels"] });
    return heldOf(all, [{ search: all[0]!, answer }])[0]!.low * 53.1915;
  };
  const ends = [level(80, "holds"), level(212, "broken", "server"), level(425, "holds")];
  assertAlmostEquals(lowOf(...ends), 80, 1e-2);
  // The same level broke as well, or was not decided: then only the interval is known.
  assertAlmostEquals(lowOf(...ends, level(80, "broken", "server")), 50, 1e-2);
  assertAlmostEquals(lowOf(...ends, level(70, "undecided")), 50, 1e-2);
  // The generator's own lateness says nothing of the server, and the answer is the most.
  assertAlmostEquals(lowOf(...ends, level(70, "holds", "generator")), 80, 1e-2);
  assertAlmostEquals(lowOf(level(110, "holds"), level(120, "broken", "server")), 100, 1e-2);
});

Deno.test("a level that broke while the generator was in doubt refuses nothing", () => {
  const { all } = searches(SHIPPED);
  const highOf = (...sure: boolean[]): number => {
    const levels = sure.map((sure, at) => ({
      level: 20 - at,
      purpose: "probe",
      decision: "broken",
      who: "server",
      sure,
    }));
    const answer = answered({ knee: 0, low: 0, high: 10, levels } as unknown as Partial<Answer>);
    return heldOf(all, [{ search: all[0]!, answer }])[0]!.high * 53.1915;
  };
  assertEquals(highOf(false, false), Infinity);
  assertAlmostEquals(highOf(false, true), 19, 1e-2);
});

Deno.test("what its own search left open is known by another mix that was held", () => {
  const { all } = searches([open("create_certificate"), open("acme_renewal_info")]);
  const [cron, tick] = all as [MixSearch, MixSearch];
  const nothing = answered({ knee: 0, low: 0, high: 10, who: "none" });
  const held = heldOf(all, [
    { search: cron, answer: answered({ knee: 1720, low: 1719.86 }) },
    { search: tick, answer: nothing },
  ]).find(({ shape }) => shape === tick.needs[0]!.shape)!;
  assertAlmostEquals(held.factor, 2 * 26.5957 / 13.2979, 0.01);
  assertEquals([held.atLeast, held.who], [true, "none"]);
});

Deno.test("the first level is the busiest need, and no less than a few arrivals of each scenario", () => {
  const [search] = searches(SHIPPED).all as [MixSearch];
  // A level of four digits that tells whether what is needed is held: 53.1915/s.
  assertEquals(firstLevel(search, 480_000), 53.2);
  const rare = { ...search, shares: [0.99, 0, 0.01] };
  // 5 of 1 % in 9.6 s.
  assertEquals(firstLevel(rare, 480_000), 53.2);
  assertEquals(firstLevel(rare, 240_000), 104.2);
});

Deno.test("a mix that is a part of one that was held is held as often, at least", () => {
  const { all, needs } = searches([open("create_certificate"), open("acme_renewal_info")]);
  const [cron] = all as [MixSearch];
  assertEquals(cron.needs[0]!.shape, "cron_minute");
  const held = heldOf(all, [{ search: cron, answer: answered({ knee: 1720, low: 1719.86 }) }]);
  const poll = held.find(({ shape }) => shape === "revocation_ari")!;
  // 53.19/s of certificates were held twice over: 2.3148/s are needed.
  assertAlmostEquals(poll.factor, 2 * 26.5957 / 2.3148, 0.01);
  assertEquals([poll.atLeast, poll.who, poll.high], [true, "none", Infinity]);
  assertMatch(poll.why, /"one cron minute"/);
  assertEquals(held.length, needs.length);
});

Deno.test("the mix of which least is known comes next, each with its part of the time, until there is none", () => {
  const { all } = searches([open("create_certificate"), open("acme_revoke")]);
  const plain = nextSearch(all, [], 480_000)!;
  assertEquals([plain.search, plain.atMostMs], [all[0], 240_000]);
  const done = [{ search: plain.search, answer: answered() }];
  // Of revocations nothing is known.
  const second = nextSearch(all, done, 300_000)!;
  assertEquals(second.search.needs[0]!.shape, "revocation_ari");
  assertEquals(second.atMostMs, 300_000);
  assertEquals(nextSearch(all, done, 99_000), undefined);
  assertEquals(
    nextSearch(all, [...done, { search: second.search, answer: answered() }], 9e9),
    undefined,
  );
  // The first has whatever time there is.
  assertEquals(nextSearch(all, [], 60_000)?.atMostMs, 60_000);
});
