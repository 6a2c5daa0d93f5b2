/** One scenario: its flow, the flow's options, its load and its thresholds. */
import type { FlowMeasures } from "../measures.ts";
import { type Catalogue, type Change, type FlowSignature, measuresOf } from "./catalogue.ts";
import { within } from "./interpolate.ts";
import { check } from "./issue.ts";
import { loadOf, shapeProblems } from "./load_shape.ts";
import type { Scenario, Tier, Warmup } from "./plan.ts";
import { didYouMean, type Path, type Problem, problemAt } from "./problem.ts";
import { type PlanConfig, SCENARIO_NAME, type ScenarioConfig } from "./schema.ts";
import { parseThreshold, type Threshold } from "./threshold.ts";
import { isList, isMap, isText, keySpanOf, nodeAt, type PlanNode } from "./tree.ts";
import { formatPlanRate, rateAboveZero } from "./units.ts";

type Complain = (problem: Problem) => void;

const DEFAULT_TIMEOUT_MS = 30_000;

/** What is known of a scenario beside its own keys. */
export interface ScenarioParts {
  /** As stated, or the flow's. */
  readonly tier: string | undefined;
  /** The flow's options as its schema gives them. */
  readonly options: unknown;
  readonly steps: readonly string[];
  readonly changes: Change;
  /** URL of the server that is asked, or a path on the target; undefined: the target's. */
  readonly serverUrl: string | undefined;
  readonly makes: string | undefined;
  readonly places: number | undefined;
  /** Arrivals per second, where the flow's options say it. */
  readonly rate: number | undefined;
  /** Of one arrival, where these are not one for each step. */
  readonly requests: number | undefined;
  readonly asksAgain: boolean;
  readonly commands: readonly (readonly string[])[];
  readonly thresholds: readonly Threshold[];
}

export function checkScenario(
  root: PlanNode,
  name: string,
  catalogue: Catalogue,
  complain: Complain,
): ScenarioParts {
  const path = ["scenarios", name];
  if (!SCENARIO_NAME.test(name)) {
    const message = `"${name}" must be letters, digits, _ and -, at most 64`;
    complain(problemAt(keySpanOf(root, path), path, message));
  }
  checkClient(root, path, complain);
  const flow = checkFlow(root, [...path, "flow"], catalogue, complain);
  const { options, ...told } = checkOptions(root, [...path, "with"], flow, complain);
  if (isMap(nodeAt(root, path))) {
    shapeProblems(root, path, flow?.rate !== undefined).forEach(complain);
  }
  if (told.rate !== undefined) checkOwnRate(root, path, told.rate, complain);
  const thresholds = checkThresholds(root, [...path, "thresholds"], {
    steps: told.steps,
    // An unknown flow may be any, and has been complained of.
    own: flow ? flow.measures : measuresOf(catalogue),
  }, complain);
  const stated = nodeAt(root, [...path, "phase"]);
  const tier = isText(stated) ? stated.content : flow?.tier;
  return { ...UNTOLD, ...told, tier, options, thresholds };
}

/** Of a flow whose options are not right yet. */
const UNTOLD = {
  steps: [],
  changes: "once",
  serverUrl: undefined,
  makes: undefined,
  places: undefined,
  rate: undefined,
  requests: undefined,
  asksAgain: false,
  commands: [],
} as const;

/** A rate that follows from the options may be stated (as `check` prints it), and not otherwise. */
function checkOwnRate(root: PlanNode, path: Path, perSecond: number, complain: Complain): void {
  const at = [...path, "rate"];
  const node = nodeAt(root, at);
  if (node === undefined) return;
  const stated = rateAboveZero().safeParse(node.content);
  if (!stated.success || Math.abs(stated.data / perSecond - 1) < SAME_RATE) return;
  const made = formatPlanRate(perSecond);
  const message = `the rate follows from the flow's options: they make ${made}`;
  complain(problemAt(node.span, at, message, "leave `rate` out"));
}

/** Of what is printed with a few digits. */
const SAME_RATE = 1e-3;

/** undici's HTTP/2 loses what is under way when a server ends a connection, and Deno 2.7 cannot run it. */
function checkClient(root: PlanNode, path: Path, complain: Complain): void {
  const client = nodeAt(root, [...path, "client"]);
  if (client?.content !== "undici") return;
  const stated = [[...path, "protocol"], ["defaults", "protocol"]];
  const at = stated.find((each) => nodeAt(root, each) !== undefined);
  const protocol = at && nodeAt(root, at);
  if (at === undefined || !isText(protocol) || protocol.content === "http/1.1") return;
  const message = "`client: undici` measures HTTP/1.1 alone: its HTTP/2 loses requests where a " +
    `server ends a connection (GOAWAY), and \`protocol\` is ${protocol.content}`;
  const hint = "give the scenario `protocol: http/1.1`, or leave `client` out";
  complain(problemAt(client.span, [...path, "client"], message, hint));
}

