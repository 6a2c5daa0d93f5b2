/** May two runs be compared at all? What differs between them, by name, and whether that forbids it. */
import type {
  Measured,
  RunDifference,
  Summary,
  SummaryScenario,
} from "../metrics/summary_schema.ts";
import { partOfWhole } from "../metrics/shards.ts";
import { shardName } from "../shard.ts";
import { arrivalsOf, otherTargets, scenariosOf } from "../metrics/scenarios.ts";

/** A run, as far as this looks at it; the new one need not have an exit yet. */
export type ComparableRun = Measured & Pick<Summary, "validity">;

export function differencesOf(base: ComparableRun, next: ComparableRun): RunDifference[] {
  return [
    ...fitness(base, "base"),
    ...fitness(next, "new"),
    ...targets(base, next),
    ...hosts(base, next),
    ...plans(base, next),
    ...tools(base, next),
  ];
}

function fitness(run: ComparableRun, name: string): RunDifference[] {
  const { interrupted, validity } = run;
  const part = partOfWhole(run);
  return [
    ...when(
      part !== undefined,
      "shard",
      `the ${name} run is one machine's part, ${part && shardName(part)}: merge all of them first`,
      true,
    ),
    ...when(interrupted, "interrupted", `the ${name} run was interrupted`, true),
    ...when(
      validity.verdict === "invalid",
      "invalid",
      `the ${name} run is invalid: ${validity.reasons[0]?.message ?? ""}`,
      true,
    ),
  ];
}

function targets(base: ComparableRun, next: ComparableRun): RunDifference[] {
  const [a, b] = [base.methodology, next.methodology];
  return [
    ...when(
      a.target.lab !== b.target.lab,
      "lab",
      `the ${a.target.lab ? "base" : "new"} run is of the embedded lab, the other is not`,
      true,
    ),
    ...unlike("target_version", "target version", a.target.version, b.target.version, false),
    ...unlike("target", "target", a.target.base_url, b.target.base_url, false),
    ...unlike("stack", "stack", a.stack.name, b.stack.name, false),
    ...askedServers(base, next),
  ];
}

/** Of scenarios that asked another server than the run's, in either run. */
function askedServers(base: ComparableRun, next: ComparableRun): RunDifference[] {
  const before = new Map(scenariosOf(base));
  const others = new Set(
    [base, next].flatMap(otherTargets).flatMap(({ scenarios }) => scenarios),
  );
  return scenariosOf(next).flatMap(([name, { target }]) => {
    const old = before.get(name)?.target;
    if (!others.has(name) || !target || !old) return [];
    return [
      ...unlike("target", `target of "${name}"`, old.origin, target.origin, false),
      ...unlike(
        "target_version",
        `target version of "${name}"`,
        old.version,
        target.version,
        false,
      ),
    ];
  });
}

/** The host class: what decides how fast the same code runs. */
function hosts(base: ComparableRun, next: ComparableRun): RunDifference[] {
  const [a, b] = [base.methodology, next.methodology];
  return [
    ...unlike("cpu_model", "CPU model", a.hardware.cpu_model, b.hardware.cpu_model, true),
    ...unlike("cpu_count", "CPU count", a.hardware.cpu_count, b.hardware.cpu_count, true),
    ...unlike("os", "operating system", a.os.name, b.os.name, true),
    ...unlike("container", "container", a.os.container, b.os.container, true),
    ...unlike("kernel", "kernel", a.os.kernel, b.os.kernel, false),
    ...when(
      Math.abs(Math.log2(a.hardware.memory_bytes / b.hardware.memory_bytes)) > 0.5,
      "memory",
      `memory differs: ${a.hardware.memory_bytes} and ${b.hardware.memory_bytes} bytes`,
      false,
    ),
  ];
}

