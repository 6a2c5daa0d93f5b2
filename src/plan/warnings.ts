/** What a plan may well say, but hardly means. */
import type { Catalogue } from "./catalogue.ts";
import { within } from "./interpolate.ts";
import { nearest } from "./near_miss.ts";
import type { Plan, Scenario } from "./plan.ts";
import { plannedRequests } from "./planned.ts";
import { type Path, type Problem, problemAt } from "./problem.ts";
import { type Measure, SAMPLES_BEYOND } from "./threshold.ts";
import { nodeAt, type PlanNode, scalarsOf, spanOf } from "./tree.ts";

export function planWarnings(plan: Plan, root: PlanNode, catalogue: Catalogue): Problem[] {
  const warn = (path: Path, message: string, hint?: string): Problem =>
    problemAt(spanOf(root, path), path, `warning: ${message}`, hint);
  const planned = new Map(
    plannedRequests(plan).scenarios.map(({ name, iterations }) => [name, iterations]),
  );
  const thin = plan.scenarios.flatMap((scenario) =>
    thinPercentiles(scenario, planned.get(scenario.name)).map(({ at, message }) =>
      warn(["scenarios", scenario.name, "thresholds", at], message)
    )
  );
  const misspelt = plan.scenarios.flatMap(({ name, flow }) =>
    misspeltPlaceholders(root, ["scenarios", name, "with"], catalogue.get(flow)?.placeholders ?? [])
  );
  const silent = plan.scenarios.filter(({ name }) => planned.get(name) === 0).map((
    { name, load },
  ) =>
    warn(
      ["scenarios", name],
      `no arrival of \`${name}\` comes within its duration${
        load.model === "open" && load.arrivals === "poisson"
          ? `: by chance, with seed ${load.seed}`
          : ""
      }`,
      "lengthen the duration or raise the rate",
    )
  );
  const clear = tokenInTheClear(plan) ? [warn(["target", "base_url"], CLEAR_TOKEN)] : [];
  return [...clear, ...silent, ...thin, ...misspelt];
}

/** Braces stay where they are, so that JSON needs no escaping; a word in them that is nearly a placeholder was meant. */
function misspeltPlaceholders(
  root: PlanNode,
  path: Path,
  placeholders: readonly string[],
): Problem[] {
  const options = placeholders.length === 0 ? undefined : nodeAt(root, path);
  if (options === undefined) return [];
  return scalarsOf(options, path).flatMap(([node, at]) =>
    [...String(node.content).matchAll(/\{([A-Za-z_]\w*)\}/g)].flatMap(
      ({ 0: written, 1: word = "", index }) => {
        const meant = placeholders.includes(word) ? undefined : nearest(word, placeholders);
        if (meant === undefined) return [];
        const message = `warning: \`${written}\` is no placeholder, and stays as it is`;
        const hint = `did you mean \`{${meant}}\`?`;
        return [problemAt(within(node, index, written.length), at, message, hint)];
      },
    )
  );
}

const CLEAR_TOKEN = "the token goes over the network unencrypted";

function tokenInTheClear({ target, scenarios }: Plan): boolean {
  const { protocol, hostname } = new URL(target.baseUrl);
  const isLoopback = /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
  const hasToken = [target, ...scenarios].some(({ token }) => token);
  return hasToken && protocol === "http:" && !isLoopback;
}

interface Thin {
  readonly at: number;
  readonly message: string;
}

const OWN: ReadonlySet<Measure["kind"]> = new Set(["observed", "counter", "share"]);

function thinPercentiles({ thresholds }: Scenario, planned: number | undefined): Thin[] {
  return thresholds.flatMap(({ measure, text }, at) => {
    // How much an arrival gives a flow to measure of its own, no plan says.
    if (OWN.has(measure.kind)) return [];
    const percentile = measure.kind === "duration" ? measure.percentile ?? 0 : 0;
    const needed = Math.ceil(100 * SAMPLES_BEYOND / (100 - percentile) - 1e-6);
    if (percentile === 100 || planned === undefined || planned >= needed) return [];
    const message = `\`${text}\` will rest on ${planned} requests: ${needed} are needed`;
    return [{ at, message }];
  });
}