function checkFlow(
  root: PlanNode,
  path: Path,
  catalogue: Catalogue,
  complain: Complain,
): FlowSignature | undefined {
  const node = nodeAt(root, path);
  if (!isText(node)) return undefined;
  const flow = catalogue.get(node.content);
  if (flow !== undefined) return flow;
  const hint = didYouMean(node.content, [...catalogue.keys()]);
  complain(problemAt(node.span, path, `unknown flow "${node.content}"`, hint));
  return undefined;
}

interface CheckedOptions {
  readonly options?: unknown;
  /** What follows is undefined where it depends on options that are not right yet. */
  readonly steps?: readonly string[];
  readonly changes?: Change;
  readonly serverUrl?: string | undefined;
  readonly makes?: string | undefined;
  readonly places?: number | undefined;
  readonly rate?: number | undefined;
  readonly requests?: number | undefined;
  readonly asksAgain?: boolean;
  readonly commands?: readonly (readonly string[])[];
}

function checkOptions(
  root: PlanNode,
  path: Path,
  flow: FlowSignature | undefined,
  complain: Complain,
): CheckedOptions {
  if (flow === undefined) return {};
  const checked = check(flow.options, root, path);
  if (!checked.ok) {
    checked.problems.forEach(complain);
    return {};
  }
  const options = checked.value;
  return {
    options,
    steps: flow.steps(options),
    changes: flow.changes(options),
    serverUrl: flow.serverUrl?.(options),
    makes: flow.makes?.(options),
    places: flow.places?.(options),
    rate: flow.rate?.(options),
    requests: flow.requests?.(options),
    asksAgain: flow.asksAgain?.(options) ?? false,
    commands: flow.commands?.(options) ?? [],
  };
}

/** Parses the thresholds listed at `path`; for `steps` and `own` see `parseThreshold()`. */
export function checkThresholds(
  root: PlanNode,
  path: Path,
  { steps, own }: {
    readonly steps: readonly string[] | undefined;
    readonly own?: FlowMeasures | undefined;
  },
  complain: Complain,
): Threshold[] {
  const list = nodeAt(root, path);
  const nodes = isList(list) ? list.content : [];
  return nodes.flatMap((node, at) => {
    if (!isText(node)) return [];
    const parsed = parseThreshold(node.content, steps, own);
    if (parsed.ok) return [parsed.threshold];
    const span = within(node, parsed.at, parsed.length);
    complain(problemAt(span, [...path, at], parsed.message, parsed.hint));
    return [];
  });
}

/** The scenario, when nothing is wrong with it. */
export function scenarioOf(
  name: string,
  given: ScenarioConfig,
  parts: ScenarioParts,
  { defaults, target, warmup, seed }: PlanConfig,
): Scenario {
  const { max_connections: maxConnections, token } = given;
  const { tier, options, steps, changes, serverUrl, makes, places, rate, requests } = parts;
  const { asksAgain, commands } = parts;
  const isHarmless = changes === "idempotent";
  return {
    name,
    tier: tier as Tier,
    flow: given.flow,
    with: options,
    steps,
    ...(requests === undefined ? {} : { requests }),
    ...(asksAgain ? { asksAgain } : {}),
    changes,
    origin: new URL(serverUrl ?? "", `${target.base_url}/`).origin,
    ...(token === undefined ? {} : { token }),
    probe: given.probe ?? isHarmless,
    warmup: warmupOf(given.warmup ?? (isHarmless ? warmup : "off")),
    ...(makes === undefined ? {} : { makes }),
    setupTimeoutMs: given.setup_timeout,
    load: loadOf(rate === undefined ? given : { ...given, rate }, {
      arrivals: given.arrivals ?? defaults.arrivals ?? "even",
      seed,
    }),
    startAfterMs: given.start_after,
    timeoutMs: given.timeout ?? defaults.timeout ?? DEFAULT_TIMEOUT_MS,
    protocol: given.protocol ?? defaults.protocol ?? "http/1.1",
    ...(given.client === "own" ? {} : { client: given.client }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
    ...(places === undefined ? {} : { places }),
    ...(commands.length === 0 ? {} : { commands }),
    thresholds: parts.thresholds,
  };
}

export function warmupOf(warmup: PlanConfig["warmup"]): Warmup {
  if (warmup === "auto") return { requests: 20, durationMs: 2000, rehearsalMs: 1000 };
  if (warmup === "off") return { requests: 0, durationMs: 0, rehearsalMs: 0 };
  const { requests, duration, rehearsal = 0 } = warmup;
  return { requests, durationMs: duration, rehearsalMs: rehearsal };
}
