/** A key of the server's own, where it makes the keys, and what of a request the issuing needs. */
import { generateKeyPairSync } from "node:crypto";
import type { CertificateRequest } from "../acme/csr.ts";

export interface NewRequest {
  readonly request: CertificateRequest;
  /** PKCS #8. */
  readonly keyPem: string;
}

/** P-256, where certctl takes RSA-2048: a tenth of a second of CPU each would make the lab the limit. */
export function newRequest(): NewRequest {
  const { publicKey, privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return {
    request: {
      names: new Set(),
      publicKey: new Uint8Array(publicKey),
      keyAlgorithm: "ECDSA",
      keySize: 256,
    },
    keyPem: privateKey,
  };
}
