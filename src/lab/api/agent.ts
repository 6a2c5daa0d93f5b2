/** An agent: its row, its heartbeat, and the work that waits for it (`internal/service/agent.go`). */
import type { AsShipped } from "../as_shipped.ts";
import type { Store } from "../store.ts";
import { readCertificate } from "./certificate.ts";
import { type Job, setJobStatus } from "./job.ts";
import { maskedConfig, readTarget } from "./target.ts";

export interface Agent {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly status: "Online" | "Offline";
  readonly last_heartbeat_at: string;
  readonly registered_at: string;
  readonly os: string;
  readonly architecture: string;
  readonly ip_address: string;
  readonly version: string;
  readonly retired_at?: string;
}

type Described = Omit<Agent, "status" | "last_heartbeat_at" | "retired_at">;

interface Row {
  readonly heartbeat_ms: number;
  readonly retired_at: string | null;
  readonly document: string;
}

/** Silence after which an agent is taken for offline. */
const SILENCE_MS = 120_000;
const COLUMNS = "heartbeat_ms, retired_at, document";

let registered = 0;

/** Throws when the name is taken. */
export function registerAgent(
  store: Store,
  given: Partial<Described> & { readonly name: string; readonly hostname: string },
): Agent {
  const now = new Date();
  const described: Described = {
    id: given.id ?? `agent-${now.getTime()}000000-${++registered}`,
    name: given.name,
    hostname: given.hostname,
    registered_at: now.toISOString(),
    os: given.os ?? "",
    architecture: given.architecture ?? "",
    ip_address: given.ip_address ?? "",
    version: given.version ?? "",
  };
  const sql = "INSERT INTO agents (id, name, heartbeat_ms, document) VALUES (?, ?, ?, ?)";
  store.run(sql, described.id, described.name, now.getTime(), JSON.stringify(described));
  return readAgent(store, described.id)!;
}

export function readAgent(store: Store, id: string): Agent | undefined {
  const row = store.get<Row>(`SELECT ${COLUMNS} FROM agents WHERE id = ?`, id);
  return row && agentOf(row);
}

/** In the order in which they came. */
export function listAgents(store: Store, { retired = false } = {}): Agent[] {
  const which = retired ? "IS NOT NULL" : "IS NULL";
  return store.all<Row>(
    `SELECT ${COLUMNS} FROM agents WHERE retired_at ${which} ORDER BY sequence`,
  ).map(agentOf);
}

export function countAgents(store: Store): { readonly total: number; readonly online: number } {
  return store.get<{ total: number; online: number }>(
    `SELECT count(*) AS total, coalesce(sum(heartbeat_ms >= ?), 0) AS online FROM agents
     WHERE retired_at IS NULL`,
    Date.now() - SILENCE_MS,
  )!;
}

function agentOf({ document, heartbeat_ms, retired_at }: Row): Agent {
  const { id, name, hostname, registered_at, ...rest } = JSON.parse(document) as Described;
  return {
    id,
    name,
    hostname,
    status: Date.now() - heartbeat_ms > SILENCE_MS ? "Offline" : "Online",
    last_heartbeat_at: new Date(heartbeat_ms).toISOString(),
    registered_at,
    ...rest,
    ...(retired_at !== null && { retired_at }),
  };
}

/** What an agent says of itself replaces what was known, where it is not empty. */
export function heartbeat(
  store: Store,
  id: string,
  said: Partial<Described>,
): "recorded" | "unknown" | "retired" {
  const sql = `SELECT ${COLUMNS} FROM agents WHERE id = ?`;
  const row = store.get<Row>(sql, id);
  if (row === undefined) return "unknown";
  if (row.retired_at !== null) return "retired";
  const known = JSON.parse(row.document) as Described;
  const news = Object.entries(said).filter(([name, value]) =>
    value && value !== known[name as keyof Described]
  );
  const document = news.length > 0
    ? JSON.stringify({ ...known, ...Object.fromEntries(news) })
    : row.document;
  const update = "UPDATE agents SET heartbeat_ms = ?, document = ? WHERE id = ?";
  store.run(update, Date.now(), document, id);
  return "recorded";
}

export interface WorkItem {
  readonly id: string;
  readonly type: string;
  readonly certificate_id: string;
  readonly common_name?: string;
  readonly sans?: readonly string[];
  readonly target_id?: string;
  readonly target_type?: string;
  readonly target_config?: unknown;
  readonly status: string;
}

/**
 * Deployments that wait for the agent, which thereby are Running, and renewals that wait for a request of whoever has
 * one of the certificate's targets. Undefined where nobody knows the agent.
 */
export function takeWork(
  store: Store,
  agentId: string,
  asShipped: AsShipped,
): WorkItem[] | undefined {
  if (store.get("SELECT 1 FROM agents WHERE id = ?", agentId) === undefined) return undefined;
  const timesLost = asShipped.has("job_times_lost");
  return store.transaction(() => {
    const deployments = jobs(store, DEPLOYMENTS, agentId)
      .map((job) => setJobStatus(store, job, "Running", { timesLost }));
    const owns = store.get("SELECT 1 FROM targets WHERE agent_id = ?", agentId) !== undefined;
    const renewals = owns ? jobs(store, RENEWALS, agentId) : [];
    return [...deployments, ...renewals].map((job) => workItem(store, job, asShipped));
  });
}

const DEPLOYMENTS =
  "SELECT document FROM jobs WHERE agent_id = ? AND status = 'Pending' AND type = 'Deployment' " +
  "ORDER BY sequence";
/** From the jobs that wait, which are few, to their targets: the `+` keeps SQLite from starting at the targets. */
const RENEWALS = `SELECT j.document FROM jobs j WHERE j.status = 'AwaitingCSR' AND EXISTS (
  SELECT 1 FROM mappings m JOIN targets t ON t.id = m.target_id
  WHERE m.certificate_id = j.certificate_id AND +t.agent_id = ?) ORDER BY j.sequence`;

function jobs(store: Store, sql: string, agentId: string): Job[] {
  return store.all<{ document: string }>(sql, agentId).map((row) => JSON.parse(row.document));
}

function workItem(store: Store, job: Job, asShipped: AsShipped): WorkItem {
  const target = job.target_id === undefined ? undefined : readTarget(store, job.target_id);
  const certificate = job.status === "AwaitingCSR"
    ? readCertificate(store, job.certificate_id)
    : undefined;
  return {
    id: job.id,
    type: job.type,
    certificate_id: job.certificate_id,
    ...(certificate && { common_name: certificate.common_name }),
    ...(certificate?.sans && certificate.sans.length > 0 && { sans: certificate.sans }),
    ...(job.target_id !== undefined && { target_id: job.target_id }),
    ...(target && {
      target_type: target.type,
      target_config: asShipped.has("config_redacted") ? maskedConfig(target.config) : target.config,
    }),
    status: job.status,
  };
}
