/** Certificates that the ACME server issued: their rows, and their download (RFC 8555 section 7.4.2). */
import { toPem } from "../../pem.ts";
import { createCertificate, zeroCertificate } from "../api/certificate.ts";
import { addVersion, chainPem } from "../api/version.ts";
import type { LabResponse } from "../http/message.ts";
import type { Store } from "../store.ts";
import type { AccountCall, AcmeContext } from "./call.ts";
import type { CertificateRequest } from "./csr.ts";
import { newId } from "./id.ts";
import type { IssuedCertificate } from "./issuance.ts";
import type { Order } from "./orders.ts";
import { notFound, unauthorized } from "./problem.ts";

export interface AcmeCertificate {
  readonly id: string;
  readonly accountId: string;
  readonly der: Uint8Array;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isRevoked: boolean;
}

interface NewCertificate {
  readonly order: Order;
  readonly request: CertificateRequest;
  readonly requestDer: Uint8Array;
  readonly issued: IssuedCertificate;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** POST cert/{certificate}: the chain, leaf first. */
export function certificate(call: AccountCall): LabResponse {
  const { store, authority, account, parameters } = call;
  const found = certificateWhere(store, "id", parameters["certificate"]!);
  if (found === undefined) throw notFound();
  if (found.accountId !== account.id) throw unauthorized("account does not own this resource");
  return {
    status: 200,
    headers: { "Content-Type": "application/pem-certificate-chain" },
    body: chainPem(found.der, authority.certificatePem),
  };
}

/** Stores a certificate, in the API's tables too, and returns its id. To be called in a transaction. */
export function addCertificate(context: AcmeContext, given: NewCertificate): string {
  const { store } = context;
  const { order, request, issued, notBeforeMs, notAfterMs } = given;
  const id = newId("mc-acme");
  createCertificate(store, {
    ...zeroCertificate(),
    id,
    name: `acme-${order.id}`,
    common_name: order.names[0]!,
    sans: order.names,
    issuer_id: "iss-local",
    certificate_profile_id: order.profile,
    status: "Active",
    expires_at: new Date(notAfterMs).toISOString(),
    source: "ACME",
  });
  addVersion(store, {
    certificateId: id,
    issued,
    notBeforeMs,
    notAfterMs,
    caPem: context.authority.certificatePem,
    csrPem: toPem("CERTIFICATE REQUEST", given.requestDer),
    keyAlgorithm: request.keyAlgorithm,
    keySize: request.keySize,
  });
  store.run(
    `INSERT INTO acme_certificates (id, account_id, serial, der, public_key, names, not_before_ms,
      not_after_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    order.accountId,
    issued.serial,
    issued.der,
    request.publicKey,
    JSON.stringify(order.names),
    notBeforeMs,
    notAfterMs,
  );
  return id;
}

/** `value` is an id, or a serial number in lower-case hex. */
export function certificateWhere(
  store: Store,
  column: "id" | "serial",
  value: string,
): AcmeCertificate | undefined {
  const row = store.get<Row>(
    `SELECT a.*, c.status FROM acme_certificates a JOIN certificates c ON c.id = a.id
     WHERE a.${column} = ?`,
    value,
  );
  return row && {
    id: row.id,
    accountId: row.account_id,
    der: row.der,
    publicKey: row.public_key,
    names: JSON.parse(row.names),
    notBeforeMs: row.not_before_ms,
    notAfterMs: row.not_after_ms,
    isRevoked: row.status === "Revoked",
  };
}

interface Row {
  readonly id: string;
  readonly account_id: string;
  readonly der: Uint8Array;
  readonly public_key: Uint8Array;
  readonly names: string;
  readonly not_before_ms: number;
  readonly not_after_ms: number;
  readonly status: string;
}
