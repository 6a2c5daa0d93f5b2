/**
 * The shape of a scenario's load. Its keys come in three sorts, of which a scenario has one: `rate` and `users` with
 * `duration`, or `stages`. What fits together is asked of the keys that are there, so it is told along with every other
 * problem; the load is made once all is well.
 */
import type { ArrivalKind, LoadProfile, Stage } from "./plan.ts";
import { type Path, type Problem, problemAt } from "./problem.ts";
import { durationMsOf } from "./profile.ts";
import { childOf, isList, isMap, keySpanOf, nodeAt, type PlanNode } from "./tree.ts";

const DEFAULT_MAX_IN_FLIGHT = 10_000;

/** A scenario's keys that make its load, after validation. */
interface LoadKeys {
  readonly rate?: number | undefined;
  readonly users?: number | undefined;
  readonly stages?: readonly StageKeys[] | undefined;
  readonly start_rate?: number | undefined;
  readonly duration?: number | undefined;
  readonly max_in_flight?: number | undefined;
  readonly think_time?: number | undefined;
  readonly phase_offset?: number | undefined;
}

interface StageKeys {
  readonly duration: number;
  readonly rate?: number | undefined;
  readonly users?: number | undefined;
}

/**
 * Keys of the scenario at `path` that are missing or do not go together.
 * @param isRateFlows The rate follows from the flow's options.
 */
export function shapeProblems(root: PlanNode, path: Path, isRateFlows: boolean): Problem[] {
  const scenario = nodeAt(root, path);
  const has = (key: string): boolean => childOf(scenario, key) !== undefined;
  const problem = (key: string, message: string, hint?: string): Problem => {
    const span = keySpanOf(root, has(key) ? [...path, key] : path);
    return problemAt(span, [...path, key], message, hint);
  };
  const shapes: string[] = SHAPES.filter(has);
  const [shape, ...others] = isRateFlows ? ["rate", ...shapes.filter(isNotRate)] : shapes;
  if (shape === undefined) {
    const hint = "give it `rate` or `users` with `duration`, or `stages`";
    return [problem("rate", "the scenario has no load", hint)];
  }
  const model = modelOf(scenario);
  const stated = (at: Path): unknown => nodeAt(root, [...at, "arrivals"])?.content;
  const arrivals = stated(path) ?? stated(["defaults"]);
  const misplaced = MISPLACED.filter(({ key, when }) => has(key) && when(shape, model, arrivals));
  const needsDuration = shape !== "stages" && !has("duration");
  return [
    ...others.map((other) =>
      problem(
        other,
        isRateFlows
          ? `the flow's options make the rate: \`${other}\` has no place beside them`
          : `\`${other}\` and \`${shape}\` exclude each other`,
      )
    ),
    ...misplaced.map(({ key, message }) => problem(key, message)),
    ...(needsDuration
      ? [
        problem(
          "duration",
          isRateFlows ? "the scenario needs a `duration`" : `\`${shape}\` needs a \`duration\``,
          "for example `duration: 5m`",
        ),
      ]
      : []),
    ...stageProblems(root, [...path, "stages"]),
  ];
}

function isNotRate(key: string): boolean {
  return key !== "rate";
}

type Model = LoadProfile["model"];

interface Misplaced {
  readonly key: string;
  readonly when: (shape: string, model: Model, arrivals: unknown) => boolean;
  readonly message: string;
}

const MISPLACED: readonly Misplaced[] = [
  {
    key: "duration",
    when: (shape) => shape === "stages",
    message: "`duration` and `stages` exclude each other: every stage has its own",
  },
  {
    key: "start_rate",
    when: (shape, model) => shape !== "stages" || model === "closed",
    message: "`start_rate` goes with `stages` of rates alone",
  },
  {
    key: "max_in_flight",
    when: (_, model) => model === "closed",
    message: "`max_in_flight` goes with rates alone: users wait for their answers",
  },
  {
    key: "arrivals",
    when: (_, model) => model === "closed",
    message: "`arrivals` goes with rates alone: users come when they have their answer",
  },
  {
    key: "phase_offset",
    when: (_, model) => model === "closed",
    message: "`phase_offset` goes with rates alone: users are spread over their think time",
  },
  {
    key: "phase_offset",
    when: (_, model, arrivals) => model === "open" && arrivals === "poisson",
    message: "`phase_offset` goes with `arrivals: even` alone: Poisson arrivals have no phase",
  },
  {
    key: "think_time",
    when: (_, model) => model === "open",
    message: "`think_time` goes with users alone: arrivals at a rate wait for nothing",
  },
];

