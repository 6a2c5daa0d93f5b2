/**
 * `acme_revoke`: enrolls, then revokes what it got (RFC 8555 section 7.6), signed by the account or by the
 * certificate's own key. The enrollment's steps are measured too: there is no load that the summary does not show.
 */
import { ENROLL_MEASURES } from "../acme/measures.ts";
import { z } from "zod";
import { type Failure, isFailure } from "../http/failure.ts";
import type { FlowDefinition, Iteration } from "./flow.ts";
import { lacks } from "../acme/directory.ts";
import {
  type Enrolled,
  Enrollment,
  enrollmentOptions,
  enrollmentSteps,
} from "../acme/enrollment.ts";
import type { Signer } from "../acme/jws.ts";
import { revocationPayload } from "../acme/revocation.ts";
import { accountsMade } from "../acme/options.ts";
import { preparedFlow } from "./prepared_flow.ts";

const options = z.strictObject({
  ...enrollmentOptions,
  signed_by: z.enum(["account", "certificate"]).default("account").describe(
    "Whose key signs the revocation",
  ),
  reason: z.int().min(0).max(10).optional().describe("CRLReason code (RFC 5280 section 5.3.1)"),
});

export type RevokeOptions = z.output<typeof options>;

export const acmeRevoke: FlowDefinition<RevokeOptions> = {
  name: "acme_revoke",
  summary: "ACME enrollment followed by revocation, by account key or certificate key",
  tier: "acme",
  options,
  measures: ENROLL_MEASURES,
  changes: () => "adds",
  serverUrl: ({ directory }) => directory,
  makes: ({ accounts }) => accountsMade(accounts),
  asksAgain: () => true,
  steps: (options) => [...enrollmentSteps(options), "revoke"],
  create: (context) =>
    preparedFlow(
      () => Enrollment.open(context, ["revokeCert"]),
      (enrollment, iteration) => enrollAndRevoke(enrollment, iteration, context.options),
    ),
};

async function enrollAndRevoke(
  enrollment: Enrollment,
  iteration: Iteration,
  { signed_by: signedBy, reason }: RevokeOptions,
): Promise<Failure | undefined> {
  const enrolled = await enrollment.enroll(iteration);
  if (isFailure(enrolled)) return enrolled;
  const { client } = enrollment.session;
  const { revokeCert: url } = client.directory;
  if (url === undefined) return lacks("revokeCert");
  const answer = await client.post(iteration, {
    step: "revoke",
    signer: signerFor(signedBy, enrolled),
    url,
    payload: revocationPayload(enrolled.chain.leaf.raw, reason),
    statuses: [200],
    read: () => undefined,
  });
  return isFailure(answer) ? answer : undefined;
}

function signerFor(signedBy: "account" | "certificate", { account, prepared }: Enrolled): Signer {
  return signedBy === "account" ? account.signer : { key: prepared.key };
}
