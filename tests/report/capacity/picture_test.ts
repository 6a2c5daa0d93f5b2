import { assert, assertEquals } from "../../assert.ts";
import { pictureLines, rungsOf } from "../../../src/report/capacity/picture.ts";
import { levelsTable, outcomeMark, outcomeOf } from "../../../src/report/capacity/levels.ts";
import { styleOf } from "../../../src/report/style.ts";
import { atLeastReport, capacityReport, emptyReport, level } from "./reports.ts";

const PLAIN = styleOf(false);

Deno.test("a bar is as long as what was achieved, and light as far as what was offered", () => {
  const levels = [
    level(100, "probe", { offeredPerS: 100, achievedPerS: 100 }),
    level(200, "probe", { offeredPerS: 200, achievedPerS: 50, decision: "broken", who: "server" }),
  ];
  // Names 5, times 6, mark and gaps 5.
  assertEquals(pictureLines(levels, 5 + 6 + 5 + 20, PLAIN), [
    "100/s ✓ 190 ms  ██████████",
    "200/s ✗ 290 ms  █████░░░░░░░░░░░░░░░",
  ]);
});

Deno.test("rungs go up, one for all tries of a level, and are in doubt where these disagree", () => {
  const rungs = rungsOf([
    level(120, "bracket", { achievedPerS: 100, durationMs: 1000, p99Ms: 5 }),
    level(120, "bracket", { achievedPerS: 60, durationMs: 3000, p99Ms: 9, decision: "broken" }),
    level(60, "probe"),
  ]);
  assertEquals(rungs.map(({ level, mark }) => [level, mark.sign]), [[60, "✓"], [120, "?"]]);
  assertEquals([rungs[1]!.achievedPerS, rungs[1]!.p99Ms], [70, 9]);
});

Deno.test("what came after an overload is no rung, and neither is nothing a picture", () => {
  const levels = [...capacityReport().answer.levels];
  assert(levels.some(({ level }) => level === 68.5));
  assert(!rungsOf(levels).some(({ level }) => level === 68.5));
  assertEquals(pictureLines([], 80, PLAIN), []);
  assertEquals(pictureLines(emptyReport().answer.levels, 80, PLAIN).length, 1);
  const still = [level(5, "probe", { offeredPerS: 0, achievedPerS: 0, durationMs: 0 })];
  assertEquals(pictureLines(still, 80, PLAIN), ["5/s ✓ 95 ms"]);
});

Deno.test("a level at which the generator gave out says nothing of the server", () => {
  const rungs = rungsOf(atLeastReport().answer.levels);
  assertEquals(rungs.map(({ mark }) => mark.sign), ["✓", "✓", "!"]);
});

Deno.test("a level without an answer is told as that, and has no share of errors", () => {
  const silent = level(50, "probe", {
    decision: "undecided",
    by: "no_samples",
    errorRate: null,
    p50Ms: null,
    p95Ms: null,
    p99Ms: null,
    achievedPerS: 0,
  });
  assertEquals([outcomeMark(silent).sign, outcomeOf(silent)], ["?", "no answer"]);
  const { head, rows: [row] } = levelsTable([silent]);
  assertEquals(row![head.indexOf("errors")], "-");
});

Deno.test("a recovery is told by what the server did, however late the generator was", () => {
  const late = level(50, "recover", { who: "generator" });
  assertEquals([outcomeMark(late).sign, outcomeOf(late)], ["✓", "recovered"]);
  const broken = level(50, "recover", { decision: "broken", who: "generator" });
  assertEquals([outcomeMark(broken).sign, outcomeOf(broken)], ["!", "generator"]);
});
