/** Handlers of /api/v1/targets (`internal/api/handler/targets.go`). */
import { json, type LabRequest, type LabResponse } from "../http/message.ts";
import type { Parameters, Router } from "../http/router.ts";
import { readAgent } from "./agent.ts";
import { bodyObject, type Call, failure, type JsonObject, text } from "./context.ts";
import { pageAnswer, pageOf } from "./listing.ts";
import {
  addTarget,
  deleteTarget,
  type DeploymentTarget,
  listTargets,
  readTarget,
  shownTarget,
  TARGET_TYPES,
  updateTarget,
} from "./target.ts";

const TARGETS = "/api/v1/targets";
const TARGET = `${TARGETS}/{id}`;
const NAME_LENGTH = 255;

export function addTargetRoutes(router: Router<Call>): void {
  router
    .add("GET", TARGETS, list)
    .add("POST", TARGETS, create)
    .add("GET", TARGET, read)
    .add("PUT", TARGET, update)
    .add("DELETE", TARGET, remove)
    .add("POST", `${TARGET}/test`, test);
}

/** All of them, whatever page is asked for. */
function list({ query }: LabRequest, _: Parameters, { store }: Call): LabResponse {
  const targets = listTargets(store).map(shownTarget);
  const data = targets.length > 0 ? JSON.stringify(targets) : "null";
  return pageAnswer(data, targets.length, pageOf(query));
}

async function create(request: LabRequest, _: Parameters, call: Call): Promise<LabResponse> {
  const body = await bodyObject(request);
  if (body === undefined) return failure(call, 400, "Invalid request body");
  const fields = fieldsOf(body);
  const { name = "", type = "", agent_id = "" } = fields;
  if (name === "") return failure(call, 400, "name is required");
  if (name.length > NAME_LENGTH) {
    return failure(call, 400, `name must be ${NAME_LENGTH} characters or fewer`);
  }
  if (type === "") return failure(call, 400, "type is required");
  if (agent_id === "") return failure(call, 400, "agent_id is required");
  if (!(TARGET_TYPES as readonly string[]).includes(type)) {
    return failure(call, 500, "Failed to create target");
  }
  const agent = readAgent(call.store, agent_id);
  if (agent === undefined) {
    return failure(call, 400, `referenced agent does not exist: ${agent_id}`);
  }
  if (agent.retired_at !== undefined) {
    return failure(call, 400, `referenced agent does not exist: ${agent_id} (retired)`);
  }
  try {
    return json(201, shownTarget(addTarget(call.store, { ...fields, name, type, agent_id })));
  } catch {
    return failure(call, 500, "Failed to create target");
  }
}

function fieldsOf(body: JsonObject): Partial<DeploymentTarget> {
  const texts = ["id", "name", "type", "agent_id"] as const;
  const given = texts.filter((name) => text(body[name]) !== "");
  return {
    ...Object.fromEntries(given.map((name) => [name, body[name]])),
    ...(body["config"] != null && { config: body["config"] }),
  };
}

function read(_: LabRequest, { id }: Parameters, call: Call): LabResponse {
  const target = readTarget(call.store, id!);
  return target ? json(200, shownTarget(target)) : failure(call, 404, "Target not found");
}

async function update(request: LabRequest, { id }: Parameters, call: Call): Promise<LabResponse> {
  const body = await bodyObject(request);
  if (body === undefined) return failure(call, 400, "Invalid request body");
  const target = readTarget(call.store, id!);
  try {
    if (target === undefined) throw new Error("no such target");
    return json(200, shownTarget(updateTarget(call.store, target, { ...fieldsOf(body), id: id! })));
  } catch {
    return failure(call, 500, "Failed to update target");
  }
}

function remove(_: LabRequest, { id }: Parameters, call: Call): LabResponse {
  return deleteTarget(call.store, id!)
    ? { status: 204, headers: {}, body: "" }
    : failure(call, 500, "Failed to delete target");
}

/** Whether the target's agent has been heard lately: a failure is an answer of 200. */
function test(_: LabRequest, { id }: Parameters, call: Call): LabResponse {
  const target = readTarget(call.store, id!);
  const agent = target && readAgent(call.store, target.agent_id);
  const problem = target === undefined || agent === undefined
    ? "target not found: not found"
    : agent.retired_at !== undefined
    ? `assigned agent ${agent.id} is retired`
    : agent.status !== "Online"
    ? `assigned agent ${agent.id} is ${agent.status} (expected Online)`
    : undefined;
  if (target !== undefined) {
    const test_status = problem === undefined ? "success" : "failed";
    updateTarget(call.store, target, { test_status, last_tested_at: new Date().toISOString() });
  }
  return json(
    200,
    problem === undefined
      ? { status: "success", message: "Agent is online and reachable" }
      : { status: "failed", message: problem },
  );
}
