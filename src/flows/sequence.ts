/**
 * `sequence`: several requests as the plan describes them, one after the other, with values of answers in later
 * requests, and with waiting for what a server does in its own time. Its one-step case is `http_request`.
 */
import type { Failure } from "../http/failure.ts";
import { unmeasured } from "../http/step.ts";
import { SECRET_NAME } from "../masking/credentials.ts";
import { hide } from "../masking/mask.ts";
import { partsOf } from "../plan/secret.ts";
import type { FlowDefinition, Iteration, SetupContext } from "./flow.ts";
import { changesOf } from "./planned_changes.ts";
import { loadWhatStepsNeed, plannedFlow, plannedSteps } from "./planned_flow.ts";
import type { CapturedValues, PlannedStep, PlannedStepOptions } from "./planned_step.ts";
import { type SequenceOptions, sequenceOptions } from "./sequence_options.ts";
import { namesIn, textsOf } from "./step_texts.ts";
import { WAIT_MEASURES } from "./wait_until.ts";

export const sequence: FlowDefinition<SequenceOptions> = {
  name: "sequence",
  summary: "Several HTTP requests in order, with values captured from answers and waiting for them",
  tier: "api",
  options: sequenceOptions,
  changes: ({ steps }) => changesOf(steps),
  serverUrl: ({ steps: [first] }) => first?.url,
  makes: ({ setup }) => setup.length === 0 ? undefined : setup.map(({ name }) => name).join(", "),
  asksAgain: ({ steps }) => steps.some(({ wait_until: wait }) => wait !== undefined),
  steps: ({ steps }) => steps.map(({ name }) => name),
  measures: WAIT_MEASURES,
  setup,
  create: async ({ options, made, ...context }) => {
    await loadWhatStepsNeed(options.steps);
    const secret = secretNames(options);
    const values = new Map(Object.entries((made ?? {}) as Record<string, string>));
    hideSecrets(values, secret);
    return plannedFlow(options.steps, context, values, secret);
  },
};

async function setup(
  context: SetupContext<SequenceOptions>,
): Promise<{ readonly made: Record<string, string> } | Failure> {
  const { options, target, clock, runId, undo } = context;
  await loadWhatStepsNeed([...options.setup, ...options.teardown]);
  const secret = secretNames(options);
  const given = new Map([["run", runId]]);
  const setting = { target, clock, given, names: [], secret };
  const values: CapturedValues = new Map();
  const names = options.setup.flatMap(({ capture }) => Object.keys(capture));
  const teardown = plannedSteps(options.teardown, { ...setting, names });
  // As soon as anything may have been made. What is undone first is what was said last.
  for (const [at, step] of [...teardown.entries()].reverse()) {
    undo(`teardown step ${step.name}`, (signal) => {
      const isReady = missingFor(options.teardown[at]!, names, values).length === 0;
      return isReady ? once(step, { ...context, signal }, values) : Promise.resolve(undefined);
    }, { alone: true });
  }
  for (const [done, step] of plannedSteps(options.setup, setting).entries()) {
    context.progress(done, options.setup.length, `setup steps made (next: ${step.name})`);
    const failure = await once(step, context, values);
    if (failure !== undefined) return failure;
    hideSecrets(values, secret);
  }
  return { made: Object.fromEntries(values) };
}

/** Names that a step wants, and that setup has not come to capture. */
function missingFor(
  step: PlannedStepOptions,
  names: readonly string[],
  values: CapturedValues,
): string[] {
  const wanted = textsOf(step).flatMap(({ text }) => namesIn(text));
  return wanted.filter((name) => names.includes(name) && !values.has(name));
}

/** A step that no arrival makes. */
async function once(
  step: PlannedStep,
  context: SetupContext<SequenceOptions>,
  values: CapturedValues,
): Promise<Failure | undefined> {
  const place = context.scenario.replaceAll(/[^A-Za-z0-9-]+/g, "-");
  const iteration: Iteration = {
    ...unmeasured(context),
    endsAt: () => {},
    index: 0,
    id: `${context.runId}-${place}-${step.name.replaceAll("_", "-")}`,
  };
  const failure = await step.run(iteration, values);
  return failure && { class: failure.class, message: `Step ${step.name}: ${failure.message}` };
}

/** Captured values that are credentials: by their own name, or by where a step has them. */
function secretNames({ setup, steps, teardown }: SequenceOptions): ReadonlySet<string> {
  const all: readonly PlannedStepOptions[] = [...setup, ...steps, ...teardown];
  const named = all.flatMap(({ capture = {} }) => Object.keys(capture))
    .filter((name) => SECRET_NAME.test(name));
  const used = all.flatMap((step) => textsOf(step)).filter(({ path }) =>
    path.some((key) => typeof key === "string" && SECRET_NAME.test(key))
  ).flatMap(({ text }) => namesIn(text));
  return new Set([...named, ...used]);
}

function hideSecrets(values: CapturedValues, secret: ReadonlySet<string>): void {
  const hidden = [...values].filter(([name]) => secret.has(name));
  hide(hidden.flatMap(([, value]) => partsOf(value)));
}
