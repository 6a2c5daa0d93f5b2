/** Tables of the REST API. The constraints are certctl's: what breaks one is answered with 500 there and here. */
import type { Store } from "../store.ts";

const REFERENCE_TABLES = [
  "teams",
  "owners",
  "issuers",
  "renewal_policies",
  "certificate_profiles",
] as const;
export type ReferenceTable = (typeof REFERENCE_TABLES)[number];

const references = REFERENCE_TABLES.map((table) =>
  `CREATE TABLE IF NOT EXISTS ${table} (id TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;`
);

/** `document` is the object as the API shows it; the columns are what is filtered, sorted and constrained. */
const SCHEMA = `
${references.join("\n")}
CREATE TABLE IF NOT EXISTS certificates (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE CHECK (length(name) <= 255),
  common_name TEXT NOT NULL,
  status TEXT NOT NULL,
  environment TEXT NOT NULL CHECK (length(environment) <= 50),
  owner_id TEXT REFERENCES owners(id),
  team_id TEXT REFERENCES teams(id),
  issuer_id TEXT NOT NULL REFERENCES issuers(id),
  renewal_policy_id TEXT REFERENCES renewal_policies(id),
  certificate_profile_id TEXT REFERENCES certificate_profiles(id),
  expires_at TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  document TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS certificates_by_age ON certificates (created_at, sequence);
CREATE TABLE IF NOT EXISTS versions (
  sequence INTEGER PRIMARY KEY,
  certificate_id TEXT NOT NULL REFERENCES certificates(id),
  serial_number TEXT NOT NULL UNIQUE,
  document TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS versions_by_certificate ON versions (certificate_id, sequence);
CREATE TABLE IF NOT EXISTS jobs (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  certificate_id TEXT NOT NULL REFERENCES certificates(id),
  target_id TEXT,
  agent_id TEXT,
  document TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status, sequence);
CREATE INDEX IF NOT EXISTS jobs_by_type ON jobs (type, sequence);
CREATE INDEX IF NOT EXISTS jobs_by_certificate ON jobs (certificate_id, status);
CREATE INDEX IF NOT EXISTS jobs_by_agent ON jobs (agent_id, status);
CREATE TABLE IF NOT EXISTS agents (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  heartbeat_ms REAL NOT NULL,
  retired_at TEXT,
  document TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS targets (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  agent_id TEXT NOT NULL REFERENCES agents(id),
  config TEXT NOT NULL,
  document TEXT NOT NULL,
  UNIQUE (agent_id, name)
) STRICT;
CREATE INDEX IF NOT EXISTS targets_by_name ON targets (name, sequence);
CREATE TABLE IF NOT EXISTS mappings (
  certificate_id TEXT NOT NULL REFERENCES certificates(id),
  target_id TEXT NOT NULL REFERENCES targets(id) ON DELETE CASCADE,
  PRIMARY KEY (certificate_id, target_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mappings_by_target ON mappings (target_id);
`;

export function createApiSchema(store: Store): void {
  store.execute(SCHEMA);
}
