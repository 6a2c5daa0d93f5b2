/** A key of the server's own, where it makes the keys, or of an agent's, and what of a request the issuing needs. */
import type { CertificateRequest } from "../acme/csr.ts";
import { toPem } from "../../pem.ts";

export interface NewRequest {
  readonly request: CertificateRequest;
  /** PKCS #8. */
  readonly keyPem: string;
}

/** P-256, where certctl takes RSA-2048: a tenth of a second of CPU each would make the lab the limit. */
export async function newRequest(): Promise<NewRequest> {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const { publicKey, privateKey } = await crypto.subtle.generateKey(curve, true, [
    "sign",
    "verify",
  ]);
  const [spki, pkcs8] = await Promise.all([
    crypto.subtle.exportKey("spki", publicKey),
    crypto.subtle.exportKey("pkcs8", privateKey),
  ]);
  const request: CertificateRequest = {
    names: new Set(),
    publicKey: new Uint8Array(spki),
    keyAlgorithm: "ECDSA",
    keySize: 256,
  };
  return { request, keyPem: toPem("PRIVATE KEY", new Uint8Array(pkcs8)) };
}
