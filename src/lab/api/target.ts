/** A deployment target: its row, and the certificates that are bound to it. */
import type { Store } from "../store.ts";

export const TARGET_TYPES = [
  "NGINX",
  "Apache",
  "HAProxy",
  "F5",
  "IIS",
  "Traefik",
  "Caddy",
  "Envoy",
  "Postfix",
  "Dovecot",
  "SSH",
  "WinCertStore",
  "JavaKeystore",
  "KubernetesSecrets",
  "AWSACM",
  "AzureKeyVault",
] as const;

export interface DeploymentTarget {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly agent_id: string;
  /** As given: secrets and all. */
  readonly config: unknown;
  readonly enabled: boolean;
  readonly last_tested_at?: string;
  readonly test_status: string;
  readonly source: string;
  readonly created_at: string;
  readonly updated_at: string;
}

let created = 0;

/** Throws when the agent has one of that name already, or the id is taken. */
export function addTarget(
  store: Store,
  given:
    & Pick<DeploymentTarget, "name" | "type" | "agent_id">
    & Partial<DeploymentTarget>,
): DeploymentTarget {
  const now = new Date();
  const target: DeploymentTarget = {
    id: given.id || `target-${now.getTime()}000000-${++created}`,
    name: given.name,
    type: given.type,
    agent_id: given.agent_id,
    config: given.config ?? null,
    enabled: true,
    test_status: "untested",
    source: "database",
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
  };
  store.run(
    "INSERT INTO targets (id, name, agent_id, config, document) VALUES (?, ?, ?, ?, ?)",
    target.id,
    target.name,
    target.agent_id,
    JSON.stringify(target.config),
    JSON.stringify(target),
  );
  return target;
}

/** Throws when a constraint is not met. */
export function updateTarget(
  store: Store,
  target: DeploymentTarget,
  changes: Partial<DeploymentTarget>,
): DeploymentTarget {
  const updated = { ...target, ...changes, updated_at: new Date().toISOString() };
  store.run(
    "UPDATE targets SET name = ?, agent_id = ?, config = ?, document = ? WHERE id = ?",
    updated.name,
    updated.agent_id,
    JSON.stringify(updated.config),
    JSON.stringify(updated),
    target.id,
  );
  return updated;
}

export function deleteTarget(store: Store, id: string): boolean {
  return store.run("DELETE FROM targets WHERE id = ?", id) > 0;
}

export function readTarget(store: Store, id: string): DeploymentTarget | undefined {
  const row = store.get<{ document: string }>("SELECT document FROM targets WHERE id = ?", id);
  return row && JSON.parse(row.document);
}

export function listTargets(store: Store): DeploymentTarget[] {
  return targetsWhere(store, "1 = ?", 1);
}

/** The targets that a certificate is bound to. */
export function targetsOf(store: Store, certificateId: string): DeploymentTarget[] {
  const bound = "id IN (SELECT target_id FROM mappings WHERE certificate_id = ?)";
  return targetsWhere(store, bound, certificateId);
}

function targetsWhere(store: Store, where: string, value: string | number): DeploymentTarget[] {
  const sql = `SELECT document FROM targets WHERE ${where} ORDER BY sequence`;
  return store.all<{ document: string }>(sql, value).map((row) => JSON.parse(row.document));
}

const ENVIRONMENT_PREFIX = "lt-deploy-";
const NAME_PREFIX = "lt-";

/**
 * certctl has no API that binds a certificate to a target; its own tests, and load runs, do it in SQL: an environment of
 * `lt-deploy-nginx` binds to the target named `lt-nginx`, to the latest where several agents have one.
 */
export function bindByEnvironment(store: Store, certificateId: string, environment: string): void {
  if (!environment.startsWith(ENVIRONMENT_PREFIX)) return;
  store.run(
    `INSERT INTO mappings (certificate_id, target_id)
     SELECT ?, id FROM targets WHERE name = ? ORDER BY sequence DESC LIMIT 1`,
    certificateId,
    `${NAME_PREFIX}${environment.slice(ENVIRONMENT_PREFIX.length)}`,
  );
}

const SECRET = /password|secret|token|key|hmac|private|credentials/i;

/** What certctl shows of a target's configuration. */
export function maskedConfig(config: unknown): unknown {
  if (typeof config !== "object" || config === null || Array.isArray(config)) return config;
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, SECRET.test(key) ? "********" : value]),
  );
}

/** A target as the API shows it. */
export function shownTarget(target: DeploymentTarget): DeploymentTarget {
  return { ...target, config: maskedConfig(target.config) };
}
