/**
 * YAML text -> `Plan`, or every problem with it at once. Pure but for the `readFile` that is handed in.
 *
 * text -> tree (`document.ts`) -> flags (`overrides.ts`) -> variables (`interpolate.ts`) -> configuration (`schema.ts`)
 * -> scenarios with flows and thresholds (`scenario.ts`) -> `Plan`
 */
import type { Catalogue } from "./catalogue.ts";
import { parseDocument } from "./document.ts";
import { authorization, mergeHeaders } from "./headers.ts";
import { planHash } from "./identity.ts";
import { type Environment, interpolate } from "./interpolate.ts";
import { check } from "./issue.ts";
import { leaveOut, withoutAddress, withoutNeeded } from "./left_out.ts";
import { override, type PlanOverrides } from "./overrides.ts";
import { withPhases } from "./phases.ts";
import type { Plan, ServerMetrics, StackName, Target, TlsOptions } from "./plan.ts";
import { type Problem, problemAt, sortProblems, withoutSecrets } from "./problem.ts";
import {
  checkScenario,
  checkThresholds,
  scenarioOf,
  type ScenarioParts,
  warmupOf,
} from "./scenario.ts";
import { type PlanConfig, planSchema, STACKS } from "./schema.ts";
import { select, selectionProblems } from "./select.ts";
import { sizeProblems } from "./size.ts";
import type { Threshold } from "./threshold.ts";
import { maskOf } from "../masking/mask.ts";
import { findSecrets } from "./secret.ts";
import { childOf, isMap, isText, nodeAt, type PlanNode, spanOf, toData } from "./tree.ts";
import { certificatesOf } from "./trust.ts";
import { planWarnings } from "./warnings.ts";

export interface PlanSource {
  readonly text: string;
  /** The plan's file, as the user named it. */
  readonly source: string;
  readonly env: Environment;
  readonly catalogue: Catalogue;
  readonly overrides?: PlanOverrides;
  /** Reads the CA file; throws an Error when it cannot. */
  readonly readFile: (path: string) => string;
}

export type LoadedPlan =
  | { readonly ok: true; readonly plan: Plan; readonly warnings: readonly Problem[] }
  | {
    readonly ok: false;
    /** The first of them, from the top of the plan. */
    readonly problems: readonly Problem[];
    /** Problems beyond those. */
    readonly more: number;
    /** As `Plan.secrets`, as far as the plan could be read. */
    readonly secrets: readonly string[];
    /** As `Plan.stack`; undefined where that is what is wrong. */
    readonly stack: StackName | undefined;
  };

/** Nobody reads a thousand problems; the first ones bring most of the others with them. */
const MOST_PROBLEMS = 50;

/**
 * Never throws for what is in the text: all problems come together, each with its place in the file and what to do. In the
 * plan, durations are milliseconds and rates arrivals per second, whatever units the text has.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 * import type { FlowSignature } from "./catalogue.ts";
 *
 * const ping: FlowSignature = {
 *   name: "ping",
 *   summary: "One request",
 *   tier: "api",
 *   options: z.strictObject({}),
 *   changes: () => "idempotent",
 *   steps: () => ["ping"],
 * };
 * const source = {
 *   source: "plan.yaml",
 *   env: { CERTCTL_BASE: "https://ca.example:8443" },
 *   catalogue: new Map([["ping", ping]]),
 *   readFile: Deno.readTextFileSync,
 * };
 * const text = `
 * name: example
 * target: { base_url: "\${CERTCTL_BASE}" }
 * scenarios:
 *   pings: { flow: ping, rate: 600/m, duration: 1m, thresholds: ["p95 < 2s"] }
 * `;
 * const loaded = loadPlan({ ...source, text });
 * if (!loaded.ok) throw new Error(loaded.problems[0]?.message);
 * assertEquals(loaded.plan.scenarios[0]?.load.stages, [{ durationMs: 60_000, from: 10, to: 10 }]);
 *
 * const refused = loadPlan({ ...source, text: text.replace("rate:", "rat:") });
 * assertEquals(refused.ok, false);
 * ```
 */
