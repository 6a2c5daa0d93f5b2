/** Renewal information (RFC 9773): read without a signature, and without a nonce. */
import { json, type LabResponse } from "../http/message.ts";
import type { AccountCall, Call } from "./call.ts";
import { type AcmeCertificate, certificateWhere } from "./certificates.ts";
import { malformed, notFound, unauthorized } from "./problem.ts";
import { hex } from "./x509_reader.ts";

const PART = /^[A-Za-z0-9_-]+$/;
const HOUR_MS = 60 * 60 * 1000;

/** GET renewal-info/{certificate} (section 4.1). */
export function renewalInfo(call: Call): LabResponse {
  const { parameters, settings, nowMs } = call;
  if (!settings.ariEnabled) throw notFound("ACME Renewal Information is disabled on this server");
  const certificate = certificateByRenewalId(call, parameters["certificate"]!);
  if (certificate === undefined) {
    throw notFound("the supplied certificate is not known to this server");
  }
  const { startMs, endMs } = renewalWindow(certificate, nowMs());
  const suggestedWindow = {
    start: new Date(startMs).toISOString(),
    end: new Date(endMs).toISOString(),
  };
  return json(200, { suggestedWindow }, {
    "Retry-After": String(Math.max(1, Math.floor(settings.ariPollMs / 1000))),
    "Cache-Control": "no-store",
  });
}

/**
 * Around the last third of the lifetime, a day to each side of its start or less when the lifetime is short; for a
 * revoked certificate the hour that has just passed, so that it is replaced at once (section 4.2).
 */
function renewalWindow(
  { notBeforeMs, notAfterMs, isRevoked }: Pick<
    AcmeCertificate,
    "notBeforeMs" | "notAfterMs" | "isRevoked"
  >,
  nowMs: number,
): { readonly startMs: number; readonly endMs: number } {
  if (isRevoked) return { startMs: nowMs - HOUR_MS, endMs: nowMs };
  const lifetimeMs = notAfterMs - notBeforeMs;
  const middleMs = notAfterMs - lifetimeMs / 3;
  const halfMs = Math.min(24 * HOUR_MS, lifetimeMs / 12);
  return { startMs: Math.floor(middleMs - halfMs), endMs: Math.floor(middleMs + halfMs) };
}

/**
 * The certificate that an order says it replaces (section 5): its renewal id, when it may. Throws `malformed`, and
 * `unauthorized` for another account's certificate or one that shares no name with the order.
 */
export function replacedCertificate(
  call: AccountCall,
  value: unknown,
  names: readonly string[],
): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw malformed("replaces is not a string");
  const certificate = certificateByRenewalId(call, value);
  if (certificate === undefined) throw notFound("replaces names no certificate of this server");
  if (certificate.accountId !== call.account.id) {
    throw unauthorized("replaces names another account's certificate");
  }
  if (!certificate.names.some((name) => names.includes(name))) {
    throw malformed("replaces names a certificate that shares no name with the order");
  }
  return value;
}

/** Section 4.1: base64url of the authority key identifier, a dot, base64url of the serial number. */
function certificateByRenewalId(
  { store, authority }: Call,
  id: string,
): AcmeCertificate | undefined {
  const parts = id.split(".");
  if (parts.length !== 2 || !parts.every((part) => PART.test(part) && part.length % 4 !== 1)) {
    throw malformed(
      "a certificate id has two base64url parts, with a dot between them (RFC 9773 4.1)",
    );
  }
  const [identifier, serial] = parts.map((part) =>
    hex(Uint8Array.fromBase64(part, { alphabet: "base64url" }))
  );
  if (identifier !== hex(authority.keyIdentifier)) return undefined;
  return certificateWhere(store, "serial", serial!);
}
