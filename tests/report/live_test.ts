import fc from "fast-check";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { liveView, sparkline } from "../../src/report/live.ts";
import { clockTime, progressLine, timeOf } from "../../src/report/progress.ts";
import { widthOf } from "../../src/report/width.ts";
import { assertGolden } from "./golden.ts";
import type { ScenarioState } from "../../src/metrics/run_state.ts";
import type { ScenarioProgress } from "../../src/metrics/totals.ts";
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

/** The heads of a screen of that width, as they are shown. */
function headsAt(columns: number, name = "list"): string {
  const lines = liveView(runState({ scenarios: [scenarioState(name)] }), {
    columns,
    rows: 40,
    color: false,
  });
  return lines[2]!.trim().replaceAll(/ +/g, " ");
}

Deno.test("liveView() shows each column from its own width on, and not one column earlier", () => {
  const narrow = "rate failed p50", middle = `${narrow} p95`, three = `${middle} p99`;
  const wide = three.replace("rate", "rate in flight");
  const spark = "p95, last minute";
  assertEquals(
    [49, 50, 59, 60, 69, 70, 75, 76, 99, 100].map((columns) => headsAt(columns)),
    [narrow, middle, middle, three, three, three, three, `${three} ${spark}`]
      .concat(`${three} ${spark}`, `${wide} ${spark}`),
  );
  assertEquals(headsAt(76, "a_name_that_takes_all_the_room"), `${three} p95 60 s`);
});

Deno.test("liveView() has a rate of its own form from 70 columns on: of how much, or by how many", () => {
  const rowAt = (columns: number, parts: Partial<ScenarioState>): string =>
    liveView(runState({ scenarios: [scenarioState("list", parts)] }), {
      columns,
      rows: 40,
      color: false,
    })[4]!.trim().replaceAll(/ +/g, " ");
  assertStringIncludes(rowAt(69, {}), "list 50/s 2 ");
  assertStringIncludes(rowAt(70, {}), "list 50 of 50/s 2 ");
  const users = { targetRate: undefined, users: 100 };
  assertStringIncludes(rowAt(70, users), "list 50/s 100 users 2 ");
  // Where that is longer than its column, what comes is left, not what is due.
  assertStringIncludes(rowAt(70, { ...users, users: 12_345_678 }), "list 50/s 2 ");
  assertStringIncludes(rowAt(100, {}), "list 50 of 50/s 3 2 ");
});

Deno.test("liveView() of what just fits shows all of it, and one line less says that there is more", () => {
  const scenarios = [1, 2, 3, 4, 5].map((n) => scenarioState(`s${n}`));
  const shown = (rows: number): string[] =>
    liveView(runState({ scenarios }), { columns: 80, rows, color: false });
  const all = shown(100);
  assertEquals(shown(all.length + 1), all);
  const failures = (lines: readonly string[]): number =>
    lines.filter((line) => line.startsWith("✗ s")).length;
  const less = shown(all.length);
  assertEquals(less.length, all.length - 1);
  // Failures go first, down to two lines of them; then scenarios.
  assertEquals([failures(all), failures(less), less.at(-1)], [
    5,
    3,
    "  … and more: make the terminal higher",
  ]);
  assertEquals(less.filter((line) => /^ {2}s\d/.test(line)).length, 5);
  const least = shown(all.length - 3);
  assertEquals(failures(least), 1);
  assertEquals(least.filter((line) => /^ {2}s\d/.test(line)).length, 3);
});

