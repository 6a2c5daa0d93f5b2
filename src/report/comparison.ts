/** A comparison of two runs in words and lines. */
import type { ComparedFigure, Comparison } from "../metrics/summary_schema.ts";
import { formatMs, formatPercent, significant } from "../metrics/format.ts";
import { COMPARISON_MARKS, differenceMark, FIGURE_MARKS } from "./marks.ts";
import { painted, type Style } from "./style.ts";
import { fittedLines } from "./table.ts";
import { block, item, type Page, pageOf, type TextOptions } from "./text/page.ts";
import { plural } from "./words.ts";

export function figureName({ scenario, step, measure }: ComparedFigure): string {
  return [scenario, step, measure].filter(Boolean).join(" ");
}

export function figureValue({ measure }: ComparedFigure, value: number | null): string {
  return measure === "error_rate" ? formatPercent(value) : formatMs(value);
}

/** `+21.7 %`; of an error rate the difference in percentage points, `+0.5 pp`. */
export function changeText({ measure }: ComparedFigure, change: number | null, digits = 3): string {
  if (change === null) return "-";
  const percent = significant(Math.abs(change) * 100, digits);
  const sign = percent === "0" ? "±" : change > 0 ? "+" : "-";
  return `${sign}${percent} ${measure === "error_rate" ? "pp" : "%"}`;
}

export function intervalText(figure: ComparedFigure): string {
  const { low, high } = figure;
  if (low === null || high === null) return "too few";
  return `${changeText(figure, low, 2)} to ${changeText(figure, high, 2)}`;
}

/** `3 regressed, 12 same, 5 cannot tell` */
export function countsText({ figures }: Pick<Comparison, "figures">): string {
  return Object.entries(FIGURE_MARKS).flatMap(([name, { word }]) => {
    const count = figures.filter(({ verdict }) => verdict === name).length;
    return count > 0 ? [`${count} ${word}`] : [];
  }).join(", ");
}

/** Who is compared with whom, in one line. */
export function comparedText({ base, next }: Comparison): string {
  const one = (run: Comparison["base"]): string =>
    `${run.target_version ?? run.target} of ${run.started_at.slice(0, 16).replace("T", " ")}`;
  return `${one(next)} against ${one(base)}`;
}

/** How the intervals are to be read. */
export function methodText({ confidence, allow, figures, method }: Comparison): string {
  return `Intervals of ${plural(figures.length, "figure")}, which hold together at ${
    significant(confidence * 100)
  } %; a change of up to ${significant(allow * 100)} % is allowed. Method: ${method}.`;
}

export function comparisonLines(comparison: Comparison, page: Page): string[] {
  const { style } = page;
  const { tone, word } = COMPARISON_MARKS[comparison.verdict];
  const counts = comparison.figures.length > 0 ? `, ${countsText(comparison)}` : "";
  return [
    `${style.strong("Comparison")}  ${style[tone](word)}${counts}`,
    ...block(comparedText(comparison), page, { first: 2 }),
    ...comparison.differences.flatMap((difference) =>
      item(painted(differenceMark(difference), style), difference.message, page)
    ),
    ...figureLines(comparison, page),
  ];
}

function figureLines(comparison: Comparison, page: Page): string[] {
  const { style } = page;
  const { shown, left } = figureGroups(comparison);
  if (shown.length === 0) return [];
  const rows = shown.flatMap(({ figures }) =>
    figures.map((figure) => [
      `${FIGURE_MARKS[figure.verdict].sign} ${figure.measure}`,
      figureValue(figure, figure.base),
      figureValue(figure, figure.next),
      changeText(figure, figure.change),
      intervalText(figure),
      FIGURE_MARKS[figure.verdict].word,
    ])
  );
  const head = ["", "base", "new", "change", "interval", "verdict"];
  const { lines: [headLine = "", ...lines], left: gone } = fittedLines({ head, rows }, {
    width: page.width - 4,
    drop: ["verdict", "base", "new"],
  });
  return [
    `    ${style.faint(headLine)}`,
    ...shown.flatMap(({ name, figures }) => [
      ...block(name, page, { first: 2 }),
      ...lines.splice(0, figures.length).map((line, i) =>
        `    ${certainly(line, figures[i]!, style)}`
      ),
    ]),
    ...(left.length > 0 ? block(leftText(left), page, { first: 2 }) : []),
    ...block(
      `${methodText(comparison)}${gone.length > 0 ? ` No room for ${gone.join(", ")}.` : ""}`,
      page,
      { first: 2, paint: style.faint },
    ),
  ];
}

export interface FigureGroup {
  readonly name: string;
  readonly figures: readonly ComparedFigure[];
}

/**
 * The figures of a scenario or step together, in their order. Steps in which nothing changed for certain are `left` for
 * those who look for them: the scenario's own figures tell the whole.
 */
export function figureGroups({ figures }: Comparison): {
  shown: FigureGroup[];
  left: FigureGroup[];
} {
  const groups = new Map<string, ComparedFigure[]>();
  for (const figure of figures) {
    const name = [figure.scenario, figure.step].filter(Boolean).join(" ");
    groups.set(name, [...groups.get(name) ?? [], figure]);
  }
  const all = Array.from(groups, ([name, figures]) => ({ name, figures }));
  const tells = ({ figures }: FigureGroup): boolean =>
    figures.some(({ step, verdict }) =>
      step === null || verdict === "regressed" || verdict === "improved"
    );
  return { shown: all.filter(tells), left: all.filter((group) => !tells(group)) };
}

function leftText(groups: readonly FigureGroup[]): string {
  const figures = groups.flatMap((group) => group.figures);
  return `${plural(groups.length, "step")} without a certain change: ${countsText({ figures })}`;
}

/** In colour where something changed for certain. */
function certainly(line: string, { verdict }: ComparedFigure, style: Style): string {
  const { tone } = FIGURE_MARKS[verdict];
  return tone === "bad" || tone === "good" ? style[tone](line) : line;
}

/**
 * A comparison as a terminal shows it: the verdict, then a row for each figure with its change and how sure that is.
 *
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { readSummary } from "../metrics/read_summary.ts";
 * import { compare } from "../verdict/compare.ts";
 *
 * const file = "docs/examples/summary.json";
 * const summary = readSummary(await Deno.readTextFile(file), file);
 * assertStringIncludes(renderComparison(compare(summary, summary)), "p95");
 * ```
 */
export function renderComparison(comparison: Comparison, options: TextOptions = {}): string {
  return comparisonLines(comparison, pageOf(options)).join("\n") + "\n";
}
