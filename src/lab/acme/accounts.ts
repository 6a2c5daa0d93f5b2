/** Accounts (RFC 8555 section 7.3): one for each key and profile. */
import { json, type LabResponse } from "../http/message.ts";
import type { Store } from "../store.ts";
import type { AccountCall, Call, KeyCall } from "./call.ts";
import { checkExternalAccount } from "./external_account.ts";
import { newId } from "./id.ts";
import { type PublicJwk, thumbprint } from "./jws.ts";
import { malformed, Problem, unauthorized } from "./problem.ts";

export interface Account {
  readonly id: string;
  readonly profile: string;
  readonly jwk: PublicJwk;
  readonly thumbprint: string;
  readonly status: "valid" | "deactivated";
  readonly contact: readonly string[];
}

const MAX_CONTACTS = 10;

/** POST new-account (section 7.3.1): makes an account, or finds the one that the key has. */
export async function newAccount(call: KeyCall): Promise<LabResponse> {
  const { store, profile, jwk, payload = {}, metrics } = call;
  const print = await thumbprint(jwk);
  const existing = accountByKey(store, profile, print);
  if (existing !== undefined) {
    requireValid(existing);
    metrics.add("acme_new_account_idempotent");
    return accountAnswer(call, existing, 200);
  }
  if (payload["onlyReturnExisting"] === true) {
    throw new Problem(
      "accountDoesNotExist",
      400,
      "no account exists for this key, and onlyReturnExisting is set",
    );
  }
  requireTerms(call);
  const contact = contactOf(payload["contact"]) ?? [];
  await checkExternalAccount(call);
  const account: Account = {
    id: newId("acme-acc"),
    profile,
    jwk,
    thumbprint: print,
    status: "valid",
    contact,
  };
  // Another request with this key may have come first while the binding was looked at.
  const added = store.run(
    `INSERT INTO acme_accounts (id, profile, thumbprint, jwk, status, contact)
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (profile, thumbprint) DO NOTHING`,
    account.id,
    profile,
    print,
    JSON.stringify(jwk),
    account.status,
    JSON.stringify(contact),
  );
  return added === 1 ? accountAnswer(call, account, 201) : accountAnswer(
    call,
    accountByKey(store, profile, print)!,
    200,
  );
}

/** POST account/{account}: reads, updates the contacts, or deactivates (sections 7.3.2 and 7.3.6). */
export function account(call: AccountCall): LabResponse {
  const { store, payload, parameters, account, metrics } = call;
  if (parameters["account"] !== account.id) {
    throw unauthorized("kid does not match the account of the URL");
  }
  const changed = { ...account, ...changesOf(payload) };
  store.run(
    "UPDATE acme_accounts SET contact = ?, status = ? WHERE id = ?",
    JSON.stringify(changed.contact),
    changed.status,
    account.id,
  );
  if (changed.status === "deactivated") metrics.add("acme_deactivate_account");
  return accountAnswer(call, changed, 200);
}

/** POST account/{account}/orders (section 7.1.2.1): the orders that are not invalid, latest first. */
export function accountOrders(call: AccountCall): LabResponse {
  const { store, parameters, account, base } = call;
  if (parameters["account"] !== account.id) {
    throw unauthorized("kid does not match the account of the URL");
  }
  const rows = store.all<{ id: string }>(
    `SELECT id FROM acme_orders WHERE account_id = ? AND status <> 'invalid'
     ORDER BY rowid DESC LIMIT 1000`,
    account.id,
  );
  return json(200, { orders: rows.map(({ id }) => `${base}/order/${id}`) });
}

export function accountUrl({ base }: Pick<Call, "base">, { id }: Pick<Account, "id">): string {
  return `${base}/account/${id}`;
}

/** The account that a `kid` names. Throws `accountDoesNotExist`. */
export function accountByUrl({ store, profile, base }: Call, kid: unknown): Account {
  const prefix = `${base}/account/`;
  const id = typeof kid === "string" && kid.startsWith(prefix) ? kid.slice(prefix.length) : "";
  const row = store.get<Row>(
    "SELECT * FROM acme_accounts WHERE id = ? AND profile = ?",
    id,
    profile,
  );
  if (row === undefined) throw new Problem("accountDoesNotExist", 400, "kid names no account");
  return fromRow(row);
}

export function accountByKey(store: Store, profile: string, print: string): Account | undefined {
  const sql = "SELECT * FROM acme_accounts WHERE profile = ? AND thumbprint = ?";
  const row = store.get<Row>(sql, profile, print);
  return row && fromRow(row);
}

/** Throws `unauthorized` (section 7.3.6). */
export function requireValid({ status }: Account): void {
  if (status !== "valid") throw unauthorized(`the account is ${status}`);
}

function requireTerms({ payload = {}, settings: { termsOfService } }: KeyCall): void {
  if (termsOfService === "" || payload["termsOfServiceAgreed"] === true) return;
  throw new Problem(
    "userActionRequired",
    403,
    `the terms of service at ${termsOfService} have to be agreed to`,
    { headers: { Link: `<${termsOfService}>;rel="terms-of-service"` } },
  );
}

function changesOf(payload: AccountCall["payload"]): Partial<Account> {
  const { contact, status } = payload ?? {};
  if (status !== undefined && status !== "deactivated") {
    throw malformed(`status can only be set to deactivated, not to ${JSON.stringify(status)}`);
  }
  const contacts = contactOf(contact);
  return { ...(contacts && { contact: contacts }), ...(status && { status: "deactivated" }) };
}

/** Throws `unsupportedContact` and `invalidContact` (section 7.3). */
function contactOf(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.length > MAX_CONTACTS) {
    throw malformed(`contact must be an array of at most ${MAX_CONTACTS} URLs`);
  }
  return value.map((contact) => {
    if (typeof contact !== "string" || !contact.startsWith("mailto:")) {
      throw new Problem("unsupportedContact", 400, "contacts must be mailto: URLs");
    }
    if (!/^mailto:[^\s@,?]+@[^\s@,?]+$/.test(contact)) {
      throw new Problem("invalidContact", 400, "a mailto: URL must have exactly one address");
    }
    return contact;
  });
}

export function accountAnswer(call: Call, account: Account, status: number): LabResponse {
  const url = accountUrl(call, account);
  const { contact } = account;
  const document = {
    status: account.status,
    ...(contact.length > 0 && { contact }),
    orders: `${url}/orders`,
  };
  return json(status, document, { Location: url });
}

interface Row {
  readonly id: string;
  readonly profile: string;
  readonly thumbprint: string;
  readonly jwk: string;
  readonly status: Account["status"];
  readonly contact: string;
}

function fromRow(row: Row): Account {
  return { ...row, jwk: JSON.parse(row.jwk), contact: JSON.parse(row.contact) };
}
