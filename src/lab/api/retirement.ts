/** DELETE /api/v1/agents/{id}: an agent is retired, not deleted, and not while something depends on it. */
import { json, type LabRequest, type LabResponse } from "../http/message.ts";
import type { Parameters } from "../http/router.ts";
import type { Store } from "../store.ts";
import { readAgent } from "./agent.ts";
import { type Call, failure } from "./context.ts";
import { type Job, setJobStatus } from "./job.ts";

interface Dependencies {
  readonly active_targets: number;
  readonly active_certificates: number;
  readonly pending_jobs: number;
}

const BLOCKED = "Agent has active downstream dependencies. Retire or reassign them first, or " +
  "re-run with ?force=true&reason=... to cascade.";

export function retire({ query }: LabRequest, { id }: Parameters, call: Call): LabResponse {
  const { store } = call;
  const force = ["1", "t", "T", "true", "TRUE", "True"].includes(query.get("force") ?? "");
  if (force && !query.get("reason")) {
    return failure(call, 400, "force=true requires a non-empty reason");
  }
  const agent = readAgent(store, id!);
  if (agent === undefined) return failure(call, 404, "Agent not found");
  if (agent.retired_at !== undefined) return { status: 204, headers: {}, body: "" };
  const counts = dependencies(store, id!);
  const blocked = Object.values(counts).some((count) => count > 0);
  if (blocked && !force) {
    return json(409, { error: "blocked_by_dependencies", message: BLOCKED, counts });
  }
  const retired_at = new Date().toISOString();
  store.transaction(() => {
    for (const job of openJobs(store, id!)) {
      setJobStatus(store, job, "Cancelled", { error: "agent retired" });
    }
    store.run("DELETE FROM targets WHERE agent_id = ?", id!);
    store.run("UPDATE agents SET retired_at = ? WHERE id = ?", retired_at, id!);
  });
  return json(200, { retired_at, already_retired: false, cascade: force, counts });
}

function dependencies(store: Store, agentId: string): Dependencies {
  const count = (sql: string): number => store.get<{ n: number }>(sql, agentId)!.n;
  return {
    active_targets: count("SELECT count(*) AS n FROM targets WHERE agent_id = ?"),
    active_certificates: count(
      `SELECT count(DISTINCT m.certificate_id) AS n FROM mappings m
       JOIN targets t ON t.id = m.target_id WHERE t.agent_id = ?`,
    ),
    pending_jobs: openJobs(store, agentId).length,
  };
}

function openJobs(store: Store, agentId: string): Job[] {
  return store.all<{ document: string }>(
    `SELECT document FROM jobs WHERE agent_id = ?
     AND status IN ('Pending', 'AwaitingCSR', 'AwaitingApproval', 'Running')`,
    agentId,
  ).map((row) => JSON.parse(row.document));
}
