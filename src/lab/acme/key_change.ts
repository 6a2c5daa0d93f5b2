/** Account key rollover (RFC 8555 section 7.3.5): the new key signs, inside a request that the old one signs. */
import type { LabResponse } from "../http/message.ts";
import { accountAnswer, accountByKey, accountUrl } from "./accounts.ts";
import type { AccountCall } from "./call.ts";
import { importKey, payloadOf, publicJwk, readJws, thumbprint, verify } from "./jws.ts";
import { malformed, Problem, unauthorized } from "./problem.ts";

export async function keyChange(call: AccountCall): Promise<LabResponse> {
  const { account, jws, payload, store, limits, nowMs, profile } = call;
  limits.keyChange(account.id, nowMs());
  const inner = readJws(payload);
  if (inner.header["url"] !== jws.header["url"]) throw malformed("the inner JWS has another url");
  if (inner.header["nonce"] !== undefined) throw malformed("the inner JWS must have no nonce");
  const jwk = publicJwk(inner.header["jwk"]);
  await verify(inner, await importKey(jwk, inner.algorithm));
  const { account: url, oldKey } = payloadOf(inner) ?? {};
  if (url !== accountUrl(call, account)) throw malformed("the inner JWS names another account");
  if (await thumbprint(publicJwk(oldKey)) !== account.thumbprint) {
    throw unauthorized("oldKey is not the account's key");
  }
  const print = await thumbprint(jwk);
  const other = accountByKey(store, profile, print);
  if (other !== undefined) throw keyInUse(accountUrl(call, other));
  const sql = "UPDATE acme_accounts SET jwk = ?, thumbprint = ? WHERE id = ? AND thumbprint = ?";
  // No row when another key change of this account came first.
  if (store.run(sql, JSON.stringify(jwk), print, account.id, account.thumbprint) === 0) {
    throw new Problem("unauthorized", 409, "the account's key has been changed meanwhile");
  }
  return accountAnswer(call, { ...account, jwk, thumbprint: print }, 200);
}

function keyInUse(location: string): Problem {
  const detail = "the new key is that of an account already";
  return new Problem("unauthorized", 409, detail, { headers: { Location: location } });
}
