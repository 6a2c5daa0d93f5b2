import { assert, assertEquals, assertStringIncludes } from "../../assert.ts";
import { capacityText } from "../../../src/report/capacity/text.ts";
import { widthOf } from "../../../src/report/width.ts";
import { assertGolden } from "../golden.ts";
import { ANSWER, atLeastReport, capacityReport, hostileReport, REPORTS } from "./reports.ts";

for (const [name, report] of REPORTS) {
  Deno.test(`capacityText() of a search that ended with: ${name}`, () => {
    assertGolden(`capacity_${name}.txt`, capacityText(report()));
  });
}

Deno.test("capacityText() answers in its second line, and warns of the lab before any figure", () => {
  const report = capacityReport();
  const target = { ...report.methodology.target, lab: true };
  const text = capacityText({ ...report, methodology: { ...report.methodology, target } });
  assert(text.split("\n")[1]!.startsWith("The server holds 137/s (95 %: 133/s to 140/s)."));
  const warning = text.indexOf("do not publish these figures as certctl's");
  assert(warning > 0 && warning < text.indexOf("Levels"));
});

Deno.test("capacityText() has no line that is wider than the terminal, and no trailing blank", () => {
  for (const [name, report] of [...REPORTS, ["hostile", hostileReport] as const]) {
    for (const width of [60, 77, 100, 200]) {
      for (const line of capacityText(report(), { width, color: width === 77 }).split("\n")) {
        assert(widthOf(line) <= width, `${name}, ${widthOf(line)} at ${width}: ${line}`);
        assertEquals(line, line.trimEnd());
      }
    }
  }
});

Deno.test("capacityText() says which columns a narrow terminal has no room for", () => {
  assertStringIncludes(capacityText(capacityReport(), { width: 60 }), "no room for offered, p50");
  assert(!capacityText(capacityReport(), { width: 120 }).includes("no room for"));
});

Deno.test("capacityText() colours only when asked", () => {
  const plain = capacityText(capacityReport());
  assert(!plain.includes("\u001b"));
  const coloured = capacityText(capacityReport(), { color: true });
  // deno-lint-ignore no-control-regex -- escapes are what is looked for
  assertEquals(coloured.replaceAll(/\u001b\[\d+m/g, ""), plain);
});

Deno.test("capacityText() lets no server and no plan write to the terminal", () => {
  // deno-lint-ignore no-control-regex -- these must not be there
  assertEquals(capacityText(hostileReport()).match(/[\u0000-\u0009\u000b-\u001f\u202e]/), null);
});

Deno.test("capacityText() of a search that was interrupted before its first level draws nothing", () => {
  const answer = {
    ...ANSWER,
    knee: 0,
    low: 0,
    high: null,
    levels: [],
    ended: "interrupted",
  } as const;
  const text = capacityText(capacityReport({ answer }));
  assert(!/NaN|undefined|null|Infinity/.test(text), text);
  assertStringIncludes(text, "It was interrupted before all was tried.");
});

Deno.test("a required rate makes the answer a verdict", () => {
  const exit = { code: 0, name: "passed", reason: "100/s are required, and it holds 137/s" };
  const head = (change: Parameters<typeof capacityReport>[0]): string =>
    capacityText(capacityReport(change)).split(" ")[0]!;
  assertEquals(head({}), "CAPACITY");
  assertEquals(head({ requiredPerS: 100, exit }), "PASSED");
  assertEquals(head({ exit: { code: 105, name: "interrupted", reason: "" } }), "INTERRUPTED");
  assertStringIncludes(capacityText(atLeastReport()), "exit 0: it holds at least 100/s");
});
