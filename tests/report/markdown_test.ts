import type { ComparedFigure, Comparison } from "../../src/metrics/summary_schema.ts";
import { comparisonSection } from "../../src/report/markdown.ts";
import { assert, assertEquals } from "../assert.ts";
import { concluded, passedRun } from "./summaries.ts";

const passed = concluded(passedRun());
const { comparison: base } = concluded(passedRun(), passed);

const figure = (verdict: ComparedFigure["verdict"]): ComparedFigure => ({
  scenario: verdict,
  step: null,
  measure: "p95",
  base: 10,
  next: 15,
  change: 0.5,
  low: 0.4,
  high: 0.6,
  verdict,
});

const section = (parts: Partial<Comparison>): string =>
  comparisonSection({ ...base!, differences: [], ...parts });

Deno.test("a comparison shows what got slower or faster at a glance, and all figures folded away", () => {
  const figures = (["regressed", "improved", "same", "cannot_tell"] as const).map(figure);
  const [seen, hidden] = section({ verdict: "regressed", figures }).split("<details>") as [
    string,
    string,
  ];
  const named = (text: string): string[] =>
    text.split("\n").filter((line) => line.startsWith("|"))
      .flatMap((line) =>
        /regressed|improved|same|cannot_tell/.exec(line.split("|")[2]!)?.[0] ?? []
      );
  assertEquals(named(seen), ["regressed", "improved"]);
  assertEquals(named(hidden), ["regressed", "improved", "same", "cannot_tell"]);
});

Deno.test("a comparison in which nothing changed has no table at a glance, and one without figures none at all", () => {
  const [seen, hidden] = section({ verdict: "same", figures: [figure("same")] }).split("<details>");
  assert(!seen!.includes("|"), seen);
  assert(hidden!.includes("|"), hidden);
  const refused = section({ verdict: "refused", figures: [] });
  assert(!refused.includes("<details>") && !refused.includes("|"), refused);
  assertEquals(refused.split("\n")[0]!.includes("("), false);
});
