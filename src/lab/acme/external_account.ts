/** External account binding (RFC 8555 section 7.3.4): an HMAC of the account's key with a key given beforehand. */
import type { KeyCall } from "./call.ts";
import { decodeBase64url, payloadOf, publicJwk, readJws, thumbprint, verify } from "./jws.ts";
import { malformed, Problem, unauthorized } from "./problem.ts";

/** Throws `externalAccountRequired`, `malformed` or `unauthorized`. A binding that nobody asked for is checked too. */
export async function checkExternalAccount(call: KeyCall): Promise<void> {
  const { settings, payload = {}, jwk, jws } = call;
  const binding = payload["externalAccountBinding"];
  if (binding === undefined) {
    if (!settings.eabRequired) return;
    throw new Problem("externalAccountRequired", 403, "externalAccountBinding is missing");
  }
  const inner = readJws(binding, ["HS256"]);
  const { kid, nonce, url } = inner.header;
  if (nonce !== undefined) throw malformed("externalAccountBinding must have no nonce");
  if (url !== jws.header["url"]) throw malformed("externalAccountBinding is for another url");
  if (typeof kid !== "string" || !Object.hasOwn(settings.eabKeys, kid)) {
    throw unauthorized("externalAccountBinding names a key that is not known");
  }
  await verify(inner, decodeBase64url(settings.eabKeys[kid], `the key of ${kid}`));
  if (await thumbprint(publicJwk(payloadOf(inner))) !== await thumbprint(jwk)) {
    throw malformed("externalAccountBinding holds another key than the account's");
  }
}
