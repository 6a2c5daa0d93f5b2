import { assertEquals, assertStringIncludes } from "../assert.ts";
import type { Finding, Summary, ThresholdResult } from "../../src/metrics/summary_schema.ts";
import { renderText } from "../../src/report/text.ts";
import { exitMark } from "../../src/report/marks.ts";
import { loadRows } from "../../src/report/methodology.ts";
import {
  failuresOf,
  findingGroups,
  inUnit,
  isHeld,
  partOfRun,
  peersOf,
  plural,
  thresholdValue,
  validityWord,
  whereOf,
} from "../../src/report/words.ts";
import { peerOf } from "../metrics/exchanges.ts";
import { runOf } from "../metrics/runs.ts";
import { concluded, interruptedRun, invalidRun, passedRun } from "./summaries.ts";

const THRESHOLD: ThresholdResult = {
  text: "p95 < 2s",
  scenario: "create",
  step: null,
  measure: "response_time p95",
  quantity: { kind: "duration", metric: "response_time", stat: "percentile", percentile: 95 },
  unit: "ms",
  comparison: "<",
  limit: 2000,
  baseline_factor: null,
  value: 1500,
  samples: 10,
  verdict: "pass",
};

function finding(message: string, advice: string): Finding {
  return { code: "x", cause: "run", scenarios: [], message, advice };
}

Deno.test("exitMark() has a word for each exit", () => {
  const word = (name: string): string => exitMark({ exit: { name } }).word;
  assertEquals(
    ["passed", "threshold", "regression", "invalid", "interrupted", "bad_input", "other"].map(word),
    ["PASSED", "FAILED", "REGRESSED", "INVALID", "INTERRUPTED", "NOT COMPARED", "OTHER"],
  );
});

Deno.test("validityWord() tells the four ways", () => {
  const of = (parts: Partial<Summary>): string =>
    validityWord({ ...concluded(runOf([{ name: "a" }])), ...parts });
  const warning = finding("m", "a");
  const warned: Summary["validity"] = { verdict: "valid", reasons: [], warnings: [warning] };
  const unfit: Summary["validity"] = { verdict: "invalid", reasons: [warning], warnings: [] };
  assertEquals(of({}), "valid");
  assertEquals(of({ validity: warned }), "valid, with remarks");
  assertEquals(of({ validity: unfit }), "invalid");
  assertEquals(of({ interrupted: true }), "not a whole run");
  assertEquals(of({ interrupted: true, validity: unfit }), "not a whole run, and invalid");
});

Deno.test("partOfRun() is of interrupted runs alone, and counts a scenario's start to the planned time", () => {
  assertEquals(partOfRun(concluded(passedRun())), undefined);
  const run = runOf([
    { name: "a", durationS: 4, interrupted: 1 },
    { name: "b", durationS: 6, startAfterMs: 5000 },
  ], { interrupted: true });
  assertStringIncludes(partOfRun(concluded(run))!, "of the planned 11 s");
});

Deno.test("inUnit() writes each unit as its own, and nothing as a dash", () => {
  assertEquals(inUnit(1500, "ms"), "1.5 s");
  assertEquals(inUnit(0.014, "ratio"), "1.4 %");
  assertEquals(inUnit(1.5, "per_s"), "1.5/s");
  assertEquals(inUnit(1500, "count"), "1,500");
  assertEquals(inUnit(null, "ms"), "-");
});

Deno.test("thresholdValue() says what was seen, and why it was not judged", () => {
  const of = (parts: Partial<ThresholdResult>): string =>
    thresholdValue({ ...THRESHOLD, ...parts });
  assertEquals(of({}), "1.5 s");
  assertEquals(of({ value: null, verdict: "no_data" }), "no data");
  const relative = { text: "p95 < baseline * 1.1", baseline_factor: 1.1 };
  assertEquals(of({ ...relative, limit: null, verdict: "skipped" }), "1.5 s, no baseline given");
  assertEquals(
    of({ ...relative, limit: null, verdict: "cannot_tell" }),
    "1.5 s, the baseline has no such figure",
  );
  assertEquals(of({ ...relative, verdict: "cannot_tell" }), "1.5 s, limit 2 s, cannot tell");
  assertEquals(of({ ...relative, verdict: "regressed" }), "1.5 s, limit 2 s");
});

Deno.test("isHeld() is of what is no trouble", () => {
  const held = (["pass", "skipped", "fail", "no_data", "regressed", "cannot_tell"] as const)
    .filter((verdict) => isHeld({ verdict }));
  assertEquals(held, ["pass", "skipped"]);
});

Deno.test("whereOf() is scenario and step, or the whole run", () => {
  assertEquals(whereOf({ scenario: null, step: null }), "whole run");
  assertEquals(whereOf({ scenario: "a", step: null }), "a");
  assertEquals(whereOf({ scenario: "a", step: "b" }), "a b");
});

Deno.test("plural() is of one alone without an s", () => {
  assertEquals([0, 1, 2, 1000].map((n) => plural(n, "time")), [
    "0 times",
    "1 time",
    "2 times",
    "1,000 times",
  ]);
});

