/**
 * `acme_enroll`: from an order to a certificate that was checked, one enrollment for each arrival. Signing, waiting and
 * checking are observed apart (`signing`, `poll_wait`, `chain_check`, and `csr` where requests are not prepared),
 * refused nonces counted (`bad_nonce_retries`). `new_nonce` has samples only when the pool ran dry.
 */
import { ENROLL_MEASURES } from "../acme/measures.ts";
import { z } from "zod";
import { type Failure, isFailure } from "../http/failure.ts";
import type { FlowDefinition, Iteration } from "./flow.ts";
import { Enrollment, enrollmentOptions, enrollmentSteps } from "../acme/enrollment.ts";
import { accountsMade } from "../acme/options.ts";
import { preparedFlow } from "./prepared_flow.ts";

const options = z.strictObject({
  ...enrollmentOptions,
  stop_before: z.literal("finalize").optional().describe("Leave out finalize and all after it"),
});

export type EnrollOptions = z.output<typeof options>;

export const acmeEnroll: FlowDefinition<EnrollOptions> = {
  name: "acme_enroll",
  summary: "ACME order, authorizations, finalize and download, with the chain checked",
  tier: "acme",
  options,
  measures: ENROLL_MEASURES,
  changes: () => "adds",
  serverUrl: ({ directory }) => directory,
  asksAgain: () => true,
  makes: ({ accounts }) => accountsMade(accounts),
  steps: (options) => enrollmentSteps(options, options.stop_before),
  create: (context) =>
    preparedFlow(
      () => Enrollment.open(context),
      context.options.stop_before === "finalize" ? authorize : enroll,
    ),
};

async function enroll(enrollment: Enrollment, iteration: Iteration): Promise<Failure | undefined> {
  const enrolled = await enrollment.enroll(iteration);
  return isFailure(enrolled) ? enrolled : undefined;
}

async function authorize(
  enrollment: Enrollment,
  iteration: Iteration,
): Promise<Failure | undefined> {
  const next = await enrollment.next(iteration);
  if (isFailure(next)) return next;
  const order = await enrollment.enroller.attempt(iteration, next.account).authorize(next.prepared);
  return isFailure(order) ? order : undefined;
}
