/** What went over the wire as columns of a table, for every report. */
import type { Summary, SummarySeries } from "../metrics/summary_schema.ts";
import { formatBytes, formatCount } from "../metrics/format.ts";
import { scenariosOf } from "../metrics/scenarios.ts";

/** Statuses that have a column of their own; further ones share one. */
const STATUS_COLUMNS = 5;
const FURTHER = "others";

/** Heads of the columns, the most frequent status first; none where nothing was answered. */
export function statusHeads(summary: Summary): string[] {
  const counts = new Map<string, number>();
  for (const [, { statuses }] of scenariosOf(summary)) {
    for (const [status, count] of Object.entries(statuses)) {
      counts.set(status, (counts.get(status) ?? 0) + count);
    }
  }
  const statuses = Array.from(counts).sort(([, a], [, b]) => b - a).map(([status]) => status);
  if (statuses.length <= STATUS_COLUMNS) return statuses;
  return [...statuses.slice(0, STATUS_COLUMNS - 1), FURTHER];
}

/** Answers, connections and bytes of a series, the answers under these heads. */
export function exchangeCells(series: SummarySeries, heads: readonly string[]): string[] {
  return [
    ...statusCells(series, heads),
    formatCount(series.connections.new),
    formatCount(series.connections.reused),
    formatBytes(series.bytes_sent),
    formatBytes(series.bytes_received),
  ];
}

/** `-` where there was none. */
function statusCells({ statuses }: SummarySeries, heads: readonly string[]): string[] {
  const further = Object.entries(statuses).filter(([status]) => !heads.includes(status))
    .reduce((sum, [, count]) => sum + count, 0);
  return heads.map((head) => {
    const count = head === FURTHER ? further : statuses[head] ?? 0;
    return count === 0 ? "-" : formatCount(count);
  });
}
