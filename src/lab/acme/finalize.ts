/** Finalization (RFC 8555 section 7.4): a certificate request for a ready order, and the certificate at once. */
import { equalBytes } from "../../der.ts";
import type { LabResponse } from "../http/message.ts";
import type { AccountCall } from "./call.ts";
import { addCertificate } from "./certificates.ts";
import { type CertificateRequest, parseCertificateRequest } from "./csr.ts";
import { issueCertificate } from "./issuance.ts";
import { type Order, orderAnswer, ownOrder, setOrderStatus } from "./orders.ts";
import { publicKeyOf } from "./jws.ts";
import { Problem } from "./problem.ts";

/** Clocks differ; a certificate made this instant must not be one of the future. */
const BACKDATE_MS = 60_000;

export async function finalize(call: AccountCall): Promise<LabResponse> {
  ownOrder(call);
  const requestDer = requestOf(call);
  const request = await parseCertificateRequest(requestDer);
  await requireOtherKey(call, request);
  requireNames(request, readyOrder(call));
  const startedMs = performance.now();
  if (!call.settings.asShipped && !await call.signerTurn()) {
    throw new Problem("serverInternal", 503, "the signer's queue is full");
  }
  // From here on nothing is waited for: of two requests at once, one finds the order ready.
  const order = readyOrder(call);
  if (call.settings.asShipped) {
    setOrderStatus(call.store, order.id, "processing");
    throw new Problem("serverInternal", 500, "ACME server error");
  }
  const issued = issue(call, order, request, requestDer);
  call.metrics.observeIssuance(performance.now() - startedMs);
  return orderAnswer(call, issued);
}

function readyOrder(call: AccountCall): Order {
  const order = ownOrder(call);
  if (order.status === "ready") return order;
  const detail = `order is ${order.status}, not ready; complete its authorizations first`;
  throw new Problem("orderNotReady", 403, detail);
}

function issue(
  call: AccountCall,
  order: Order,
  request: CertificateRequest,
  requestDer: Uint8Array,
): Order {
  const { authority, store, settings, nowMs } = call;
  const now = Math.floor(nowMs() / 1000) * 1000;
  const notBeforeMs = order.notBeforeMs ?? now - BACKDATE_MS;
  const notAfterMs = order.notAfterMs ?? (order.notBeforeMs ?? now) + settings.lifetimeMs;
  const { names } = order;
  const issued = issueCertificate({ authority, request, names, notBeforeMs, notAfterMs });
  const certificateId = store.transaction(() => {
    const given = { order, request, requestDer, issued, notBeforeMs, notAfterMs };
    const id = addCertificate(call, given);
    const sql = "UPDATE acme_orders SET status = 'valid', certificate_id = ? WHERE id = ?";
    store.run(sql, id, order.id);
    return id;
  });
  return { ...order, status: "valid", certificateId };
}

function requestOf({ payload = {} }: AccountCall): Uint8Array {
  const { csr } = payload;
  if (typeof csr === "string" && /^[A-Za-z0-9_-]+$/.test(csr) && csr.length % 4 !== 1) {
    return Uint8Array.fromBase64(csr, { alphabet: "base64url" });
  }
  throw new Problem("badCSR", 400, "csr is not base64url without padding");
}

/** Section 11.1: whoever has the certificate's key must not have the account. */
async function requireOtherKey(
  { account, jws }: AccountCall,
  { publicKey }: CertificateRequest,
): Promise<void> {
  if (equalBytes(publicKey, await publicKeyOf(account.jwk, jws.algorithm))) {
    throw new Problem("badCSR", 400, "csr is for the account's key");
  }
}

function requireNames({ names }: CertificateRequest, order: Order): void {
  const expected = new Set(order.names);
  if (names.symmetricDifference(expected).size === 0) return;
  const list = (set: ReadonlySet<string>): string => [...set].slice(0, 10).join(", ") || "nothing";
  const detail = `csr is for ${list(names)}, the order for ${list(expected)}`;
  throw new Problem("badCSR", 400, detail);
}
