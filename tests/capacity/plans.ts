/** Plans of requests to a server that is never asked. */
import { catalogue } from "../../src/flows/catalogue.ts";
import { loadPlan } from "../../src/plan/load_plan.ts";
import type { PlanOverrides } from "../../src/plan/overrides.ts";
import type { Plan } from "../../src/plan/plan.ts";

type Keys = Readonly<Record<string, unknown>>;

/** Each scenario with a load and, if it likes, thresholds. */
export function planOf(
  scenarios: Readonly<Record<string, Keys>>,
  plan: Keys = {},
  overrides: PlanOverrides = {},
): Plan {
  const withFlow = Object.entries(scenarios).map(([name, keys]) => [
    name,
    { flow: "http_request", with: { path: "/" }, ...keys },
  ]);
  const text = JSON.stringify({
    name: "test",
    target: { base_url: "https://ca.example" },
    ...plan,
    scenarios: Object.fromEntries(withFlow),
  });
  const readFile = (): string => "";
  const loaded = loadPlan({
    text,
    source: "test",
    env: {},
    catalogue,
    readFile,
    overrides,
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.plan;
}
