/** Trusted roots from a PEM file. */
import { X509Certificate } from "node:crypto";
import { PEM_CERTIFICATE } from "../pem.ts";

/** The certificates of a PEM text and nothing else of it; undefined when there is none, or one cannot be read. */
export function certificatesOf(text: string): string | undefined {
  const blocks = text.match(PEM_CERTIFICATE) ?? [];
  return blocks.length > 0 && blocks.every(isCertificate) ? `${blocks.join("\n")}\n` : undefined;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).fingerprint256 !== "";
  } catch {
    return false;
  }
}
