/** Renewal information (RFC 9773): read without a signature, and without a nonce. */
import type { LabResponse } from "../http/message.ts";
import type { Call } from "./call.ts";
import { malformed, notFound, Problem } from "./problem.ts";

const PART = /^[A-Za-z0-9_-]+$/;

export function renewalInfo({ parameters, settings }: Call): LabResponse {
  if (!settings.ariEnabled) {
    throw new Problem("malformed", 404, "ACME Renewal Information is disabled on this server");
  }
  parseCertificateId(parameters["certificate"]!);
  throw notFound("the supplied certificate is not known to this server");
}

/** RFC 9773 section 4.1: base64url of the authority key identifier, a dot, base64url of the serial number. */
export function parseCertificateId(
  id: string,
): { readonly authorityKeyId: Uint8Array; readonly serial: Uint8Array } {
  const parts = id.split(".");
  if (parts.length !== 2 || !parts.every((part) => PART.test(part) && part.length % 4 !== 1)) {
    throw malformed(
      "certificate id must be two base64url parts, separated by a dot (RFC 9773 section 4.1)",
    );
  }
  const [authorityKeyId, serial] = parts.map((part) =>
    Uint8Array.fromBase64(part, { alphabet: "base64url" })
  );
  return { authorityKeyId: authorityKeyId!, serial: serial! };
}
