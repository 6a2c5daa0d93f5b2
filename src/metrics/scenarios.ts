import type { ArrivalKind } from "../plan/plan.ts";
import type { Measured, SummaryScenario } from "./summary_schema.ts";

/** All scenarios of a summary by their names, which are unique over its tiers; in its order. */
export function scenariosOf({ phases }: Pick<Measured, "phases">): [string, SummaryScenario][] {
  return Object.values(phases).flatMap((tier) => Object.entries(tier));
}

/** How a scenario's arrivals were spaced; null in the closed model. Summaries of before it could be chosen are of even ones. */
export function arrivalsOf({ load }: Pick<SummaryScenario, "load">): ArrivalKind | null {
  return load.model === "open" ? load.arrivals ?? "even" : null;
}

/** A server that some scenarios asked, and their names. */
export interface AskedServer {
  readonly target: NonNullable<SummaryScenario["target"]>;
  readonly scenarios: readonly string[];
}

/** Servers beside the one that the run is of (`methodology.target`), each once; empty where all scenarios asked that. */
export function otherTargets(
  summary: Pick<Measured, "phases" | "methodology">,
): readonly AskedServer[] {
  const { base_url: baseUrl } = summary.methodology.target;
  const main = URL.canParse(baseUrl) ? new URL(baseUrl).origin : baseUrl;
  const asked = scenariosOf(summary).flatMap(([name, { target }]) =>
    target === null || target.origin === main ? [] : [{ name, target }]
  );
  const groups = Map.groupBy(asked, ({ target }) => JSON.stringify(target));
  return Array.from(groups.values(), (group) => ({
    target: group[0]!.target,
    scenarios: group.map(({ name }) => name),
  }));
}
