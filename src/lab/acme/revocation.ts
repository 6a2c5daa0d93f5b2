/**
 * Revocation (RFC 8555 section 7.6): by the account that the certificate was issued to, by one that holds
 * authorizations for all of its names, or by the certificate's own key.
 */
import { equalBytes } from "../../der.ts";
import { readCertificate, updateCertificate } from "../api/certificate.ts";
import type { LabResponse } from "../http/message.ts";
import { type AcmeCertificate, certificateWhere } from "./certificates.ts";
import type { Account } from "./accounts.ts";
import type { AccountCall, Call, KeyCall } from "./call.ts";
import { publicKeyOf } from "./jws.ts";
import { malformed, notFound, Problem, unauthorized } from "./problem.ts";
import { serialOf } from "./x509_reader.ts";

/** By reason code (RFC 5280 section 5.3.1), in the API's words; the codes that are missing are refused. */
const REASONS: Readonly<Record<number, string>> = {
  0: "unspecified",
  1: "keyCompromise",
  2: "caCompromise",
  3: "affiliationChanged",
  4: "superseded",
  5: "cessationOfOperation",
  6: "certificateHold",
  9: "privilegeWithdrawn",
};

export async function revoke(call: AccountCall | KeyCall): Promise<LabResponse> {
  const { store, payload = {} } = call;
  if ("jwk" in call && call.settings.asShipped) {
    // certctl consumes the nonce a second time here.
    throw new Problem("badNonce", 400, "nonce is missing, unknown, used or expired");
  }
  const found = certificateOf(call, payload["certificate"]);
  const reason = REASONS[(payload["reason"] ?? 0) as number];
  if (reason === undefined) {
    throw new Problem("badRevocationReason", 400, "reason is not supported");
  }
  if (!await mayRevoke(call, found)) {
    throw unauthorized("the requester is not authorized to revoke this certificate");
  }
  const managed = readCertificate(store, found.id)!;
  if (managed.status === "Revoked") {
    throw new Problem("alreadyRevoked", 400, "the certificate has already been revoked");
  }
  const revokedAt = new Date(call.nowMs()).toISOString();
  const changes = { status: "Revoked", revoked_at: revokedAt, revocation_reason: reason };
  updateCertificate(store, managed, changes);
  return { status: 200, headers: {}, body: "" };
}

function certificateOf({ store }: Call, value: unknown): AcmeCertificate {
  if (typeof value !== "string" || !/^[A-Za-z0-9_-]+$/.test(value) || value.length % 4 === 1) {
    throw malformed("certificate is not base64url without padding");
  }
  const der = Uint8Array.fromBase64(value, { alphabet: "base64url" });
  const serial = serialOf(der);
  if (serial === undefined) throw malformed("certificate is no X.509 certificate");
  const found = certificateWhere(store, "serial", serial);
  if (found === undefined || !equalBytes(found.der, der)) {
    throw notFound("the supplied certificate is not known to this server");
  }
  return found;
}

async function mayRevoke(
  call: AccountCall | KeyCall,
  certificate: AcmeCertificate,
): Promise<boolean> {
  if ("account" in call) {
    return certificate.accountId === call.account.id ||
      holdsAuthorizations(call, call.account, certificate.names);
  }
  return equalBytes(await publicKeyOf(call.jwk, call.jws.algorithm), certificate.publicKey);
}

function holdsAuthorizations(
  { store, nowMs }: Call,
  { id }: Account,
  names: readonly string[],
): boolean {
  return names.every((name) => {
    const isWildcard = name.startsWith("*.");
    return store.get(
      `SELECT 1 FROM acme_authorizations a JOIN acme_orders o ON o.id = a.order_id
       WHERE o.account_id = ? AND a.name = ? AND a.wildcard >= ? AND a.status = 'valid'
       AND a.expires_ms > ?`,
      id,
      isWildcard ? name.slice(2) : name,
      Number(isWildcard),
      nowMs(),
    ) !== undefined;
  });
}
