/**
 * `acme_key_change`: rolls an account over to a new key (RFC 8555 section 7.3.5), then reads the account with it. An
 * account is used by one iteration at a time, because its key is what changes.
 */
import { SIGNED_MEASURES } from "../acme/measures.ts";
import { z } from "zod";
import { type Failure, isFailure } from "../http/failure.ts";
import type { FlowDefinition, Iteration } from "./flow.ts";
import { readAccount } from "../acme/account.ts";
import { changeKey } from "../acme/key_change.ts";
import { generateKey } from "../keys/keys.ts";
import { accounts, accountsMade } from "../acme/options.ts";
import { Session, sessionOptions } from "../acme/session.ts";
import { preparedFlow } from "./prepared_flow.ts";

const options = z.strictObject({
  ...sessionOptions,
  accounts: accounts.default("per_flow").describe(
    "Accounts whose keys are rolled over again and again, or per_flow: a new one each time",
  ),
});

export type KeyChangeOptions = z.output<typeof options>;

export const acmeKeyChange: FlowDefinition<KeyChangeOptions> = {
  name: "acme_key_change",
  summary: "ACME account key rollover, proved by reading the account with the new key",
  tier: "acme",
  options,
  measures: SIGNED_MEASURES,
  changes: () => "adds",
  serverUrl: ({ directory }) => directory,
  makes: ({ accounts }) => accountsMade(accounts),
  steps: () => ["new_nonce", "new_account", "key_change", "account"],
  create: (context) =>
    preparedFlow(
      () => Session.open(context, context.options.accounts, ["newAccount", "keyChange"]),
      (session, iteration) => rollOver(session, iteration, context.options),
    ),
};

async function rollOver(
  { client, accounts }: Session,
  iteration: Iteration,
  { account_key: alg, accounts: pool }: KeyChangeOptions,
): Promise<Failure | undefined> {
  const account = await accounts.borrow(client, iteration);
  if (isFailure(account)) return account;
  const rolled = await changeKey(client, iteration, account, await generateKey(alg));
  if (isFailure(rolled)) return rolled;
  const { signer, url } = rolled;
  const read = await client.read(iteration, { step: "account", signer, url, read: readAccount });
  if (isFailure(read)) return read;
  if (pool !== "per_flow") accounts.giveBack(rolled);
  return undefined;
}
