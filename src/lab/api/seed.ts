/**
 * Rows that are there from the start. certctl's own seed is one renewal policy; its demo seed
 * (CERTCTL_DEMO_SEED=true) has what the load scripts refer to (o-alice, t-platform, iss-local, rp-standard).
 */
import type { Store } from "../store.ts";
import { CERTCTL_TYPE, kindOf, type TargetName } from "../target_name.ts";
import { readAgent, registerAgent } from "./agent.ts";
import { createCertificate, zeroCertificate } from "./certificate.ts";
import type { ReferenceTable } from "./schema.ts";
import { addTarget, readTarget, updateTarget } from "./target.ts";

const DEMO: Readonly<Record<ReferenceTable, readonly string[]>> = {
  teams: ["t-platform", "t-security", "t-payments", "t-frontend", "t-data", "t-devops"],
  owners: ["o-alice", "o-bob", "o-carol", "o-dave", "o-eve", "o-frank"],
  issuers: ["iss-acme-le", "iss-stepca", "iss-acme-zs", "iss-vault", "iss-digicert", "iss-sectigo"],
  renewal_policies: ["rp-standard", "rp-urgent", "rp-manual"],
  certificate_profiles: [
    "prof-standard-tls",
    "prof-internal-mtls",
    "prof-short-lived",
    "prof-high-security",
    "prof-smime",
  ],
};
const DEMO_CERTIFICATES = 32;
const LIFETIME_MS = 90 * 24 * 60 * 60 * 1000;

/** The agent that the lab's targets belong to where none of the lab's own goes for them. */
export const AGENT_ID = "ag-lt";

/** A TLS target of the lab as a deployment target; its id is `tgt-` and its name. */
export interface SeedTarget {
  /** `nginx-2`. */
  readonly target: TargetName;
  readonly agentId: string;
}

export interface SeedOptions {
  readonly demo: boolean;
  readonly targets: readonly SeedTarget[];
  /** Ids of the lab's own agents. */
  readonly agents: readonly string[];
  /** Profiles of the ACME server. */
  readonly profiles: readonly string[];
}

/** Rows that are there already stay as they are, as with certctl's seeds. */
export function seed(store: Store, { demo, profiles, targets, agents }: SeedOptions): void {
  store.transaction(() => {
    addReference(store, "renewal_policies", { id: "rp-default", name: "rp-default" });
    addReference(store, "issuers", { id: "iss-local", name: "Local CA", type: "GenericCA" });
    for (const id of profiles) addReference(store, "certificate_profiles", { id, name: id });
    if (demo) seedDemo(store);
    for (const id of agents) seedAgent(store, id);
    for (const each of targets) seedTarget(store, each);
  });
}

function seedAgent(store: Store, id: string): void {
  if (readAgent(store, id) === undefined) {
    registerAgent(store, { id, name: id, hostname: "localhost" });
  }
}

function seedTarget(store: Store, { target, agentId }: SeedTarget): void {
  seedAgent(store, agentId);
  const name = `lt-${target}`;
  const known = readTarget(store, `tgt-${name}`);
  if (known !== undefined) {
    updateTarget(store, known, { agent_id: agentId });
    return;
  }
  addTarget(store, {
    id: `tgt-${name}`,
    name,
    type: CERTCTL_TYPE[kindOf(target)],
    agent_id: agentId,
    config: { lab_target: target },
  });
}

function seedDemo(store: Store): void {
  for (const table of Object.keys(DEMO) as ReferenceTable[]) {
    for (const id of DEMO[table]) addReference(store, table, { id, name: id });
  }
  const known = store.get("SELECT 1 FROM certificates WHERE id = 'mc-demo-1'");
  for (let number = 1; number <= DEMO_CERTIFICATES && known === undefined; number++) {
    const name = `demo-${number}.example.com`;
    createCertificate(store, {
      ...zeroCertificate(),
      id: `mc-demo-${number}`,
      name,
      common_name: name,
      sans: [name],
      environment: number % 2 === 0 ? "staging" : "production",
      owner_id: "o-alice",
      team_id: "t-platform",
      issuer_id: "iss-local",
      renewal_policy_id: "rp-standard",
      status: "Active",
      expires_at: new Date(Date.now() + LIFETIME_MS).toISOString(),
    });
  }
}

function addReference(
  store: Store,
  table: ReferenceTable,
  document: { readonly id: string } & Readonly<Record<string, unknown>>,
): void {
  const sql = `INSERT INTO ${table} (id, document) VALUES (?, ?) ON CONFLICT (id) DO NOTHING`;
  store.run(sql, document.id, JSON.stringify(document));
}
