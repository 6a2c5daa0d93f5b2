/**
 * What makes two runs runs of the same plan: the load, the flows with their options, and the thresholds. Where the
 * servers are is left out (a lab has other ports every time), and so is every secret; a summary names its target apart.
 */
import { createHash } from "node:crypto";
import { isSameWarmup, type LoadProfile, type Plan, type Scenario, type Warmup } from "./plan.ts";
import { maskSecrets } from "./secret.ts";

/** SHA-256, hex. */
export function planHash(plan: Pick<Plan, "scenarios" | "thresholds" | "warmup">): string {
  const content = {
    warmup: plan.warmup,
    scenarios: plan.scenarios.map((scenario) => scenarioContent(scenario, plan.warmup)),
    thresholds: plan.thresholds.map(({ text }) => text),
  };
  return createHash("sha256").update(canonical(content)).digest("hex");
}

/**
 * Under the plan's own name for the tier, and without a warm-up that is the plan's: a hash of before stays the hash of the
 * same plan. What is tried and made beforehand is no part of the load.
 */
function scenarioContent(scenario: Scenario, planned: Warmup): unknown {
  const { thresholds, with: options, tier, warmup, load: profile, ...others } = scenario;
  const { changes: _1, origin: _2, token: _3, probe: _4, makes: _5, setupTimeoutMs: _6, ...told } =
    others;
  // How much an arrival asks follows from flow and options.
  const { requests: _7, ...rest } = told;
  return {
    ...rest,
    load: loadContent(profile),
    phase: tier,
    ...(isSameWarmup(warmup, planned) ? {} : { warmup }),
    with: withoutOrigins(maskSecrets(options)),
    thresholds: thresholds.map(({ text }) => text),
  };
}

/** Even arrivals as before they could be any other. Seeds and phases move arrivals, and leave the load what it is. */
function loadContent(load: LoadProfile): unknown {
  if (load.model === "closed") return load;
  const { arrivals, seed: _1, phase: _2, ...rest } = load;
  return arrivals === "even" ? rest : { ...rest, arrivals };
}

function withoutOrigins(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/^https?:\/\/[^/?#]+/i, "");
  if (Array.isArray(value)) return value.map(withoutOrigins);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withoutOrigins(each)]),
  );
}

/** JSON with sorted keys: the order in which a plan names things is no part of it. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each) => {
    if (typeof each !== "object" || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => a < b ? -1 : 1));
  });
}
