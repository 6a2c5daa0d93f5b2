/** A flow of steps that the plan describes: `sequence`, and `http_request` as its one-step case. */
import { loadPatterns } from "../http/pattern.ts";
import type { Failure } from "../http/failure.ts";
import type { Flow, FlowContext, Iteration } from "./flow.ts";
import { PlannedStep, type PlannedStepOptions, type StepSetting } from "./planned_step.ts";
import type { Values } from "./template.ts";

/** The flow of these steps. `given`: what was captured before the first arrival; `secret`: names not to be shown. */
export function plannedFlow(
  steps: readonly PlannedStepOptions[],
  { target, clock, runId }: Pick<FlowContext<unknown>, "target" | "clock" | "runId">,
  given: Values = new Map(),
  secret: ReadonlySet<string> = new Set(),
): Flow {
  const all = new Map([["run", runId], ...given]);
  const planned = plannedSteps(steps, { target, clock, given: all, names: [], secret });
  const [first, ...others] = planned;
  // What one step captures nobody reads: no place for it is made in every arrival.
  if (first !== undefined && others.length === 0) {
    const unread = new Map<string, string>();
    return { run: (iteration) => first.run(iteration, unread) };
  }
  return new PlannedFlow(planned);
}

/** Each knows what those before it capture. */
export function plannedSteps(
  steps: readonly PlannedStepOptions[],
  setting: StepSetting,
): readonly PlannedStep[] {
  const names = [...setting.names];
  return steps.map((step) => {
    const planned = new PlannedStep(step, { ...setting, names: [...names] });
    names.push(...Object.keys(step.capture ?? {}));
    return planned;
  });
}

/** To be awaited before steps are made: a thread without patterns need not load what reads them. */
export async function loadWhatStepsNeed(steps: readonly PlannedStepOptions[]): Promise<void> {
  const captures = steps.flatMap(({ capture = {} }) => Object.values(capture));
  if (captures.some(({ regex }) => regex !== undefined)) await loadPatterns();
}

class PlannedFlow implements Flow {
  readonly #steps: readonly PlannedStep[];

  constructor(steps: readonly PlannedStep[]) {
    this.#steps = steps;
  }

  async run(iteration: Iteration): Promise<Failure | undefined> {
    const values = new Map<string, string>();
    for (const step of this.#steps) {
      const failure = await step.run(iteration, values);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }
}