export function loadPlan(input: PlanSource): LoadedPlan {
  const { text, source, env, overrides = {} } = input;
  const document = parseDocument(text, source);
  if (!document.ok) return refused(document.problems, { secrets: [], stack: undefined });
  const overridden = override(document.root, overrides);
  const { root, problems: unset, secrets, defaulted } = interpolate(overridden.root, env);
  const config = check(planSchema, root, []);
  const parts = checkParts(root, input);
  const problems = [
    ...overridden.problems,
    ...unset,
    ...[...(config.ok ? [] : config.problems), ...parts.problems].filter(isNotUnset(unset)),
  ];
  const given = { secrets: [...secrets, ...findSecrets(toData(root))], stack: stackOf(root) };
  if (problems.length > 0 || !config.ok) return refused(problems, given);
  const whole = planOf(config.value, parts, input);
  const needed = leaveOut(whole, withoutNeeded(config.value.scenarios, env), "needs");
  const absent = withoutAddress(root, defaulted, whole.target.baseUrl);
  const plan = withSecrets(
    overrides.target === undefined ? needed : leaveOut(needed, absent, "target"),
    secrets,
  );
  const oversized = sizeProblems(plan, root);
  if (oversized.length > 0) return refused(oversized, given);
  const notes = (plan.notes ?? []).map((note, at) => {
    const file = at < (needed.notes?.length ?? 0) ? source : "--target";
    return problemAt({ file }, [], note);
  });
  if (plan.scenarios.length === 0) return refused(notes, given);
  return {
    ok: true,
    plan,
    warnings: [
      ...notes,
      ...firstOf(sortProblems(planWarnings(plan, root, input.catalogue)), given.secrets),
    ],
  };
}

/** What could be read of a plan that is refused. */
type Given = Pick<LoadedPlan & { ok: false }, "secrets" | "stack">;

function refused(problems: readonly Problem[], { secrets, stack }: Given): LoadedPlan {
  const sorted = sortProblems(problems);
  const all = [...secrets, ...problems.flatMap(({ secrets = [] }) => secrets)];
  return {
    ok: false,
    problems: firstOf(sorted, all),
    more: Math.max(0, sorted.length - MOST_PROBLEMS),
    secrets: all,
    stack,
  };
}

function stackOf(root: PlanNode): StackName | undefined {
  const node = childOf(root, "stack");
  if (node === undefined) return "none";
  return STACKS.find((name) => isText(node) && node.content === name);
}

function firstOf(problems: readonly Problem[], secrets: readonly string[]): Problem[] {
  const hide = maskOf(secrets);
  return problems.slice(0, MOST_PROBLEMS).map((problem) => withoutSecrets(problem, hide));
}

/** Where a variable is not set, nothing else is worth saying about the value. */
function isNotUnset(unset: readonly Problem[]): (problem: Problem) => boolean {
  const paths = new Set(unset.map(({ path }) => path));
  return ({ path }) => !paths.has(path);
}

interface Parts {
  readonly scenarios: ReadonlyMap<string, ScenarioParts>;
  readonly thresholds: readonly Threshold[];
  readonly caPem: string | undefined;
  readonly problems: readonly Problem[];
}

/** What the configuration's schema does not see: flows and their options, thresholds, and files. */
function checkParts(root: PlanNode, { catalogue, overrides = {}, readFile }: PlanSource): Parts {
  const problems: Problem[] = [];
  const complain = (problem: Problem): void => void problems.push(problem);
  const map = childOf(root, "scenarios");
  const names = isMap(map) ? [...map.content.keys()] : [];
  const scenarios = new Map(
    names.map((name) => [name, checkScenario(root, name, catalogue, complain)]),
  );
  const thresholds = checkThresholds(root, ["thresholds"], { steps: [] }, complain);
  const caPem = checkCaFile(root, readFile, complain);
  const named = names.map((name) => ({ name, tier: scenarios.get(name)?.tier }));
  problems.push(...selectionProblems(named, overrides));
  return { scenarios, thresholds, caPem, problems };
}

