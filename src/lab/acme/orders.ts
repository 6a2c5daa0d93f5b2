/** Orders (RFC 8555 section 7.1.3): their rows, their states, and the requests that make and read them. */
import { identifierOf } from "../../identifier.ts";
import { json, type LabResponse } from "../http/message.ts";
import type { Store } from "../store.ts";
import type { AccountCall, Call } from "./call.ts";
import { addAuthorization } from "./authorizations.ts";
import { newId } from "./id.ts";
import { identifiersOf } from "./identifiers.ts";
import type { AuthMode } from "./options.ts";
import { malformed, notFound, Problem, type ProblemDocument, unauthorized } from "./problem.ts";
import { replacedCertificate } from "./renewal.ts";

type OrderStatus = "pending" | "ready" | "processing" | "valid" | "invalid";

export interface Order {
  readonly id: string;
  readonly accountId: string;
  readonly profile: string;
  readonly status: OrderStatus;
  readonly expiresMs: number;
  /** DNS names and IP addresses, lower case, each once. */
  readonly names: readonly string[];
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly replaces?: string;
  readonly error?: ProblemDocument;
  readonly certificateId?: string;
}

/** POST new-order (section 7.4). */
export function newOrder(call: AccountCall): LabResponse {
  const { account, payload = {}, limits, nowMs, profile, settings, store } = call;
  const now = nowMs();
  const names = identifiersOf(payload["identifiers"]);
  const validity = validityOf(payload, now, settings.lifetimeMs);
  const replaces = replacedCertificate(call, payload["replaces"], names);
  limits.newOrder(account.id, now);
  const mode: AuthMode = settings.profiles[profile]!;
  const order: Order = {
    id: newId("acme-ord"),
    accountId: account.id,
    profile,
    status: mode === "challenge" ? "pending" : "ready",
    expiresMs: now + settings.orderTtlMs,
    names,
    ...validity,
    ...(replaces && { replaces }),
  };
  const authorizations = store.transaction(() => {
    insertOrder(store, order);
    const expiresMs = now + settings.authorizationTtlMs;
    const { challengeTypes } = settings;
    return names.map((name) =>
      addAuthorization(store, { orderId: order.id, name, mode, expiresMs, challengeTypes })
    );
  });
  const document = orderDocument(call, order, authorizations);
  return json(201, document, { Location: orderUrl(call, order) });
}

/** POST order/{order} */
export function order(call: AccountCall): LabResponse {
  return orderAnswer(call, ownOrder(call));
}

/** The account's order that the URL names. Throws `malformed` (404) and `unauthorized`. */
export function ownOrder(call: AccountCall): Order {
  const found = orderById(call.store, call.parameters["order"]!, call.nowMs());
  if (found === undefined || found.profile !== call.profile) throw notFound();
  if (found.accountId !== call.account.id) {
    throw unauthorized("account does not own this resource");
  }
  return found;
}

/** With its state at `nowMs`: an open order past its time is invalid, swept or not. */
function orderById(store: Store, id: string, nowMs: number): Order | undefined {
  const row = store.get<Row>("SELECT * FROM acme_orders WHERE id = ?", id);
  if (row === undefined) return undefined;
  const isOver = row.expires_ms <= nowMs && row.status !== "valid";
  return {
    id: row.id,
    accountId: row.account_id,
    profile: row.profile,
    status: isOver ? "invalid" : row.status,
    expiresMs: row.expires_ms,
    names: JSON.parse(row.identifiers),
    ...(row.not_before_ms !== null && { notBeforeMs: row.not_before_ms }),
    ...(row.not_after_ms !== null && { notAfterMs: row.not_after_ms }),
    ...(row.replaces !== null && { replaces: row.replaces }),
    ...(row.error !== null && { error: JSON.parse(row.error) }),
    ...(row.certificate_id !== null && { certificateId: row.certificate_id }),
  };
}

export function setOrderStatus(store: Store, id: string, status: OrderStatus): void {
  store.run("UPDATE acme_orders SET status = ? WHERE id = ?", status, id);
}

export function orderAnswer(call: Call, order: Order): LabResponse {
  const rows = call.store.all<{ id: string }>(
    "SELECT id FROM acme_authorizations WHERE order_id = ? ORDER BY rowid",
    order.id,
  );
  const document = orderDocument(call, order, rows.map(({ id }) => id));
  return json(200, document, { Location: orderUrl(call, order) });
}

function orderUrl({ base }: Call, { id }: Order): string {
  return `${base}/order/${id}`;
}

function orderDocument(
  call: Call,
  order: Order,
  authorizations: readonly string[],
): Record<string, unknown> {
  const { base } = call;
  const { notBeforeMs, notAfterMs, replaces, error, certificateId } = order;
  return {
    status: order.status,
    expires: new Date(order.expiresMs).toISOString(),
    identifiers: order.names.map(identifierOf),
    ...(notBeforeMs !== undefined && { notBefore: new Date(notBeforeMs).toISOString() }),
    ...(notAfterMs !== undefined && { notAfter: new Date(notAfterMs).toISOString() }),
    ...(replaces && { replaces }),
    authorizations: authorizations.map((id) => `${base}/authz/${id}`),
    finalize: `${orderUrl(call, order)}/finalize`,
    ...(certificateId && { certificate: `${base}/cert/${certificateId}` }),
    ...(error && { error }),
  };
}

/** Throws `malformed` for times that cannot be met. */
function validityOf(
  payload: Readonly<Record<string, unknown>>,
  nowMs: number,
  lifetimeMs: number,
): Pick<Order, "notBeforeMs" | "notAfterMs"> {
  const notBeforeMs = timeOf(payload["notBefore"], "notBefore");
  const notAfterMs = timeOf(payload["notAfter"], "notAfter");
  const from = notBeforeMs ?? nowMs;
  const until = notAfterMs ?? from + lifetimeMs;
  if (until <= Math.max(from, nowMs)) throw malformed("notAfter is not after notBefore and now");
  if (until - from > lifetimeMs) {
    throw malformed(`certificates last ${Math.floor(lifetimeMs / 1000)} s at most`);
  }
  return {
    ...(notBeforeMs !== undefined && { notBeforeMs }),
    ...(notAfterMs !== undefined && { notAfterMs }),
  };
}

/** Certificates have whole seconds. */
function timeOf(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const ms = typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(ms)) throw malformed(`${name} is not an RFC 3339 time`);
  return Math.floor(ms / 1000) * 1000;
}

function insertOrder(store: Store, order: Order): void {
  try {
    store.run(
      `INSERT INTO acme_orders (id, account_id, profile, status, expires_ms, identifiers,
        not_before_ms, not_after_ms, replaces) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      order.id,
      order.accountId,
      order.profile,
      order.status,
      order.expiresMs,
      JSON.stringify(order.names),
      order.notBeforeMs ?? null,
      order.notAfterMs ?? null,
      order.replaces ?? null,
    );
  } catch (error) {
    if (!String(error).includes("acme_orders.replaces")) throw error;
    throw new Problem("alreadyReplaced", 409, "another order replaces this certificate already");
  }
}

interface Row {
  readonly id: string;
  readonly account_id: string;
  readonly profile: string;
  readonly status: OrderStatus;
  readonly expires_ms: number;
  readonly identifiers: string;
  readonly not_before_ms: number | null;
  readonly not_after_ms: number | null;
  readonly replaces: string | null;
  readonly error: string | null;
  readonly certificate_id: string | null;
}