Deno.test("findingGroups() gives advice once to those that ask for the same", () => {
  const groups = findingGroups([finding("a", "1"), finding("b", "2"), finding("c", "1")]);
  assertEquals(groups, [
    { messages: ["a", "c"], advice: "1" },
    { messages: ["b"], advice: "2" },
  ]);
});

Deno.test("peersOf() has each certificate once, with all its exchanges and those who saw it", () => {
  const peer = peerOf("nginx.test");
  const run = runOf([
    { name: "a", fresh: peer, ratePerS: 1, durationS: 4 },
    { name: "b", fresh: peer, ratePerS: 1, durationS: 5 },
    { name: "c", fresh: peerOf("other.test"), ratePerS: 1, durationS: 3 },
  ]);
  assertEquals(
    peersOf(concluded(run)).map(({ peer, scenarios }) => [peer.sans[0], peer.exchanges, scenarios]),
    [["nginx.test", 9, ["a", "b"]], ["other.test", 3, ["c"]]],
  );
});

Deno.test("loadRows() writes rates, users, times and limits as numbers for people", () => {
  const summary = concluded(runOf([
    { name: "flat", ratePerS: 5 / 3, durationS: 10 },
    {
      name: "users",
      load: {
        model: "closed",
        stages: [{ durationMs: 90_000, from: 1, to: 1200 }],
        thinkTimeMs: 1500,
      },
      startAfterMs: 2500,
    },
  ]));
  const rows = Object.fromEntries(loadRows(summary));
  assertStringIncludes(rows["flat"]!, "open model, 1.67/s for 10 s; at most 100 in flight; flow");
  assertStringIncludes(
    rows["users"]!,
    "closed model, 1 user to 1,200 users for 1 min 30 s; from second 2.5; think time 1.5 s; flow",
  );
});

Deno.test("loadRows() says which arrivals are Poisson's, and the phase of those that are moved", () => {
  const stages = [{ durationMs: 10_000, from: 5, to: 5 }];
  const load = { model: "open", stages, maxInFlight: 9, arrivals: "even", seed: 1 } as const;
  const rows = Object.fromEntries(loadRows(concluded(runOf([
    { name: "moved", load: { ...load, phase: 0.414 } },
    { name: "drawn", load: { ...load, arrivals: "poisson", phase: 0 } },
  ]))));
  assertStringIncludes(rows["moved"]!, "open model, 5/s for 10 s; phase 41.4 %; at most 9");
  assertStringIncludes(rows["drawn"]!, "open model, 5/s for 10 s; Poisson arrivals; at most 9");
});

Deno.test("renderText() writes limits as sentences where their columns have no room", () => {
  const summary = concluded(runOf([{ name: "issuance_acceptance_of_certificates" }]));
  summary.thresholds = [{
    ...THRESHOLD,
    scenario: "issuance_acceptance_of_certificates",
    text: "p95 < baseline * 1.15",
    baseline_factor: 1.15,
    verdict: "cannot_tell",
  }];
  const lines = renderText(summary, { width: 60 }).split("\n");
  const at = lines.indexOf("Thresholds");
  assertEquals(lines.slice(at + 1, at + 3), [
    "  ? issuance_acceptance_of_certificates p95 < baseline *",
    "    1.15 1.5 s, limit 2 s, cannot tell",
  ]);
});

Deno.test("renderText() shows first what must not be used, and why", () => {
  const text = renderText(concluded(invalidRun()));
  const places = ["INVALID", "Validity  invalid: the figures must not be used", "API  "]
    .map((part) => text.indexOf(part));
  assertEquals(places, places.toSorted((a, b) => a - b));
  assertStringIncludes(renderText(concluded(interruptedRun())), "Validity  not a whole run\n");
});

Deno.test("failuresOf() has a scenario's failures by step, and those that no step had", () => {
  const tally = (name: "reset" | "wrong_certificate", count: number) => (
    { class: name, count, sample: name, newest: name }
  );
  const { a } = concluded(runOf([{ name: "a", steps: ["x", "y"] }])).phases.api!;
  const with_ = (x: number, all: ReturnType<typeof tally>[]) => {
    const steps = {
      ...a!.steps,
      x: { ...a!.steps.x!, failures: x === 0 ? [] : [tally("reset", x)] },
    };
    return failuresOf("a", { ...a!, steps, failures: all })
      .map(({ step, failure }) => [step, failure.class, failure.count]);
  };
  assertEquals(with_(3, [tally("reset", 3)]), [["x", "reset", 3]]);
  assertEquals(with_(0, [tally("wrong_certificate", 16)]), [[null, "wrong_certificate", 16]]);
  assertEquals(with_(3, [tally("reset", 5), tally("wrong_certificate", 1)]), [
    ["x", "reset", 3],
    [null, "reset", 2],
    [null, "wrong_certificate", 1],
  ]);
  // Sent again, and answered then: the step's alone.
  assertEquals(with_(3, []), [["x", "reset", 3]]);
});