Deno.test("liveView() turns each light at its limit: lag, drops and CPU", () => {
  const lightsOf = (parts: Partial<ScenarioProgress>, cpuShare?: number): string => {
    const { progress } = scenarioState("list");
    const scenarios = [scenarioState("list", { progress: { ...progress, ...parts } })];
    const lines = liveView(runState({ scenarios, cpuShare }), {
      columns: 100,
      rows: 40,
      color: false,
    });
    return lines.find((line) => line.includes("lag max"))!;
  };
  const lag = (ms: number): string => lightsOf({ maxLagUs: ms * 1000 })[0]!;
  assertEquals([19.9, 20, 499.9, 500].map(lag), ["●", "▲", "▲", "✗"]);
  const dropped = (count: number): string =>
    /(.) dropped [\d,]+/.exec(lightsOf({ dropped: count, count: 19_900 - count }))![1]!;
  assertEquals([0, 1, 99, 100].map(dropped), ["●", "▲", "▲", "✗"]);
  const cpu = (share: number): string => /(.) generator CPU/.exec(lightsOf({}, share))![1]!;
  assertEquals([0.79, 0.8, 0.94, 0.95].map(cpu), ["●", "▲", "▲", "✗"]);
  assertEquals(lightsOf({}).includes("CPU"), false);
});

Deno.test("liveView() tells the newest failure of what has failed, and of nothing else", () => {
  const { progress } = scenarioState("list");
  const failuresOf = (parts: Partial<ScenarioProgress>): string[] =>
    liveView(
      runState({ scenarios: [scenarioState("list", { progress: { ...progress, ...parts } })] }),
      { columns: 80, rows: 40, color: false },
    ).filter((line) => line.startsWith("✗ list"));
  assertEquals(failuresOf({}), ["✗ list: status_5xx, HTTP 503 from /x"]);
  assertEquals(failuresOf({ failed: 0 }), []);
  assertEquals(failuresOf({ newestFailure: undefined }), []);
});

Deno.test("liveView() has no time where all that came had failed", () => {
  const { progress } = scenarioState("list");
  const none = { ...progress, failed: progress.count, p50Us: 0, p95Us: 0, p99Us: 0, history: [] };
  const scenarios = [scenarioState("list", { progress: none })];
  const lines = liveView(runState({ scenarios }), { columns: 80, rows: 40, color: false });
  const row = lines.find((line) => line.startsWith("  list"))!;
  assertEquals(row.trimEnd().split(/ +/).slice(-3), ["-", "-", "-"]);
});

Deno.test("liveView() fills its bar with the share of the time that has passed, and no more", () => {
  const barOf = (elapsedS: number, plannedS: number): string =>
    liveView(runState({ elapsedS, plannedS }), { columns: 40, rows: 40, color: false })[1]!;
  const bar = (full: number): string => "━".repeat(full) + "─".repeat(40 - full);
  assertEquals(
    [barOf(0, 100), barOf(25, 100), barOf(100, 100), barOf(120, 100), barOf(0, 0)],
    [0, 10, 40, 40, 40].map(bar),
  );
});

Deno.test("sparkline() stands each bar for as many seconds, the newest whole, and takes their largest", () => {
  assertEquals(sparkline([8, 0, 0, 0, 4], 3), "█ ▅");
  assertEquals(sparkline([8, 1, 4], 3), "█▂▅");
  assertEquals(sparkline([1, 8, 1, 4], 2), "█▅");
});

Deno.test("progressLine() tells drops where there are any, and no time where nothing came", () => {
  const { progress } = scenarioState("a");
  const lineOf = (parts: Partial<ScenarioProgress>): string =>
    progressLine(
      runState({ scenarios: [scenarioState("a", { progress: { ...progress, ...parts } })] }),
    );
  assertStringIncludes(lineOf({}), "3 in flight, 2 failed, p95 4.8 ms");
  assertStringIncludes(lineOf({ dropped: 1 }), "2 failed, 1 dropped, p95 4.8 ms");
  assertStringIncludes(lineOf({ p95Us: 0 }), "2 failed, p95 -");
  const idle = { targetRate: undefined, users: undefined };
  const unknown = progressLine(runState({ scenarios: [scenarioState("a", idle)] }));
  assertStringIncludes(unknown, "a 50/s of -, 3 in flight");
  assertEquals(unknown.includes("waiting"), false);
});

Deno.test("timeOf() has the planned time as long as that has not passed", () => {
  assertEquals(timeOf(runState({ elapsedS: 300 })), "5:00 of 5:00");
  assertEquals(timeOf(runState({ elapsedS: 300.1 })), "5:00, waiting for the last answers");
  assertEquals([-1, 3600].map(clockTime), ["0:00", "1:00:00"]);
});
