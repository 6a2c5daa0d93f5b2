import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import type { LevelSpec } from "../../src/capacity/level.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { planAt, planLevel, scaleOf } from "../../src/capacity/scale.ts";
import { planOf } from "./plans.ts";

const SPEC: LevelSpec = {
  level: 40,
  atMostMs: 12_345,
  purpose: "probe",
  rest: true,
  workers: "usual",
};

const MIX = planOf({
  list: { rate: "30/s", duration: "10s" },
  create: { stages: [{ rate: "10/s", duration: "5s" }, { rate: "2/s", duration: "5s" }] },
});

function atLevel(only: string | undefined, spec: LevelSpec = SPEC): Plan {
  const scaled = scaleOf(MIX.scenarios, only);
  assert(scaled.ok);
  return planAt({
    plan: MIX,
    scale: scaled.scale,
    spec,
    ordinal: 3,
    arrivals: "poisson",
    workers: 1,
    gracefulStopMs: 10_000,
  });
}

Deno.test("a whole mix keeps its proportion, by the highest rates", () => {
  const { scenarios } = atLevel(undefined);
  const stages = scenarios.map(({ load }) => load.stages);
  assertEquals(stages, [
    [{ durationMs: 12_000, from: 30, to: 30 }],
    [{ durationMs: 12_000, from: 10, to: 10 }],
  ]);
});

Deno.test("one scenario alone is raised, the others go on at their highest rate", () => {
  const { scenarios } = atLevel("create");
  assertEquals(scenarios.map(({ load }) => load.stages[0]!.from), [30, 40]);
  const kinds = scenarios.map(({ load }) => load.model === "open" && load.arrivals);
  assertEquals(kinds, ["even", "poisson"]);
});

Deno.test("each level has arrivals of its own", () => {
  const [list] = atLevel(undefined).scenarios;
  assert(list?.load.model === "open");
  assertEquals(list.load.seed, 4);
});

Deno.test("a level that comes at once has no warm-up", () => {
  const warmups = (rest: boolean): boolean[] =>
    atLevel(undefined, { ...SPEC, rest }).scenarios.map(({ warmup }) => warmup.requests > 0);
  assertEquals(warmups(true), [true, true]);
  assertEquals(warmups(false), [false, false]);
});

Deno.test("what the plan itself asks for is the rate of what is scaled", () => {
  const levelOf = (only?: string): number => {
    const scaled = scaleOf(MIX.scenarios, only);
    return scaled.ok ? planLevel(MIX, scaled.scale) : NaN;
  };
  assertEquals([levelOf(), levelOf("list"), levelOf("create")], [40, 30, 10]);
});

Deno.test("what is advised about users can be given as it is printed, however they were to come", () => {
  const staged = { stages: [{ users: 5, duration: "10s" }, { users: 9, duration: "10s" }] };
  const loads = { list: { users: 5, duration: "10s", think_time: "1s" }, create: staged };
  const asked = scaleOf(planOf(loads).scenarios, undefined);
  assert(!asked.ok);
  const set = asked.problems.flatMap((problem) =>
    Array.from(problem.matchAll(/--set (\S+?)[ )]/g), ([, value]) => value!)
  );
  assertEquals(set, [
    "scenarios.list.rate=10/s",
    "scenarios.create.rate=10/s",
    "scenarios.create.duration=30s",
  ]);
  const given = planOf(loads, {}, { set });
  assertEquals(scaleOf(given.scenarios, undefined), { ok: true, scale: [0.5, 0.5] });
  const [, skipped] = asked.problems.map((problem) => / --skip (\w+)$/.exec(problem)?.[1]);
  assertEquals(skipped, "create");
});

Deno.test("users, and a scenario that is not there, are told all at once", () => {
  const plan = planOf({
    list: { users: 5, duration: "10s" },
    poll: { users: 1, duration: "10s" },
  });
  const whole = scaleOf(plan.scenarios, undefined);
  assert(!whole.ok);
  assertEquals(whole.problems.length, 2);
  assertStringIncludes(whole.problems[0]!, 'scenario "list" has users');
  const other = scaleOf(plan.scenarios, "lists");
  assert(!other.ok);
  assertEquals(other.problems, ['there is no scenario "lists": the plan has list, poll']);
});
