/** The reports that are one text each, by the name that users call them. */
import type { Summary } from "../metrics/summary_schema.ts";
import { renderHtml } from "./html.ts";
import { renderJson } from "./json.ts";
import { renderJunit } from "./junit.ts";
import { renderMarkdown } from "./markdown.ts";
import { renderPrometheus } from "./prometheus.ts";
import { renderText } from "./text.ts";

export const FORMATS: Readonly<Record<string, (summary: Summary) => string>> = {
  html: renderHtml,
  json: renderJson,
  junit: renderJunit,
  markdown: renderMarkdown,
  prometheus: renderPrometheus,
  text: renderText,
};

/** A file for each scenario and step, so this one takes a folder. */
export const FOLDER_FORMAT = "hgrm";

export const FORMAT_NAMES: readonly string[] = [...Object.keys(FORMATS), FOLDER_FORMAT].sort();
