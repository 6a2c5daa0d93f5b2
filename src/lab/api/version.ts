/** Versions of a certificate: what was issued for it, each with its chain. */
import { createHash } from "node:crypto";
import { toPem } from "../../pem.ts";
import type { IssuedCertificate } from "../acme/issuance.ts";
import type { Store } from "../store.ts";

export interface NewVersion {
  readonly certificateId: string;
  readonly issued: IssuedCertificate;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly caPem: string;
  /** The request; of a key that the server made, its private key, as certctl has it. */
  readonly csrPem: string;
  readonly keyAlgorithm: string;
  /** Bits. */
  readonly keySize: number;
}

export function addVersion(store: Store, given: NewVersion): void {
  const { certificateId, issued } = given;
  const document = {
    id: `certver-${crypto.randomUUID()}`,
    certificate_id: certificateId,
    serial_number: issued.serial,
    not_before: new Date(given.notBeforeMs).toISOString(),
    not_after: new Date(given.notAfterMs).toISOString(),
    fingerprint_sha256: fingerprintOf(issued.der),
    pem_chain: chainPem(issued.der, given.caPem),
    csr_pem: given.csrPem,
    key_algorithm: given.keyAlgorithm,
    key_size: given.keySize,
    created_at: new Date().toISOString(),
  };
  const sql = "INSERT INTO versions (certificate_id, serial_number, document) VALUES (?, ?, ?)";
  store.run(sql, certificateId, issued.serial, JSON.stringify(document));
}

/** The newest version, its chain leaf first; undefined where nothing was issued. */
export function latestVersion(
  store: Store,
  certificateId: string,
): { readonly pem_chain: string; readonly csr_pem: string } | undefined {
  const sql =
    "SELECT document FROM versions WHERE certificate_id = ? ORDER BY sequence DESC LIMIT 1";
  const row = store.get<{ document: string }>(sql, certificateId);
  return row && JSON.parse(row.document);
}

/** SHA-256, lower-case hex. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("hex");
}

export function chainPem(der: Uint8Array, caPem: string): string {
  return `${toPem("CERTIFICATE", der)}${caPem}`;
}
