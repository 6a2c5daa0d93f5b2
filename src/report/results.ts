/** The figures of a scenario or step as columns of a table, for every report. */
import type { Stats, SummarySeries } from "../metrics/summary_schema.ts";
import { formatCount, formatMs, formatPercent, formatRate } from "../metrics/format.ts";

export const TIMES = ["avg", "min", "p50", "p95", "p99", "max"] as const;
export const RESULT_HEADS = ["Count", "Rate", "Failed", "Avg", "Min", "p50", "p95", "p99", "Max"];

/** Average, least, percentiles and largest; `-` where there is none. */
export function timeCells(stats: Stats | null): string[] {
  return TIMES.map((key) => formatMs(stats?.[key]));
}

export function resultCells(series: SummarySeries): string[] {
  return [
    formatCount(series.count),
    formatRate(series.rate_per_s),
    formatPercent(series.error_rate),
    ...timeCells(series.response_time_ms),
  ];
}

/** Of failures that are in no response time; undefined where there are none. */
export function failedCells({ failed_time_ms: failed }: SummarySeries): string[] | undefined {
  return failed ? [formatCount(failed.count), "", "", ...timeCells(failed)] : undefined;
}
