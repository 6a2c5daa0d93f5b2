import { assert, assertEquals } from "../assert.ts";
import {
  type Answer,
  answerJson,
  answerSchema,
  answerSentences,
} from "../../src/capacity/answer.ts";
import { caseOf, searchCase } from "./cases.ts";

const ANSWER: Answer = {
  knee: 137,
  low: 135,
  high: 139,
  confidence: 0.95,
  atLeast: false,
  who: "server",
  why: '6.3 % of 1,204 beyond "p95 < 2s", of which 5 % may be',
  limiter: false,
  ended: "found",
  confirmed: { level: 135, decision: "holds", by: "test" },
  recovery: { level: 68.5, afterMs: 3000 },
  elapsedMs: 150_000,
  levels: [],
  usl: { refused: "4 levels are fit for it, and 6 are needed" },
};

Deno.test("the answer is a sentence that can be defended", () => {
  assertEquals(answerSentences(ANSWER), [
    'The server holds 137/s (95 %: 135/s to 139/s). Above that the server gives out: 6.3 % of 1,204 beyond "p95 < 2s", of which 5 % may be.',
    "A longer level of 135/s held.",
    "After the highest level it was within its limits again after 3 s of 68.5/s.",
  ]);
});

Deno.test("a limiter is told as one, and bounds that no curve was fitted to are no interval", () => {
  const why = "a limiter answered 429 to 9 %: a limit of policy, not of the machine";
  const [first] = answerSentences({ ...ANSWER, confidence: null, limiter: true, why });
  assertEquals(
    first,
    `The server holds 137/s (between 135/s and 139/s). Above that a limiter stops it: ${why}.`,
  );
});

Deno.test("where the level above was not decided nobody is said to have given out", () => {
  const why = "none of 420 arrivals was answered within 3 s";
  const [first] = answerSentences({ ...ANSWER, confidence: null, who: "none", why });
  assertEquals(
    first,
    `The server holds 137/s (between 135/s and 139/s). Above that nothing was decided: ${why}.`,
  );
});

Deno.test("what was not found, not confirmed, not recovered from or cut short is said", () => {
  const said = (change: Partial<Answer>): string =>
    answerSentences({ ...ANSWER, ...change }).join(" ");
  assert(said({ knee: 0, low: 0, high: 2, confirmed: null }).startsWith("No level was found"));
  const undecided = said({ knee: 0, low: 0, high: 2, who: "none", why: "nothing told" });
  assert(undecided.includes("2/s was not decided: nothing told."), undecided);
  assert(said({ confirmed: null }).includes("No longer level confirms it."));
  const broke = { level: 135, decision: "broken", by: "test" } as const;
  assert(said({ confirmed: broke }).includes("read the answer as an upper bound"));
  const silent = { level: 135, decision: "undecided", by: "no_samples" } as const;
  assert(said({ confirmed: silent }).includes("A longer level of 135/s was not decided."));
  assert(said({ recovery: { level: 68.5, afterMs: null } }).includes("did not recover"));
  assert(said({ ended: "time" }).includes("The time was over after 2 min 30 s"));
  assert(said({ ended: "interrupted" }).includes("It was interrupted before all was tried."));
  assert(said({ ended: "down" }).includes("did not work once within half a minute"));
  const atLeast = said({ atLeast: true, high: null, who: "generator", why: "Worker 0 was late" });
  assert(
    atLeast.startsWith("The server holds at least 137/s: the generator gave out above"),
    atLeast,
  );
  const between = said({ atLeast: true, high: 200, who: "generator", why: "Worker 0 was late" });
  assert(
    between.startsWith(
      "The server holds at least 137/s and less than 200/s: the generator gave out between the two: Worker 0",
    ),
    between,
  );
  const nothing = said({ knee: 0, low: 0, high: null, who: "generator", why: "Worker 0 was late" });
  assert(nothing.includes("the generator gave out, not the server: Worker 0 was late."), nothing);
  assert(said({ knee: 12_345.6 }).startsWith("The server holds 12,346/s"));
});

Deno.test("the answer of a search is what its schema says, with snake_case keys, and survives JSON", () => {
  const answer = searchCase(caseOf(5), { atMostMs: 120_000 });
  const json = answerJson(answer);
  assertEquals(answerSchema.parse(JSON.parse(JSON.stringify(json))), json);
  assertEquals(json.levels.length, answer.levels.length);
  assertEquals(json.levels[0]!.p95_ms, answer.levels[0]!.p95Ms);
  assertEquals(json.at_least, answer.atLeast);
});
