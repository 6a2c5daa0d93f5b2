/** Authorizations (RFC 8555 section 7.1.4): one for each name of an order, with challenges that prove it. */
import { identifierOf, isIpAddress } from "../../identifier.ts";
import { json, type LabResponse } from "../http/message.ts";
import type { Store } from "../store.ts";
import type { AccountCall } from "./call.ts";
import { base64url } from "./nonces.ts";
import { type Challenge, challengeDocument, challengesOf, pollHeaders } from "./challenges.ts";
import { newId } from "./id.ts";
import type { AuthMode, ChallengeType } from "./options.ts";
import { malformed, notFound, unauthorized } from "./problem.ts";

type AuthorizationStatus = "pending" | "valid" | "invalid" | "deactivated" | "expired";

interface Authorization {
  readonly id: string;
  readonly orderId: string;
  readonly accountId: string;
  readonly profile: string;
  /** Without the wildcard label. */
  readonly name: string;
  readonly wildcard: boolean;
  readonly status: AuthorizationStatus;
  readonly expiresMs: number;
}

interface NewAuthorization {
  readonly orderId: string;
  readonly name: string;
  readonly mode: AuthMode;
  readonly expiresMs: number;
  readonly challengeTypes: readonly ChallengeType[];
}

const TOKEN_BYTES = 32;

/** Returns its id. Where accounts are trusted, it is born valid, with the one http-01 challenge that certctl shows. */
export function addAuthorization(store: Store, given: NewAuthorization): string {
  const { orderId, name, mode, expiresMs } = given;
  const id = newId("acme-authz");
  const isWildcard = name.startsWith("*.");
  const status = mode === "challenge" ? "pending" : "valid";
  store.run(
    `INSERT INTO acme_authorizations (id, order_id, name, wildcard, status, expires_ms)
     VALUES (?, ?, ?, ?, ?, ?)`,
    id,
    orderId,
    isWildcard ? name.slice(2) : name,
    Number(isWildcard),
    status,
    expiresMs,
  );
  const token = base64url(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)));
  for (const type of typesFor(given)) {
    store.run(
      `INSERT INTO acme_challenges (id, authorization_id, type, token, status)
       VALUES (?, ?, ?, ?, ?)`,
      newId("acme-chall"),
      id,
      type,
      token,
      status,
    );
  }
  return id;
}

/** A wildcard can be proved by DNS alone, an address not by DNS (RFC 8738 section 7). */
function typesFor({ mode, name, challengeTypes }: NewAuthorization): readonly ChallengeType[] {
  if (mode !== "challenge") return ["http-01"];
  if (name.startsWith("*.")) return ["dns-01"];
  return isIpAddress(name) ? challengeTypes.filter((type) => type !== "dns-01") : challengeTypes;
}

/** POST authz/{authorization}: reads, or deactivates (section 7.5.2). */
export function authorization(call: AccountCall): LabResponse {
  const { store, parameters, payload } = call;
  const found = ownAuthorization(call, parameters["authorization"]!);
  if (payload === undefined || Object.keys(payload).length === 0) return answer(call, found);
  if (payload["status"] !== "deactivated") {
    throw malformed("the only change that an authorization takes is to status deactivated");
  }
  store.transaction(() => {
    setAuthorizationStatus(store, found.id, "deactivated");
    const sql = "UPDATE acme_orders SET status = 'invalid' WHERE id = ? AND status <> 'valid'";
    store.run(sql, found.orderId);
  });
  return answer(call, { ...found, status: "deactivated" });
}

/** Throws `malformed` (404) and `unauthorized`. */
export function ownAuthorization(call: AccountCall, id: string): Authorization {
  const found = authorizationById(call.store, id, call.nowMs());
  if (found === undefined || found.profile !== call.profile) throw notFound();
  if (found.accountId !== call.account.id) {
    throw unauthorized("account does not own this resource");
  }
  return found;
}

/** With its state at `nowMs`: a pending one past its time has expired, swept or not. */
function authorizationById(store: Store, id: string, nowMs: number): Authorization | undefined {
  const row = store.get<Row>(
    `SELECT a.*, o.account_id, o.profile FROM acme_authorizations a
     JOIN acme_orders o ON o.id = a.order_id WHERE a.id = ?`,
    id,
  );
  return row && {
    id: row.id,
    orderId: row.order_id,
    accountId: row.account_id,
    profile: row.profile,
    name: row.name,
    wildcard: row.wildcard === 1,
    status: row.status === "pending" && row.expires_ms <= nowMs ? "expired" : row.status,
    expiresMs: row.expires_ms,
  };
}

export function setAuthorizationStatus(
  store: Store,
  id: string,
  status: AuthorizationStatus,
): void {
  store.run("UPDATE acme_authorizations SET status = ? WHERE id = ?", status, id);
}

function answer(call: AccountCall, authorization: Authorization): LabResponse {
  const { name, status, expiresMs, wildcard } = authorization;
  const challenges = challengesOf(call.store, authorization.id);
  return json(200, {
    identifier: identifierOf(name),
    status,
    expires: new Date(expiresMs).toISOString(),
    challenges: shown(challenges, status).map((challenge) => challengeDocument(call, challenge)),
    ...(wildcard && { wildcard }),
  }, pollHeaders(call, status));
}

/** Section 7.1.4: all of them while pending, afterwards the one that decided. */
function shown(
  challenges: readonly Challenge[],
  status: AuthorizationStatus,
): readonly Challenge[] {
  if (status === "pending") return challenges;
  const decided = challenges.filter((challenge) => challenge.status === status);
  return decided.length > 0 ? decided : challenges;
}

interface Row {
  readonly id: string;
  readonly order_id: string;
  readonly account_id: string;
  readonly profile: string;
  readonly name: string;
  readonly wildcard: number;
  readonly status: AuthorizationStatus;
  readonly expires_ms: number;
}
