/** Handlers of /api/v1/agents (`internal/api/handler/agents.go`). */
import { json, type LabRequest, type LabResponse } from "../http/message.ts";
import type { Parameters, Router } from "../http/router.ts";
import { heartbeat, listAgents, readAgent, registerAgent, takeWork } from "./agent.ts";
import { bodyObject, type Call, failure, text } from "./context.ts";
import { reportJob } from "./deployment.ts";
import { submitRequest } from "./issuance.ts";
import { pageOfAll } from "./listing.ts";
import { retire } from "./retirement.ts";
import { latestVersion } from "./version.ts";

const AGENTS = "/api/v1/agents";
const AGENT = `${AGENTS}/{id}`;
const NAME_LENGTH = 128;

export function addAgentRoutes(router: Router<Call>): void {
  router
    .add("GET", AGENTS, ({ query }, _, { store }) => pageOfAll(query, listAgents(store)))
    .add("POST", AGENTS, register)
    .add(
      "GET",
      `${AGENTS}/retired`,
      ({ query }, _, { store }) => pageOfAll(query, listAgents(store, { retired: true })),
    )
    .add("GET", AGENT, read)
    .add("DELETE", AGENT, retire)
    .add("POST", `${AGENT}/heartbeat`, beat)
    .add("GET", `${AGENT}/work`, work)
    .add("POST", `${AGENT}/csr`, csr)
    .add("GET", `${AGENT}/certificates/{certificate}`, certificate)
    .add("POST", `${AGENT}/jobs/{job}/status`, report);
}

const DESCRIPTION = ["version", "hostname", "os", "architecture", "ip_address"] as const;

function described(body: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(DESCRIPTION.map((name) => [name, text(body[name])]));
}

async function register(request: LabRequest, _: Parameters, call: Call): Promise<LabResponse> {
  const body = await bodyObject(request);
  if (body === undefined) return failure(call, 400, "Invalid request body");
  const [name, hostname] = [text(body["name"]), text(body["hostname"])];
  if (name === "") return failure(call, 400, "name is required");
  if (name.length > NAME_LENGTH) {
    return failure(call, 400, `name must be ${NAME_LENGTH} characters or fewer`);
  }
  if (hostname === "") return failure(call, 400, "hostname is required");
  try {
    return json(201, registerAgent(call.store, { ...described(body), name, hostname }));
  } catch {
    return failure(call, 409, "Agent with this name already exists");
  }
}

function read(_: LabRequest, { id }: Parameters, call: Call): LabResponse {
  const agent = readAgent(call.store, id!);
  return agent ? json(200, agent) : failure(call, 404, "Agent not found");
}

/** A body that is no JSON is as good as none. */
async function beat(request: LabRequest, { id }: Parameters, call: Call): Promise<LabResponse> {
  switch (heartbeat(call.store, id!, described(await bodyObject(request) ?? {}))) {
    case "recorded":
      return json(200, { status: "heartbeat_recorded" });
    case "retired":
      return failure(call, 410, "Agent has been retired");
    case "unknown":
      return failure(call, 404, "Agent not found");
  }
}

function work(_: LabRequest, { id }: Parameters, call: Call): LabResponse {
  const { store, asShipped } = call;
  const jobs = asShipped.has("work_500") ? undefined : takeWork(store, id!, asShipped);
  return jobs
    ? json(200, { count: jobs.length, jobs })
    : failure(call, 500, "Failed to get pending work");
}

const REQUEST_START = "-----BEGIN CERTIFICATE REQUEST-----";

async function csr(request: LabRequest, { id }: Parameters, call: Call): Promise<LabResponse> {
  const body = await bodyObject(request);
  if (body === undefined) return failure(call, 400, "Invalid request body");
  const [csrPem, certificateId] = [text(body["csr_pem"]), text(body["certificate_id"])];
  if (csrPem === "") return failure(call, 400, "csr_pem is required");
  if (!csrPem.trim().startsWith(REQUEST_START)) {
    return failure(call, 400, "csr_pem must be a valid PEM-encoded certificate request");
  }
  const known = readAgent(call.store, id!) !== undefined;
  if (known && certificateId === "") return json(202, { status: "csr_accepted" });
  if (!known || !await submitRequest(call, certificateId, csrPem)) {
    return failure(call, 500, "Failed to submit CSR");
  }
  return json(202, { status: "csr_signed" });
}

function certificate(_: LabRequest, parameters: Parameters, call: Call): LabResponse {
  const known = readAgent(call.store, parameters["id"]!) !== undefined;
  const version = known ? latestVersion(call.store, parameters["certificate"]!) : undefined;
  return version
    ? json(200, { certificate_pem: version.pem_chain })
    : failure(call, 404, "Certificate not found or not ready");
}

/** Whatever status is reported is the job's; whose job it is nobody asks. */
async function report(
  request: LabRequest,
  parameters: Parameters,
  call: Call,
): Promise<LabResponse> {
  const body = await bodyObject(request);
  if (body === undefined) return failure(call, 400, "Invalid request body");
  const status = text(body["status"]);
  if (status === "") return failure(call, 400, "Status is required");
  return reportJob(call, parameters["job"]!, status, text(body["error"]))
    ? json(200, { status: "updated" })
    : failure(call, 500, "Failed to update job status");
}
