/** The reports by the name that users call them: a new one is a file of its own, and a line here. */
import type { Summary } from "../metrics/summary_schema.ts";
import { renderHtml } from "./html.ts";
import { renderJson } from "./json.ts";
import { renderJunit } from "./junit.ts";
import { renderMarkdown } from "./markdown.ts";
import { renderPrometheus } from "./prometheus.ts";
import { renderText } from "./text.ts";

type Renderer = (summary: Summary) => string;

/** Of the reports that are one text each. */
export const RENDERERS = {
  html: renderHtml,
  json: renderJson,
  junit: renderJunit,
  markdown: renderMarkdown,
  prometheus: renderPrometheus,
  text: renderText,
} satisfies Record<string, Renderer>;

/** A file for each scenario and step, so this one takes a folder. */
export const FOLDER_FORMAT = "hgrm";

export type ReportFormat = keyof typeof RENDERERS | typeof FOLDER_FORMAT;

export const FORMAT_NAMES: readonly string[] = [...Object.keys(RENDERERS), FOLDER_FORMAT].sort();

export function isReportFormat(name: string): name is ReportFormat {
  return FORMAT_NAMES.includes(name);
}
