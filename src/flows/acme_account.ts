/**
 * `acme_account`: the life of an account without orders (RFC 8555 sections 7.3.2 and 7.3.6): created, its contact
 * changed, read, and deactivated.
 */
import { SIGNED_MEASURES } from "../acme/measures.ts";
import { z } from "zod";
import { type Failure, isFailure } from "../http/failure.ts";
import type { FlowDefinition, Iteration } from "./flow.ts";
import { type Account, readAccount } from "../acme/account.ts";
import { unexpected } from "../acme/answer.ts";
import type { AcmeClient } from "../acme/client.ts";
import { POST_AS_GET } from "../acme/jws.ts";
import { Session, sessionOptions } from "../acme/session.ts";
import { preparedFlow } from "./prepared_flow.ts";

const options = z.strictObject({
  ...sessionOptions,
  new_contact: z.array(z.string()).default(["mailto:certload@example.com"]).describe(
    "Contacts after the update",
  ),
  deactivate: z.boolean().default(true).describe("End with the account's deactivation"),
});

export type AccountFlowOptions = z.output<typeof options>;

export const acmeAccount: FlowDefinition<AccountFlowOptions> = {
  name: "acme_account",
  summary: "ACME account creation, contact update, reading and deactivation",
  tier: "acme",
  options,
  measures: SIGNED_MEASURES,
  changes: () => "adds",
  serverUrl: ({ directory }) => directory,
  steps: ({ deactivate }) => [
    "new_nonce",
    "new_account",
    "account_update",
    "account",
    ...(deactivate ? ["account_deactivate"] : []),
  ],
  create: (context) =>
    preparedFlow(
      () => Session.open(context, "per_flow"),
      (session, iteration) => live(session, iteration, context.options),
    ),
};

async function live(
  { client, accounts }: Session,
  iteration: Iteration,
  { new_contact: contact, deactivate }: AccountFlowOptions,
): Promise<Failure | undefined> {
  const account = await accounts.take(client, iteration);
  if (isFailure(account)) return account;
  const send = (step: string, payload: string, status: string): Promise<Failure | undefined> =>
    post(client, iteration, account, { step, payload, status });
  return await send("account_update", JSON.stringify({ contact }), "valid") ??
    await send("account", POST_AS_GET, "valid") ??
    (deactivate
      ? await send("account_deactivate", '{"status":"deactivated"}', "deactivated")
      : undefined);
}

async function post(
  client: AcmeClient,
  iteration: Iteration,
  { signer, url }: Account,
  { step, payload, status }: { step: string; payload: string; status: string },
): Promise<Failure | undefined> {
  const answer = await client.post(iteration, {
    step,
    signer,
    url,
    payload,
    statuses: [200],
    contentType: "application/json",
    read: (exchange) => {
      const account = readAccount(exchange);
      return isFailure(account) || account.status === status
        ? account
        : unexpected(`The account is ${account.status} where it should be ${status}`);
    },
  });
  return isFailure(answer) ? answer : undefined;
}
