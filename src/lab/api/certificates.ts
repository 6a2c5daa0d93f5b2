/** Handlers of /api/v1/certificates. Texts and their order are certctl's (`internal/api/handler/certificates.go`). */
import { json, type LabRequest, type LabResponse } from "../http/message.ts";
import type { Parameters, Router } from "../http/router.ts";
import {
  createCertificate,
  decodeCertificate,
  type ManagedCertificate,
  readCertificate,
  updateCertificate,
  zeroCertificate,
} from "./certificate.ts";
import { commonNameProblem } from "./common_name.ts";
import { bodyObject, bodyText, type Call, failure, text } from "./context.ts";
import { addDeployments } from "./deployment.ts";
import { latestFirst, listCertificates } from "./listing.ts";
import { startRenewal } from "./renewal.ts";
import { REVOCATION_REASONS, revokeCertificate } from "./revocation.ts";
import { bindByEnvironment, shownTarget, targetsOf } from "./target.ts";

const CERTIFICATES = "/api/v1/certificates";
const CERTIFICATE = `${CERTIFICATES}/{id}`;

export function addCertificateRoutes(router: Router<Call>): void {
  router
    .add("GET", CERTIFICATES, (request, _, { store }) => listCertificates(store, request))
    .add("POST", CERTIFICATES, create)
    .add("GET", CERTIFICATE, read)
    .add("PUT", CERTIFICATE, update)
    .add("DELETE", CERTIFICATE, archive)
    .add("GET", `${CERTIFICATE}/versions`, versions)
    .add("GET", `${CERTIFICATE}/deployments`, deployments)
    .add("POST", `${CERTIFICATE}/deploy`, deploy)
    .add("POST", `${CERTIFICATE}/renew`, renew)
    .add("POST", `${CERTIFICATE}/revoke`, revoke);
}

const REQUIRED = ["owner_id", "team_id", "issuer_id", "name", "renewal_policy_id"] as const;

async function create(request: LabRequest, _: Parameters, call: Call): Promise<LabResponse> {
  const fields = decodeCertificate(await bodyText(request) ?? "");
  if (fields === undefined) return failure(call, 400, "Invalid request body");
  const certificate = { ...zeroCertificate(), ...fields };
  const problem = commonNameProblem(certificate.common_name) ??
    REQUIRED.filter((name) => certificate[name] === "").map((name) => `${name} is required`)[0];
  if (problem !== undefined) return failure(call, 400, problem);
  try {
    return json(201, insert(call, certificate));
  } catch {
    // A name that is taken and a row that is missing look the same: certctl has no 409 here.
    return failure(call, 500, "Failed to create certificate");
  }
}

function insert({ store, bind }: Call, given: ManagedCertificate): ManagedCertificate {
  return store.transaction(() => {
    const certificate = createCertificate(store, given);
    if (bind) bindByEnvironment(store, certificate.id, certificate.environment);
    return certificate;
  });
}

function read(_: LabRequest, { id }: Parameters, call: Call): LabResponse {
  const certificate = readCertificate(call.store, id!);
  return certificate ? json(200, certificate) : notFound(call);
}

/** Fields that PUT changes when they are not empty. */
const CHANGEABLE: readonly (keyof ManagedCertificate)[] = [
  "name",
  "common_name",
  "sans",
  "environment",
  "owner_id",
  "team_id",
  "issuer_id",
  "status",
  "tags",
  "certificate_profile_id",
];

async function update(request: LabRequest, { id }: Parameters, call: Call): Promise<LabResponse> {
  const fields = decodeCertificate(await bodyText(request) ?? "");
  if (fields === undefined) return failure(call, 400, "Invalid request body");
  const problem = fields.common_name && commonNameProblem(fields.common_name);
  if (problem) return failure(call, 400, problem);
  const certificate = readCertificate(call.store, id!);
  if (certificate === undefined) return notFound(call);
  const changes = CHANGEABLE.filter((name) => fields[name]).map((name) => [name, fields[name]]);
  try {
    return json(200, updateCertificate(call.store, certificate, Object.fromEntries(changes)));
  } catch {
    return failure(call, 500, "Failed to update certificate");
  }
}

