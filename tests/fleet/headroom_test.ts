import { assertAlmostEquals, assertEquals, assertMatch } from "../assert.ts";
import { demandsOf, type Shape, SHAPES } from "../../src/fleet/demand.ts";
import { answerOf, type FleetAnswer, type Held } from "../../src/fleet/headroom.ts";
import { mixOf } from "../../src/fleet/mix.ts";
import { needOf } from "../../src/fleet/searches.ts";
import { fleetFrom, open } from "./fleets.ts";

const SECTION = { lifetime: "47d", ari: false };
const MEASURED = SHAPES.filter((shape) => shape !== "revocation_ari" && shape !== "polling");

function held(shape: Shape, factor: number, more: Partial<Held> = {}): Held {
  const why = "p95 was beyond 2s";
  return { shape, factor, low: factor, high: factor, atLeast: false, who: "server", why, ...more };
}

const EVERYTHING = ["create_certificate", "acme_revoke", "acme_renewal_info", "tls_handshake"];

function answer(
  given: readonly Held[],
  section: Record<string, unknown> = SECTION,
  flows: readonly string[] = EVERYTHING,
  downAfterPerS?: number,
): FleetAnswer {
  const fleet = fleetFrom(section);
  const demands = demandsOf(fleet).filter(({ shape }) => shape !== "polling");
  const needs = demands.map((demand) =>
    needOf(demand, mixOf(demand.rates, flows.map((flow) => open(flow))))
  );
  return answerOf({ server: "https://ca.test", fleet, demands, needs, held: given, downAfterPerS });
}

const all = (factor: number, more: Partial<Held> = {}): Held[] =>
  MEASURED.map((shape) => held(shape, factor, more));

Deno.test("every shape held: yes, with the tightest and the time to replace all", () => {
  const given = all(20).map((each) =>
    each.shape === "cohort" ? { ...each, factor: 9.9, low: 9.8, high: 10 } : each
  );
  const { enough, tightest, replaceAllS, sentence } = answer(given);
  assertEquals([enough, tightest?.shape], ["yes", "cohort"]);
  assertAlmostEquals(tightest!.headroom!, 9.8);
  // The day's 1,595.74 of one cron minute, twenty times: 531.9/s.
  assertAlmostEquals(replaceAllS!, 94, 0.01);
  assertMatch(
    sentence,
    /^https:\/\/ca\.test holds 50,000 certificates of 47d in all 6 shapes of demand\. The tightest, "all issued within one hour", needs 27\.8\/s, and 272\/s was held, 9\.8 times that; above that the server gives out\. All of them can be replaced in 1 min 34 s\.$/,
  );
});

Deno.test("a limiter is told as a limit of policy, not of the machine", () => {
  const { sentence, rows } = answer(all(0.5, { who: "limiter" }));
  assertEquals(rows[0]?.who, "limiter");
  assertMatch(
    sentence,
    /0\.5 times that; above that a limiter stops it, which is a limit of policy and not of the machine\.$/,
  );
});

Deno.test("a server that stayed down after a search is told as that first, and the answer after it", () => {
  const { sentence, enough } = answer(all(20), SECTION, EVERYTHING, 1064);
  assertEquals(enough, "yes");
  assertMatch(
    sentence,
    /^https:\/\/ca\.test stayed down after 1,064\/s: it did not work once when it was asked again, so nothing more was tried\. https:\/\/ca\.test holds 50,000 /,
  );
});

Deno.test("one that is too much is a no, whatever else is not known", () => {
  const { enough, sentence, rows } = answer([held("cron_minute", 0.5), held("steady", 30)]);
  assertEquals(enough, "no");
  assertEquals(rows.filter((row) => row.enough === "unknown").length, 4);
  assertMatch(
    sentence,
    /does not hold 50,000 certificates of 47d: not in 1 of 6 shapes of demand\. The tightest, "one cron minute", needs 53\.2\/s, and 26\.6\/s was held, 0\.5 times that/,
  );
});

