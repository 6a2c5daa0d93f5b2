import fc from "fast-check";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { liveView, sparkline } from "../../src/report/live.ts";
import { clockTime, progressLine } from "../../src/report/progress.ts";
import { widthOf } from "../../src/report/width.ts";
import { assertGolden } from "./golden.ts";
import { runState, scenarioState } from "./states.ts";

// deno-lint-ignore no-control-regex -- colour is written in them
const plain = (line: string): string => line.replaceAll(/\u001b\[\d+m/g, "");

Deno.test("liveView() fits every terminal from 40x2, coloured or not", () => {
  const sizes = fc.record({
    columns: fc.integer({ min: 40, max: 250 }),
    rows: fc.integer({ min: 2, max: 60 }),
    color: fc.boolean(),
  });
  const note = "Ending: no new arrivals, up to 30 s for those under way";
  const wide = [scenarioState("証明書の発行_証明書の発行_証明書の発行"), scenarioState("list")];
  const states = fc.constantFrom(
    runState({ note }),
    runState({ note, plan: "証明書".repeat(40), scenarios: wide }),
  );
  fc.assert(fc.property(sizes, states, (screen, state) => {
    const lines = liveView(state, screen);
    assert(lines.length < screen.rows);
    for (const line of lines) assert(widthOf(line) <= screen.columns, line);
  }));
});

Deno.test("liveView() is the same with and without colour", () => {
  const screen = { columns: 120, rows: 40 };
  const coloured = liveView(runState(), { ...screen, color: true });
  assert(coloured.join("").includes("\u001b["));
  assertEquals(coloured.map(plain), liveView(runState(), { ...screen, color: false }));
});

for (const [columns, rows] of [[80, 24], [160, 50]] as const) {
  Deno.test(`liveView() at ${columns}x${rows}`, () => {
    const lines = liveView(runState(), { columns, rows, color: false });
    assertGolden(`live_${columns}x${rows}.txt`, lines.join("\n") + "\n");
  });
}

Deno.test("liveView() turns its lights from green to red as the run gets doubtful", () => {
  const screen = { columns: 100, rows: 40, color: true };
  const light = (cpuShare: number): string =>
    liveView(runState({ cpuShare }), screen).find((line) => line.includes("CPU"))!;
  assertStringIncludes(light(0.1), "\u001b[32m●\u001b[0m generator CPU 10 %");
  assertStringIncludes(light(0.85), "\u001b[33m▲\u001b[0m generator CPU 85 %");
  assertStringIncludes(light(0.99), "\u001b[31m✗\u001b[0m generator CPU 99 %");
});

Deno.test("liveView() without colour tells its lights by their shape", () => {
  const lines = liveView(runState({ cpuShare: 0.99 }), { columns: 100, rows: 40, color: false });
  assertStringIncludes(lines.join("\n"), "● dropped 0   ✗ generator CPU 99 %");
});

Deno.test("liveView() of more scenarios than fit keeps the lights and the newest failures", () => {
  const scenarios = Array.from({ length: 30 }, (_, i) => scenarioState(`scenario_${i}`));
  const lines = liveView(runState({ scenarios }), { columns: 80, rows: 24, color: false });
  assertEquals(lines.length, 23);
  assertStringIncludes(lines.join("\n"), "… and more: make the terminal higher\n\n● lag max");
  assertEquals(lines.slice(-2), [
    "✗ scenario_0: status_5xx, HTTP 503 from /x",
    "  … and more: make the terminal higher",
  ]);
});

Deno.test("liveView() in a narrow terminal keeps both ends of a name, and the times", () => {
  const scenarios = [1, 2].map((n) => scenarioState(`a_scenario_with_a_long_name_${n}`));
  const lines = liveView(runState({ scenarios }), { columns: 60, rows: 24, color: false });
  assertEquals(lines.slice(2, 6).map((line) => line.trimEnd()), [
    "                         rate failed     p50     p95     p99",
    "API",
    "  a_scenari…g_name_1     50/s      2 4.04 ms  4.8 ms 4.96 ms",
    "  a_scenari…g_name_2     50/s      2 4.04 ms  4.8 ms 4.96 ms",
  ]);
});

Deno.test("sparkline() has its peak at full height, whatever the width", () => {
  const values = fc.array(fc.nat(1000), { minLength: 1, maxLength: 100 });
  fc.assert(fc.property(values, fc.integer({ min: 1, max: 80 }), (numbers, width) => {
    const line = sparkline(numbers, width);
    assert(Array.from(line).length <= width);
    assertEquals(line.includes("█"), Math.max(...numbers) > 0);
  }));
  assertEquals(sparkline([0, 1, 4, 8], 4), " ▂▅█");
  assertEquals(sparkline([], 4), "");
});

Deno.test("progressLine() says in one line what is due, what comes, and what fails", () => {
  const state = runState({ scenarios: runState().scenarios.slice(0, 1) });
  assertEquals(
    progressLine(state),
    "1:20 of 5:00 | issuance_acceptance 50/s of 50/s, 3 in flight, 2 failed, p95 4.8 ms",
  );
  assertStringIncludes(progressLine(runState()), "| 1 waiting");
});

Deno.test("progressLine() tells the end of the load, of a scenario, and the news", () => {
  const done = scenarioState("a", { state: "done" });
  const line = progressLine(
    runState({ elapsedS: 301, note: "Interrupted: ending", scenarios: [done] }),
  );
  assertEquals(
    line,
    "5:01, waiting for the last answers | Interrupted: ending | a done, 4,000 finished, 2 failed, p95 4.8 ms",
  );
});

Deno.test("clockTime() counts hours only when there are any", () => {
  assertEquals([0, 59.9, 60, 3599, 3661].map(clockTime), [
    "0:00",
    "0:59",
    "1:00",
    "59:59",
    "1:01:01",
  ]);
});
