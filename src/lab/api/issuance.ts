/** A request for a certificate is signed, by itself or for the renewal that waits for it (`internal/service/renewal.go`). */
import { type CertificateRequest, parseCertificateRequest } from "../acme/csr.ts";
import { issueCertificate } from "../acme/issuance.ts";
import { type ManagedCertificate, readCertificate, updateCertificate } from "./certificate.ts";
import type { ApiContext } from "./context.ts";
import { addDeployments } from "./deployment.ts";
import { type Job, setJobStatus } from "./job.ts";
import { addVersion } from "./version.ts";

/** iss-local's. */
const LIFETIME_MS = 90 * 24 * 60 * 60 * 1000;
/** Clocks differ; a certificate made this instant must not be one of the future. */
const BACKDATE_MS = 60_000;

/** False where nothing was issued: the certificate is unknown, the request is none, or the signer has no time. */
export async function submitRequest(
  context: ApiContext,
  certificateId: string,
  csrPem: string,
): Promise<boolean> {
  const request = await readRequest(csrPem);
  if (request === undefined || readCertificate(context.store, certificateId) === undefined) {
    return false;
  }
  const startedMs = performance.now();
  if (!await context.signerTurn()) return false;
  // From here on nothing is waited for: of two requests at once, one ends the job that waits.
  const certificate = readCertificate(context.store, certificateId);
  if (certificate === undefined) return false;
  const job = awaiting(context, certificateId);
  const waitedMs = performance.now() - startedMs;
  issue(context, certificate, { request, csrPem, waitedMs, ...(job && { job }) });
  return true;
}

async function readRequest(csrPem: string): Promise<CertificateRequest | undefined> {
  try {
    const base64 = csrPem.replace(/-----[A-Z ]+-----/g, "").replace(/\s/g, "");
    return await parseCertificateRequest(Uint8Array.fromBase64(base64));
  } catch {
    return undefined;
  }
}

function awaiting({ store }: ApiContext, certificateId: string): Job | undefined {
  const row = store.get<{ document: string }>(
    `SELECT document FROM jobs WHERE certificate_id = ? AND status = 'AwaitingCSR'
     ORDER BY sequence LIMIT 1`,
    certificateId,
  );
  return row && JSON.parse(row.document);
}

export interface Issuance {
  readonly request: CertificateRequest;
  readonly csrPem: string;
  /** The renewal that this ends; its deployments follow. */
  readonly job?: Job;
  /** What came before the signing: the wait for the signer, or all of a job. */
  readonly waitedMs: number;
}

/** At once: what is issued has the key of the request, and the names of both. */
export function issue(
  context: ApiContext,
  certificate: ManagedCertificate,
  { request, csrPem, job, waitedMs }: Issuance,
): void {
  const startedMs = performance.now();
  const { store, authority, metrics, asShipped } = context;
  const { id } = certificate;
  const now = Math.floor(Date.now() / 1000) * 1000;
  const [notBeforeMs, notAfterMs] = [now - BACKDATE_MS, now + LIFETIME_MS];
  const names = namesOf(certificate, request);
  const issued = issueCertificate({ authority, request, names, notBeforeMs, notAfterMs });
  const { keyAlgorithm, keySize } = request;
  const caPem = authority.certificatePem;
  store.transaction(() => {
    addVersion(store, {
      certificateId: id,
      issued,
      notBeforeMs,
      notAfterMs,
      caPem,
      csrPem,
      keyAlgorithm,
      keySize,
    });
    updateCertificate(store, certificate, {
      status: "Active",
      expires_at: new Date(notAfterMs).toISOString(),
      last_renewal_at: new Date().toISOString(),
    });
    if (job === undefined) return;
    const timesLost = asShipped.has("job_times_lost");
    setJobStatus(store, job, "Completed", { timesLost });
    addDeployments(context, id);
  });
  metrics.observeIssuance(waitedMs + performance.now() - startedMs);
}

function namesOf(
  { common_name, sans }: ManagedCertificate,
  { names }: CertificateRequest,
): string[] {
  const all = [common_name, ...sans ?? [], ...names].map((name) => name.toLowerCase());
  return [...new Set(all)].filter((name) => !name.includes("@"));
}
