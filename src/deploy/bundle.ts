/** What is deployed: a certificate, what it is issued by, and its key. */
import { createHash } from "node:crypto";
import { PEM_CERTIFICATE } from "../pem.ts";

export interface Bundle {
  readonly leafPem: string;
  /** The certificates after the leaf; empty where there are none. */
  readonly chainPem: string;
  readonly keyPem: string;
  /** SHA-256 of the leaf's DER, lower-case hex. */
  readonly fingerprint: string;
}

/** A sentence where there is no certificate in the text. */
export function bundleOf(certificatePem: string, keyPem: string): Bundle | string {
  const [leaf, ...rest] = certificatePem.match(PEM_CERTIFICATE) ?? [];
  if (leaf === undefined) return "there is no PEM certificate in it";
  let der: Uint8Array;
  try {
    der = Uint8Array.fromBase64(leaf.replaceAll(/-----[A-Z ]+-----|\s/g, ""));
  } catch {
    return "its first certificate is no base64";
  }
  return {
    leafPem: leaf + "\n",
    chainPem: rest.map((each) => each + "\n").join(""),
    keyPem,
    fingerprint: createHash("sha256").update(der).digest("hex"),
  };
}

export function fullChainOf({ leafPem, chainPem }: Bundle): string {
  return leafPem + chainPem;
}

/** As HAProxy reads it: certificate, chain and key in one. */
export function combinedOf(bundle: Bundle): string {
  return fullChainOf(bundle) + bundle.keyPem;
}
