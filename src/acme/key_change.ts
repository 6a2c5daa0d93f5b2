/** A new key for an account (RFC 8555 section 7.3.5). */
import { type Failure, isFailure } from "../http/failure.ts";
import type { Account } from "./account.ts";
import type { AcmeClient } from "./client.ts";
import { lacks } from "./directory.ts";
import { signJws } from "./jws.ts";
import type { SigningKey } from "../keys/keys.ts";
import type { Sender } from "../http/step.ts";

/** The account with its new key, once the server has agreed (step `key_change`). */
export async function changeKey(
  client: AcmeClient,
  sender: Sender,
  account: Account,
  key: SigningKey,
): Promise<Account | Failure> {
  const { keyChange: url } = client.directory;
  if (url === undefined) return lacks("keyChange");
  const answer = await client.post(sender, {
    step: "key_change",
    signer: account.signer,
    url,
    payload: await keyChangePayload(url, account, key),
    statuses: [200],
    read: () => undefined,
  });
  return isFailure(answer) ? answer : { ...account, key, signer: { key, kid: account.url } };
}

/** The inner JWS: the new key says which account it wants, and which key it takes the place of. */
export async function keyChangePayload(
  url: string,
  account: Account,
  key: SigningKey,
): Promise<string> {
  const payload = JSON.stringify({ account: account.url, oldKey: account.key.jwk });
  return await signJws({ key }, url, payload);
}
