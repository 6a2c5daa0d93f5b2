/**
 * Tables of the ACME server. Times are milliseconds since the epoch. A certificate issued is also a row of the API's
 * `certificates` (whose status says whether it is revoked) and of its `versions`.
 */
import type { Store } from "../store.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS acme_nonces (
  nonce TEXT PRIMARY KEY,
  expires_ms REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS acme_nonces_by_expiry ON acme_nonces (expires_ms);

CREATE TABLE IF NOT EXISTS acme_accounts (
  id TEXT PRIMARY KEY,
  profile TEXT NOT NULL,
  thumbprint TEXT NOT NULL,
  jwk TEXT NOT NULL,
  status TEXT NOT NULL,
  contact TEXT NOT NULL,
  UNIQUE (profile, thumbprint)
) STRICT;

CREATE TABLE IF NOT EXISTS acme_orders (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES acme_accounts(id),
  profile TEXT NOT NULL,
  status TEXT NOT NULL,
  expires_ms REAL NOT NULL,
  identifiers TEXT NOT NULL,
  not_before_ms REAL,
  not_after_ms REAL,
  replaces TEXT,
  error TEXT,
  certificate_id TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS acme_orders_by_account ON acme_orders (account_id);
CREATE INDEX IF NOT EXISTS acme_orders_open ON acme_orders (expires_ms)
  WHERE status IN ('pending', 'ready', 'processing');
CREATE INDEX IF NOT EXISTS acme_orders_open_by_account ON acme_orders (account_id, expires_ms)
  WHERE status IN ('pending', 'ready', 'processing');
CREATE UNIQUE INDEX IF NOT EXISTS acme_orders_replacing ON acme_orders (replaces)
  WHERE replaces IS NOT NULL AND status <> 'invalid';

CREATE TABLE IF NOT EXISTS acme_authorizations (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL REFERENCES acme_orders(id),
  name TEXT NOT NULL,
  wildcard INTEGER NOT NULL,
  status TEXT NOT NULL,
  expires_ms REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS acme_authorizations_by_order ON acme_authorizations (order_id);
CREATE INDEX IF NOT EXISTS acme_authorizations_pending ON acme_authorizations (expires_ms)
  WHERE status = 'pending';

CREATE TABLE IF NOT EXISTS acme_challenges (
  id TEXT PRIMARY KEY,
  authorization_id TEXT NOT NULL REFERENCES acme_authorizations(id),
  type TEXT NOT NULL,
  token TEXT NOT NULL,
  status TEXT NOT NULL,
  validated_ms REAL,
  error TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS acme_challenges_by_authorization ON acme_challenges (authorization_id);

CREATE TABLE IF NOT EXISTS acme_certificates (
  id TEXT PRIMARY KEY REFERENCES certificates(id),
  account_id TEXT NOT NULL REFERENCES acme_accounts(id),
  serial TEXT NOT NULL UNIQUE,
  der BLOB NOT NULL,
  public_key BLOB NOT NULL,
  names TEXT NOT NULL,
  not_before_ms REAL NOT NULL,
  not_after_ms REAL NOT NULL
) STRICT;
`;

/** Challenges that were being validated when the server ended may be responded to again. */
const RESUME = "UPDATE acme_challenges SET status = 'pending' WHERE status = 'processing'";

export function createAcmeSchema(store: Store): void {
  store.execute(SCHEMA);
  store.execute(RESUME);
}
