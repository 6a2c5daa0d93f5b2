/** The section that certctl's k6 harness wrote, kept for whoever reads it. */
import { Histogram } from "./histogram.ts";
import { shareOf, statsOf, unpacked } from "./stats.ts";
import type { Measured, SummaryConnector } from "./summary_schema.ts";
import { scenariosOf } from "./scenarios.ts";

/** Several scenarios of one target type are taken together. What is deployed to a target is no time of the target's. */
export function connectorTier({ phases }: Pick<Measured, "phases">): Measured["connector_tier"] {
  const { lifecycle: _, ...others } = phases;
  const scenarios = scenariosOf({ phases: others }).map(([, scenario]) => scenario);
  const of = (targetType: string): SummaryConnector => {
    const those = scenarios.filter(({ target_type }) => target_type === targetType);
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    const count = sum(those.map((scenario) => scenario.count));
    const times = those.map(({ histograms }) => unpacked(histograms.response_time));
    const stats = statsOf(Histogram.from(...times).toData());
    return {
      p50: stats?.p50 ?? null,
      p95: stats?.p95 ?? null,
      p99: stats?.p99 ?? null,
      max: stats?.max ?? null,
      avg: stats?.avg ?? null,
      error_rate: shareOf(sum(those.map(({ failed }) => failed)), count),
      iterations: count || null,
    };
  };
  return {
    nginx: of("nginx"),
    apache: of("apache"),
    haproxy: of("haproxy"),
    f5: of("f5"),
    kubernetes: of("kubernetes"),
  };
}