function checkCaFile(
  root: PlanNode,
  readFile: (path: string) => string,
  complain: (problem: Problem) => void,
): string | undefined {
  const path = ["target", "tls", "ca_file"];
  const node = nodeAt(root, path);
  if (!isText(node) || node.content === "") return undefined;
  const file = JSON.stringify(node.content);
  try {
    const pem = certificatesOf(readFile(node.content));
    if (pem !== undefined) return pem;
    const hint = "it must hold `-----BEGIN CERTIFICATE-----` blocks";
    complain(problemAt(spanOf(root, path), path, `no readable certificate in ${file}`, hint));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(":")[0] : String(error);
    complain(problemAt(spanOf(root, path), path, `cannot read the CA file ${file}: ${reason}`));
  }
  return undefined;
}

type OpenPlan = Omit<Plan, "secrets">;

function withSecrets(plan: OpenPlan, fromVariables: readonly string[]): Plan {
  // As the plan has them, each under its name: that may be any word, and the keys below it mean what they say.
  const scenarios = Object.fromEntries(plan.scenarios.map((each) => [each.name, each]));
  const found = findSecrets({ ...plan, scenarios });
  return { ...plan, secrets: [...new Set([...fromVariables, ...found])] };
}

function planOf(
  config: PlanConfig,
  parts: Parts,
  { source, overrides = {} }: PlanSource,
): OpenPlan {
  const scenarios = [...parts.scenarios].flatMap(([name, part]) => {
    const given = config.scenarios[name];
    return given === undefined ? [] : [scenarioOf(name, given, part, config)];
  });
  const content = {
    warmup: warmupOf(config.warmup),
    scenarios: withPhases(
      select(scenarios, overrides),
      scenarios.filter(({ load }) => load.model === "open").map(({ name }) => name),
      (name) => config.scenarios[name]?.phase_offset !== undefined,
    ),
    thresholds: parts.thresholds,
  };
  const { description, server_metrics: metrics } = config;
  const target = targetOf(config.target, parts.caPem);
  return {
    name: config.name,
    ...(description === undefined ? {} : { description }),
    identity: { source, sha256: planHash(content) },
    target,
    stack: config.stack,
    workers: config.workers,
    gracefulStopMs: config.graceful_stop,
    ...(metrics === undefined ? {} : { serverMetrics: serverMetricsOf(metrics, target) }),
    ...(config.fleet === undefined ? {} : { fleet: config.fleet }),
    ...content,
  };
}

function targetOf(target: PlanConfig["target"], caPem: string | undefined): Target {
  return {
    baseUrl: target.base_url,
    ...(target.token ? { token: target.token } : {}),
    headers: target.headers,
    tls: tlsOf(target.tls, caPem),
  };
}

/** Whoever names roots wants them used, so they win over `insecure_skip_verify`; `--insecure` takes them out. */
function tlsOf(tls: PlanConfig["target"]["tls"], caPem: string | undefined): TlsOptions {
  if (caPem === undefined) return { insecureSkipVerify: tls.insecure_skip_verify };
  return { insecureSkipVerify: false, caPem, ...(tls.ca_file ? { caFile: tls.ca_file } : {}) };
}

/** A path is on the target, and asked as the target wants to be asked. */
function serverMetricsOf({ url, headers }: ServerMetrics, target: Target): ServerMetrics {
  if (!url.startsWith("/")) return { url, headers };
  return {
    url: target.baseUrl + url,
    headers: mergeHeaders(authorization(target), target.headers, headers),
  };
}