function archive(_: LabRequest, { id }: Parameters, call: Call): LabResponse {
  const certificate = readCertificate(call.store, id!);
  if (certificate === undefined) return notFound(call);
  updateCertificate(call.store, certificate, { status: "Archived" });
  return { status: 204, headers: {}, body: "" };
}

function versions({ query }: LabRequest, { id }: Parameters, call: Call): LabResponse {
  const { store } = call;
  if (readCertificate(store, id!) === undefined) return notFound(call);
  return latestFirst(store, query, "versions", { "certificate_id = ?": id! });
}

/** The targets that the certificate is bound to; what became of them it does not say. */
function deployments(_: LabRequest, { id }: Parameters, call: Call): LabResponse {
  if (readCertificate(call.store, id!) === undefined) return notFound(call);
  const data = targetsOf(call.store, id!).map(shownTarget);
  return json(200, { data, total: data.length });
}

/** A body counts where its type says JSON, and then has to be there. */
async function deploy(request: LabRequest, { id }: Parameters, call: Call): Promise<LabResponse> {
  let target = "";
  if (request.header("content-type") === "application/json") {
    const body = await bodyObject(request);
    if (body === undefined) return failure(call, 400, "Invalid request body");
    target = text(body["target_id"]);
  }
  if (readCertificate(call.store, id!) === undefined) {
    return failure(call, 500, "Failed to trigger deployment");
  }
  if (!call.asShipped.has("deploy_noop")) {
    call.store.transaction(() => addDeployments(call, id!, target || undefined));
  }
  return json(202, { status: "deployment_triggered" });
}

async function renew(request: LabRequest, { id }: Parameters, call: Call): Promise<LabResponse> {
  const certificate = readCertificate(call.store, id!);
  if (certificate === undefined) return notFound(call);
  const { status } = certificate;
  if (status === "Archived") return failure(call, 400, "cannot renew archived certificate");
  if (status === "Expired") {
    return failure(call, 400, "cannot renew expired certificate; reissue instead");
  }
  if (status === "RenewalInProgress" && !await isForced(request)) {
    return failure(call, 409, "certificate renewal already in progress");
  }
  call.store.transaction(() => startRenewal(call, certificate));
  return json(202, { status: "renewal_triggered" });
}

async function isForced(request: LabRequest): Promise<boolean> {
  if (["true", "1"].includes(request.query.get("force") ?? "")) return true;
  if (request.header("content-type") !== "application/json") return false;
  return (await bodyObject(request))?.["force"] === true;
}

async function revoke(request: LabRequest, { id }: Parameters, call: Call): Promise<LabResponse> {
  let given: unknown;
  if (request.header("content-type") === "application/json") {
    const body = await bodyObject(request);
    if (body === undefined) return failure(call, 400, "Invalid request body");
    given = body["reason"];
  }
  const certificate = readCertificate(call.store, id!);
  if (certificate === undefined) return notFound(call);
  const reason = typeof given === "string" && given !== "" ? given : "unspecified";
  const problem = revocationProblem(certificate.status, reason);
  if (problem !== undefined) return failure(call, 400, problem);
  if (!revokeCertificate(call.store, certificate, reason)) return notFound(call);
  return json(200, { status: "revoked" });
}

function revocationProblem(status: string, reason: string): string | undefined {
  if (status === "Revoked") return "certificate is already revoked";
  if (status === "Archived") return "cannot revoke archived certificate";
  if (!REVOCATION_REASONS.includes(reason)) return `invalid revocation reason: ${reason}`;
}

function notFound(call: Call): LabResponse {
  return failure(call, 404, "Certificate not found");
}
