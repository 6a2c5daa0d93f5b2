/** A step that asks again until an answer is as the plan wants it. */
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { type Expectation, judge } from "../http/expectation.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange, HttpRequest } from "../http/http.ts";
import { createWait } from "../http/wait.ts";
import { duration } from "../plan/units.ts";
import type { Iteration, StepOptions } from "./flow.ts";
import { wrongField } from "./json_fields.ts";
import { statusList } from "./options.ts";
import { jsonFields } from "./request_options.ts";

const conditionOptions = {
  status: statusList().optional().describe("Awaited status or statuses, some of `expect.status`"),
  json: jsonFields.optional(),
};

const condition = z.strictObject(conditionOptions);

export const waitUntilOptions = z.strictObject({
  ...conditionOptions,
  fail_if: z.union([condition, z.array(condition).min(1)]).optional().describe(
    "Ends the wait as a failure: one such condition, or a list of them",
  ),
  interval: duration().prefault("500ms").describe("Least pause between two polls"),
  max_interval: duration().optional().describe(
    "Each pause is twice the one before, up to this; left out: all are `interval`",
  ),
  timeout: duration().prefault("60s").describe("Longest wait, whatever Retry-After says"),
  honour_retry_after: z.boolean().default(true).describe(
    "Pause as long as an answer asks for, where that is longer",
  ),
});

export type WaitUntilOptions = z.output<typeof waitUntilOptions>;
type Condition = z.output<typeof condition>;

/** What a waiting step tells beside its own timings, which are those of the whole wait. */
export const WAIT_MEASURES = {
  durations: {
    poll: "One poll of a step that waits, from its send to its answer",
    poll_wait: "A pause between two polls",
  },
  counters: { polls: "Requests that steps have sent while waiting" },
} as const;

interface Waiting {
  readonly again: NonNullable<StepOptions["again"]>;
  /** What the wait came to, for the last answer's judgement. */
  readonly failure: () => Failure | undefined;
}

/** One arrival's wait, whose first poll is about to be sent; `accepted` is what every answer must be. */
export function waitUntil(
  step: string,
  options: WaitUntilOptions,
  { iteration, request, accepted, clock }: {
    readonly iteration: Iteration;
    readonly request: HttpRequest;
    readonly accepted: Expectation;
    readonly clock: Clock;
  },
): Waiting {
  const { interval, max_interval: maxIntervalMs = interval, timeout, fail_if: given } = options;
  const ends = given === undefined ? [] : Array.isArray(given) ? given : [given];
  const wait = createWait({
    clock,
    what: `the step ${step}`,
    intervalMs: interval,
    maxIntervalMs,
    timeoutMs: timeout,
    timeoutOption: "wait_until.timeout",
    honourRetryAfter: options.honour_retry_after,
    signal: iteration.signal,
    observe: (name, us) => iteration.observe(name, us),
  });
  let failure: Failure | undefined;
  let askedUs: number | undefined;
  const again = async (exchange: Exchange): Promise<HttpRequest | undefined> => {
    iteration.count("polls");
    iteration.observe("poll", exchange.endedUs - (askedUs ?? exchange.startedUs));
    if (judge(exchange, accepted) !== undefined) return undefined;
    const pending = unmet(exchange, options);
    if (pending === undefined) return undefined;
    const end = ends.find((each) => unmet(exchange, each) === undefined);
    failure = end === undefined ? await lastWord(wait(exchange), pending) : ended(step, end);
    if (failure !== undefined) return undefined;
    askedUs = clock.nowUs();
    return request;
  };
  return { again, failure: () => failure };
}

/** A sentence about what does not hold yet. */
function unmet(exchange: Exchange, { status, json }: Condition): string | undefined {
  if (status !== undefined && !status.includes(exchange.status)) {
    return `expected ${status.slice(0, 4).join(" or ")}, got ${exchange.status}`;
  }
  return json && wrongField(exchange, json);
}

/** Giving up says what the last answer was. */
async function lastWord(
  waited: Promise<Failure | undefined>,
  pending: string,
): Promise<Failure | undefined> {
  const failure = await waited;
  return failure?.class === "timeout"
    ? { class: "timeout", message: `${failure.message}; the last answer: ${pending}` }
    : failure;
}

function ended(step: string, { status, json }: Condition): Failure {
  const parts = [
    ...(status === undefined ? [] : [`status ${status.join(" or ")}`]),
    ...Object.entries(json ?? {}).map(([path, value]) => `${path} ${JSON.stringify(value)}`),
  ];
  return {
    class: "unexpected_body",
    message: `The step ${step} will not come to what is awaited: the answer has ` +
      `${parts.join(" and ")} (wait_until.fail_if)`,
  };
}
