/** Summaries and baselines as files that the command line names. */
import { readSummary, SummaryError } from "../metrics/read_summary.ts";
import type { Summary } from "../metrics/summary_schema.ts";

export type OpenedSummary =
  | { readonly ok: true; readonly summary: Summary }
  | { readonly ok: false; readonly problem: string };

export async function openSummary(path: string): Promise<OpenedSummary> {
  try {
    return { ok: true, summary: readSummary(await Deno.readTextFile(path), path) };
  } catch (error) {
    if (error instanceof SummaryError) return { ok: false, problem: error.message };
    return { ok: false, problem: `Cannot read "${path}": ${whyUnreadable(error)}` };
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

function whyUnreadable(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  return error instanceof Error ? error.message : String(error);
}
