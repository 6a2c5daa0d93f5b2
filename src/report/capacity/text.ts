/** A search for capacity on a terminal or in capacity.txt: the answer first, then what it rests on. */
import { answerSentences } from "../../capacity/answer.ts";
import { INVENTORY_DROP, inventoryNote, inventoryTable } from "../inventory.ts";
import { oneLine } from "../style.ts";
import { block, item, type Page, pageOf, type TextOptions, title } from "../text/page.ts";
import { tableSection } from "../text/tables.ts";
import { padEnd, shortened, wrap } from "../width.ts";
import { LAB_WARNING } from "../words.ts";
import type { CapacityReport } from "./document.ts";
import { LEVEL_DROP, levelsTable } from "./levels.ts";
import { pictureLines, rungsOf } from "./picture.ts";
import { headMark, LAW_NOTE, lawRows, limitRows, methodRows, searchedText } from "./words.ts";

export function capacityText(report: CapacityReport, options?: TextOptions): string {
  const page = pageOf(options);
  const sections = [
    answerSection(report, page),
    levelSection(report, page),
    pictureSection(report, page),
    inventorySection(report, page),
    limitSection(report, page),
    lawSection(report, page),
    methodSection(report, page),
    exitLine(report, page),
  ];
  return sections.filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n")).join("\n\n") + "\n";
}

function answerSection(report: CapacityReport, page: Page): string[] {
  const { style, width } = page;
  const { word, tone } = headMark(report);
  const searched = shortened(oneLine(searchedText(report)), width - word.length - 2);
  const [first = "", ...more] = answerSentences(report.answer);
  return [
    `${style[tone](style.strong(word))}  ${style.strong(searched)}`,
    ...block(first, page, { paint: style.strong }),
    ...more.flatMap((sentence) => block(sentence, page)),
    ...(report.methodology.target.lab ? block(LAB_WARNING, page, { paint: style.warn }) : []),
  ];
}

function levelSection({ answer: { levels } }: CapacityReport, page: Page): string[] {
  if (levels.length === 0) return [];
  const note = "in the order in which they were run; response times of what was answered";
  return tableSection(["Levels", note], levelsTable(levels), LEVEL_DROP, page);
}

function pictureSection({ answer: { levels } }: CapacityReport, page: Page): string[] {
  // One bar is no picture.
  if (rungsOf(levels).length < 2) return [];
  return [
    ...title("Picture", "by level: p99, and achieved (█) of offered (░)", page),
    ...pictureLines(levels, page.width, page.style),
  ];
}

function inventorySection({ inventory }: CapacityReport, page: Page): string[] {
  if (inventory === null) return [];
  const heading = ["Inventory", inventoryNote(inventory)] as const;
  return tableSection(heading, inventoryTable(inventory), INVENTORY_DROP, page);
}

function limitSection(report: CapacityReport, page: Page): string[] {
  return [
    ...title("Limits", "the share of the requests that may lie beyond", page),
    ...limitRows(report).flatMap(([text, allowed]) => item("-", `${text}: ${allowed}`, page)),
  ];
}

function lawSection({ answer: { usl } }: CapacityReport, page: Page): string[] {
  const name = "Scalability law";
  if ("refused" in usl) return title(name, `not fitted: ${usl.refused}`, page);
  return [...title(name, LAW_NOTE, page), ...rowLines(lawRows(usl), 4, page)];
}

function methodSection(report: CapacityReport, page: Page): string[] {
  return [page.style.strong("Methodology"), ...rowLines(methodRows(report), 10, page)];
}

/** Names in a column, and texts beside them. */
function rowLines(
  rows: readonly (readonly [name: string, text: string])[],
  names: number,
  { width }: Page,
): string[] {
  return rows.flatMap(([name, text]) =>
    wrap(oneLine(text), width - names - 4).map((line, i) =>
      `  ${padEnd(i === 0 ? name : "", names)}  ${line}`
    )
  );
}

function exitLine(report: CapacityReport, page: Page): string[] {
  const { exit: { code, reason } } = report;
  return block(`exit ${code}: ${reason}`, page, { paint: page.style[headMark(report).tone] });
}