const SHAPES = ["rate", "users", "stages"] as const;

/**
 * Keys of `scenario` that have no place beside a load of another shape: where a flag gives it one by `key`, these go. None
 * where the scenario has that shape already, or no load that could be another.
 */
export function displacedBy(
  key: string,
  value: PlanNode,
  scenario: PlanNode | undefined,
): string[] {
  const shape = SHAPES.find((each) => each === key);
  const has = (each: string): boolean => childOf(scenario, each) !== undefined;
  const others = SHAPES.filter((each) => each !== shape && has(each));
  if (shape === undefined || has(shape) || others.length === 0) return [];
  const model = modelOf({ content: new Map([[shape, value]]), span: value.span });
  const misplaced = MISPLACED.filter(({ key, when }) => has(key) && when(shape, model, undefined));
  return [...others, ...misplaced.map(({ key }) => key)];
}

/** By the first stage, where there are stages: the others must be like it. */
function modelOf(scenario: PlanNode | undefined): Model {
  const first = childOf(childOf(scenario, "stages"), 0);
  const users = childOf(scenario, "users") ?? childOf(first, "users");
  return users === undefined ? "open" : "closed";
}

function stageProblems(root: PlanNode, path: Path): Problem[] {
  const stages = nodeAt(root, path);
  if (!isList(stages)) return [];
  const wanted = childOf(stages.content[0], "users") === undefined ? "rate" : "users";
  const other = wanted === "rate" ? "users" : "rate";
  return stages.content.flatMap((stage, at) => {
    if (!isMap(stage)) return [];
    const problem = (key: string, message: string): Problem =>
      problemAt(keySpanOf(root, [...path, at, key]), [...path, at, key], message);
    if (stage.content.has(other)) {
      const message = stage.content.has(wanted)
        ? "a stage has one of `rate` and `users`"
        : `stages are all of rates or all of users: the first has \`${wanted}\``;
      return [problem(other, message)];
    }
    return stage.content.has(wanted) ? [] : [problem(wanted, "the stage has no `rate` or `users`")];
  });
}

interface Spacing {
  readonly arrivals: ArrivalKind;
  readonly seed: number;
}

/** The load of a scenario that has no problems. */
export function loadOf(scenario: LoadKeys, { arrivals, seed }: Spacing): LoadProfile {
  const stages = stagesOf(scenario);
  const isClosed = scenario.users !== undefined || scenario.stages?.[0]?.users !== undefined;
  if (isClosed) return { model: "closed", stages, thinkTimeMs: scenario.think_time ?? 0 };
  return {
    model: "open",
    stages,
    maxInFlight: scenario.max_in_flight ?? DEFAULT_MAX_IN_FLIGHT,
    arrivals,
    seed,
    phase: scenario.phase_offset ?? 0,
  };
}

function stagesOf(scenario: LoadKeys): Stage[] {
  const { rate, users, duration = 0, start_rate: startRate = 0 } = scenario;
  const level = rate ?? users;
  if (level !== undefined) return [{ durationMs: duration, from: level, to: level }];
  const stages: Stage[] = [];
  let from = startRate;
  for (const stage of scenario.stages ?? []) {
    const to = stage.rate ?? stage.users ?? 0;
    // A stage that takes no time is a jump: where the next one starts.
    if (stage.duration > 0) stages.push({ durationMs: stage.duration, from, to });
    from = to;
  }
  return stages;
}

/** Whether the levels and the durations ever come to an arrival or a user. */
export function sendsSomething(scenario: LoadKeys): boolean {
  return stagesOf(scenario).some(({ from, to }) => from > 0 || to > 0);
}

/** The same profile in another time: every stage longer or shorter by the same factor. */
export function stretched(load: LoadProfile, durationMs: number): LoadProfile {
  const factor = durationMs / durationMsOf(load.stages);
  const stages = load.stages.map((stage) => ({
    ...stage,
    durationMs: stage.durationMs * factor,
  }));
  return { ...load, stages };
}