function plans(base: ComparableRun, next: ComparableRun): RunDifference[] {
  const [a, b] = [new Map(scenariosOf(base)), new Map(scenariosOf(next))];
  const common = Array.from(a.keys()).filter((name) => b.has(name));
  const only = (one: typeof a, other: typeof a, where: string): RunDifference[] =>
    Array.from(one.keys()).filter((name) => !other.has(name))
      .map((name) =>
        difference("scenario", `scenario "${name}" is in the ${where} run alone`, false)
      );
  return [
    ...when(common.length === 0, "scenarios", "the runs have no scenario in common", true),
    ...common.flatMap((name) => loads(name, a.get(name)!, b.get(name)!)),
    ...spacings(common.map((name) => [name, a.get(name)!, b.get(name)!])),
    ...only(a, b, "base"),
    ...only(b, a, "new"),
    ...unlike("plan", "plan", base.plan.sha256.slice(0, 12), next.plan.sha256.slice(0, 12), false),
  ];
}

/** A duration may differ: a rate over a longer time is the same load. */
function loads(name: string, a: SummaryScenario, b: SummaryScenario): RunDifference[] {
  const levels = ({ load }: SummaryScenario): string =>
    `${load.model} ${load.stages.map(({ from, to }) => `${from}-${to}`).join(", ")}`;
  return [
    ...unlike("load", `load of "${name}"`, levels(a), levels(b), true),
    ...unlike("flow", `flow of "${name}"`, a.flow, b.flow, true),
    ...unlike("protocol", `protocol of "${name}"`, a.protocol, b.protocol, true),
    ...unlike("client", `client of "${name}"`, a.client ?? "own", b.client ?? "own", true),
    ...unlike("server", `server of "${name}"`, a.server, b.server, false),
  ];
}

/** Kinds of arrivals, phases and seeds, which mostly differ for a whole plan: one sentence each. */
function spacings(
  common: readonly (readonly [string, SummaryScenario, SummaryScenario])[],
): RunDifference[] {
  const alike = common.filter(([, a, b]) => arrivalsOf(a) === arrivalsOf(b));
  const moved = alike.filter(([, a, b]) => (a.load.phase ?? 0) !== (b.load.phase ?? 0));
  const [drawn] = alike.filter(([, a]) => arrivalsOf(a) === "poisson");
  return [
    ...otherArrivals(common),
    ...when(
      moved.length > 0,
      "phase",
      `phases of ${
        namesOf(moved)
      } differ: evenly spaced scenarios that fire together wait for each other`,
      false,
    ),
    ...(drawn === undefined
      ? []
      : unlike("seed", "seed of Poisson arrivals", drawn[1].load.seed, drawn[2].load.seed, false)),
  ];
}

function otherArrivals(
  common: readonly (readonly [string, SummaryScenario, SummaryScenario])[],
): RunDifference[] {
  const others = common.filter(([, a, b]) =>
    a.load.model === b.load.model && arrivalsOf(a) !== arrivalsOf(b)
  );
  const groups = Map.groupBy(others, ([, a, b]) => `${arrivalsOf(a)} and ${arrivalsOf(b)}`);
  return Array.from(groups, ([kinds, those]) =>
    difference(
      "arrivals",
      `arrivals of ${
        namesOf(those)
      } differ: ${kinds}. Even spacing hides the queueing that Poisson arrivals show: ` +
        "run both with the same `arrivals`",
      true,
    ));
}

function namesOf(those: readonly (readonly [string, ...unknown[]])[]): string {
  return those.map(([name]) => `"${name}"`).join(", ");
}

function tools(base: ComparableRun, next: ComparableRun): RunDifference[] {
  const runtime = ({ methodology }: ComparableRun): string =>
    Object.entries(methodology.runtime).map(([name, version]) => `${name} ${version}`).join(", ");
  return [
    ...unlike("tool", "certload version", base.tool.version, next.tool.version, false),
    ...unlike("runtime", "runtime", runtime(base), runtime(next), false),
  ];
}

function unlike(
  code: string,
  what: string,
  base: string | number | null,
  next: string | number | null,
  refusal: boolean,
): RunDifference[] {
  const message = `${what} differs: ${base ?? "none"} and ${next ?? "none"}`;
  return when(base !== next, code, message, refusal);
}

function when(differs: boolean, code: string, message: string, refusal: boolean): RunDifference[] {
  return differs ? [difference(code, message, refusal)] : [];
}

function difference(code: string, message: string, refusal: boolean): RunDifference {
  return { code, message, refusal };
}
