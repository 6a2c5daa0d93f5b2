import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { demandsOf } from "../../src/fleet/demand.ts";
import { fleetDocument, fleetDocumentSchema, type FleetReport } from "../../src/fleet/document.ts";
import { answerOf } from "../../src/fleet/headroom.ts";
import { mixOf } from "../../src/fleet/mix.ts";
import { fleetText } from "../../src/fleet/text.ts";
import { fleetFrom } from "./fleets.ts";

/** As whoever measures makes it. */
function measured(): FleetReport {
  const fleet = fleetFrom({ lifetime: "47d", agents: 10 });
  const demands = demandsOf(fleet);
  const held = demands.filter(({ shape }) => shape !== "polling").map(({ shape }) => ({
    shape,
    factor: 4,
    low: 3.9,
    high: 4.1,
    atLeast: shape === "steady",
    who: shape === "steady" ? "generator" as const : "server" as const,
    why: "p95 was 2.1 s",
  }));
  return {
    plan: "test",
    fleet,
    demands: demands.map((demand) => ({ demand, mix: mixOf(demand.rates, []) })),
    answer: answerOf({ server: "https://ca.test", fleet, demands, held }),
  };
}

Deno.test("with an answer the document is what the schema says, and has the sentence", () => {
  const document = fleetDocument(measured());
  assertEquals(fleetDocumentSchema.parse(document), document);
  assertEquals(document.answer?.enough, "unknown");
  assertEquals(document.answer?.rows.map(({ enough }) => enough), [
    ...Array(7).fill("yes"),
    "unknown",
  ]);
});

Deno.test("with an answer the text has its sentence and its table", () => {
  const text = fleetText(measured());
  assertStringIncludes(text, 'nothing was decided for "polling alone"');
  assertMatch(text, /\nsteady +2\.85\/s +>= 11\.1\/s +3\.9 x +yes +generator\n/);
  assertMatch(text, /\npolling alone +2\.81\/s +- +- +unknown +-\n/);
  assert(text.endsWith("\n") && !text.includes("undefined") && !text.includes("NaN"));
});
