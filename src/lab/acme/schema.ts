/** Tables of the ACME server. Times are milliseconds since the epoch. */
import type { Store } from "../store.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS acme_nonces (
  nonce TEXT PRIMARY KEY,
  expires_ms REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS acme_nonces_by_expiry ON acme_nonces (expires_ms);
`;

export function createAcmeSchema(store: Store): void {
  store.execute(SCHEMA);
}
