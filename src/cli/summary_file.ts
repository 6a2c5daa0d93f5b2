/** Summaries and baselines as files that the command line names. */
import { checkSize, readSummary, SummaryError } from "../metrics/read_summary.ts";
import { mask } from "../masking/mask.ts";
import { maskTexts } from "../report/mask.ts";
import type { Summary } from "../metrics/summary_schema.ts";
import { reasonOf } from "./host_error.ts";

type OpenedSummary =
  | { readonly ok: true; readonly summary: Summary }
  | { readonly ok: false; readonly problem: string };

export async function openSummary(path: string): Promise<OpenedSummary> {
  const read = await readSummaryText(path);
  if (!read.ok) return read;
  try {
    return { ok: true, summary: maskTexts(readSummary(read.text, path), mask) };
  } catch (error) {
    if (error instanceof SummaryError) return { ok: false, problem: error.message };
    throw error;
  }
}

export type ReadText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

/** What a file says that may be a summary. */
export async function readSummaryText(path: string): Promise<ReadText> {
  try {
    checkSize((await Deno.stat(path)).size, path);
    return { ok: true, text: await Deno.readTextFile(path) };
  } catch (error) {
    if (error instanceof SummaryError) return { ok: false, problem: error.message };
    return { ok: false, problem: `Cannot read "${path}": ${reasonOf(error)}` };
  }
}

/** All of them, or every problem. */
export async function openSummaries(
  paths: readonly string[],
): Promise<{ summaries: Summary[]; problems: string[] }> {
  const opened = await Promise.all(paths.map(openSummary));
  return {
    summaries: opened.flatMap((one) => (one.ok ? [one.summary] : [])),
    problems: opened.flatMap((one) => (one.ok ? [] : [one.problem])),
  };
}
