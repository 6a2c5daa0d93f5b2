/**
 * Baselines: a baseline is a summary that was found fit to be one, and says since when. Nothing in it is typed by hand;
 * the methodology is what the run captured.
 */
import type { Summary } from "../metrics/summary_schema.ts";
import { partOfWhole } from "../metrics/shards.ts";
import { isBroken } from "./thresholds.ts";

/** What speaks against keeping a run as a baseline, one sentence each; none where it is fit. */
export function objectionsTo(summary: Summary): string[] {
  const { interrupted, validity, exit, methodology, thresholds } = summary;
  const failed = thresholds.filter((one) => isBroken(one) || one.verdict === "regressed").length;
  const broken = failed === 1 ? "a threshold" : `${failed} thresholds`;
  return [
    ...(partOfWhole(summary) ? ["The run is one machine's part of several: merge them first"] : []),
    ...(interrupted ? ["The run was interrupted"] : []),
    ...validity.reasons.map(({ message }) => `The run is invalid: ${message}`),
    ...(failed > 0 ? [`The run did not pass: ${broken} broken`] : []),
    ...(exit.name === "regression" ? ["The run is a regression against its own baseline"] : []),
    ...(methodology.target.lab ? ["The target was the embedded lab, not a certctl server"] : []),
    ...(methodology.target.version === null ? ["The target did not tell its version"] : []),
  ];
}

/** The run as a baseline; `forcedOver` are the objections that were overruled, for everybody to read in it. */
export function baselineOf(
  summary: Summary,
  { savedAt, forcedOver }: { savedAt: string; forcedOver: readonly string[] },
): Summary {
  const baseline = { saved_at: savedAt, forced_over: [...forcedOver] };
  return { ...summary, comparison: null, baseline };
}