Deno.test("where the generator gave out below what is needed, it is not known", () => {
  const held07 = (high: number): Held[] =>
    all(3).map((each) =>
      each.shape === "cohort"
        ? held("cohort", 0.7, { who: "generator", why: "it was late", atLeast: true, high })
        : each
    );
  assertEquals(answer(held07(0.9)).enough, "no", "less than that broke the server");
  const { enough, sentence } = answer(held07(Infinity));
  assertEquals(enough, "unknown");
  assertMatch(
    sentence,
    /is not known, as nothing was decided for "all issued within one hour"\. .*at least 19\.4\/s was held/,
  );
});

Deno.test("where it gave out above, it is enough, and replacing all takes that long at most", () => {
  const result = answer(all(2, { who: "generator", why: "it was late", atLeast: true }));
  assertEquals([result.enough, result.replaceAllAtMost], ["yes", true]);
  assertMatch(result.sentence, /can be replaced in at most 15 min 40 s\.$/);
});

Deno.test("an interval on both sides of what is needed decides nothing", () => {
  const { rows } = answer([held("steady", 1.01, { low: 0.97, high: 1.05 })]);
  assertEquals(rows.find(({ shape }) => shape === "steady")?.enough, "unknown");
});

Deno.test("a signer that is slower than the server is what gives out", () => {
  const { enough, rows, replaceAllS, sentence } = answer(all(20), { ...SECTION, signer: "18/s" });
  const row = rows.find(({ shape }) => shape === "cron_minute")!;
  // 18 of the 26.6/s that are needed.
  assertEquals([enough, row.who, row.enough], ["no", "signer", "no"]);
  assertAlmostEquals(row.headroom!, 0.6768, 1e-3);
  assertAlmostEquals(replaceAllS!, 50_000 / 18, 1);
  assertMatch(sentence, /0\.68 times that, as the signer makes 18\/s certificates\.$/);
  const twice = answer(all(20), { ...SECTION, signer: "18/s", signatures: 2 });
  assertAlmostEquals(twice.replaceAllS!, 50_000 / 9, 1);
});

Deno.test("zombies cost attempts, and no signature", () => {
  const { replaceAllS } = answer(all(1), { ...SECTION, zombies: "50%", signer: "1000/s" });
  // 26.6/s of renewals succeed, and 53.2/s are attempted.
  assertAlmostEquals(replaceAllS!, 1880, 1);
});

Deno.test("nothing measured is not known", () => {
  const { enough, tightest, replaceAllS, sentence } = answer([]);
  assertEquals([enough, tightest, replaceAllS], ["unknown", null, null]);
  assertMatch(sentence, /is not known, as nothing was measured\.$/);
});

Deno.test("what no scenario asks for is in neither figure, and is said", () => {
  const { enough, rows, sentence, replaceAllS } = answer(
    [held("revocation_24h", 2)],
    SECTION,
    ["create_certificate"],
  );
  const row = rows.find(({ shape }) => shape === "revocation_24h")!;
  // 50,000 in 86,400 s, without as many revocations and handshakes.
  assertAlmostEquals(row.neededPerS, 0.5787, 1e-4);
  assertEquals([enough, row.leftOut, row.enough], ["unknown", ["revoke", "handshake"], "yes"]);
  assertAlmostEquals(replaceAllS!, 43_200, 1);
  assertMatch(
    sentence,
    /Left out .* no scenario of the plan asks for it: revocations, handshakes\.$/,
  );
});

Deno.test("a shape of which nothing can be asked for leaves the others' answer as it is", () => {
  const only = answer(
    all(3).filter(({ shape }) => shape === "revocation_24h"),
    SECTION,
    ["acme_revoke"],
  );
  assertEquals(only.enough, "yes");
  assertEquals(only.rows.filter((row) => row.enough === "left_out").length, 5);
  assertEquals(only.replaceAllS, null);
  assertMatch(only.sentence, /in the one of the shapes of demand that the plan can ask for\. /);
});
