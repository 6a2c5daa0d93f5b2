/** Teams, owners and profiles: what a certificate refers to. Made and read, no more. */
import { json, jsonText, type LabRequest, type LabResponse } from "../http/message.ts";
import type { Parameters, Router } from "../http/router.ts";
import { bodyText, type Call, failure } from "./context.ts";
import type { ReferenceTable } from "./schema.ts";

const PATHS: Readonly<Partial<Record<ReferenceTable, string>>> = {
  teams: "/api/v1/teams",
  owners: "/api/v1/owners",
  certificate_profiles: "/api/v1/profiles",
};

export function addReferenceRoutes(router: Router<Call>): void {
  for (const [table, path] of Object.entries(PATHS) as [ReferenceTable, string][]) {
    router
      .add("POST", path, (request, _, call) => create(request, table, call))
      .add("GET", `${path}/{id}`, (_, parameters, call) => read(table, parameters, call));
  }
}

async function create(
  request: LabRequest,
  table: ReferenceTable,
  call: Call,
): Promise<LabResponse> {
  let given: unknown;
  try {
    given = JSON.parse(await bodyText(request) ?? "");
  } catch {
    return failure(call, 400, "Invalid request body");
  }
  const { id, name } = (given ?? {}) as { id?: unknown; name?: unknown };
  if (typeof name !== "string" || name === "") return failure(call, 400, "name is required");
  const now = new Date().toISOString();
  const own = typeof id === "string" && id !== "" ? id : `${table}-${crypto.randomUUID()}`;
  const document = { ...given as object, id: own, created_at: now, updated_at: now };
  try {
    const sql = `INSERT INTO ${table} (id, document) VALUES (?, ?)`;
    call.store.run(sql, own, JSON.stringify(document));
  } catch {
    return failure(call, 500, `Failed to create ${table.replace(/s$/, "").replace("_", " ")}`);
  }
  return json(201, document);
}

function read(table: ReferenceTable, { id }: Parameters, call: Call): LabResponse {
  const row = call.store.get<{ document: string }>(
    `SELECT document FROM ${table} WHERE id = ?`,
    id!,
  );
  return row ? jsonText(200, row.document) : failure(call, 404, "Not found");
}
