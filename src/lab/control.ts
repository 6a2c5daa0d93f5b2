/**
 * The lab's own endpoint, over plain HTTP on a port of its own: faults are set here, and counts are read. Whoever is on
 * this host may do so, but not a page that somebody's browser shows.
 */
import { z } from "zod";
import { isIpAddress } from "../identifier.ts";
import type { Deployments } from "./deployments.ts";
import { FAULTS_SCHEMA } from "./faults_schema.ts";
import type { Faults } from "./faults.ts";
import { type Handler, json, type LabRequest, type LabResponse } from "./http/message.ts";
import { Router } from "./http/router.ts";

interface Controlled {
  faults(): Faults;
  setFaults(faults: Faults): Promise<void>;
  counts(): unknown;
  readonly scheduler: unknown;
  readonly deployments: Pick<Deployments, "install" | "records">;
}

const BODY_LIMIT_BYTES = 64 * 1024;

export function controlHandler(lab: Controlled): Handler {
  const router = new Router<Controlled>()
    .add("GET", "/lab/faults", () => json(200, lab.faults()))
    .add("POST", "/lab/faults", (request) => setFaults(request, lab))
    .add("GET", "/lab/counts", () => json(200, lab.counts()))
    .add("GET", "/lab/scheduler", () => json(200, lab.scheduler))
    .add("GET", "/lab/deployments", () => json(200, { deployments: lab.deployments.records }))
    .add(
      "PUT",
      "/lab/targets/{name}/certificate",
      (request, { name }) => install(request, name!, lab),
    );
  return (request) => {
    const complaint = browserComplaint(request);
    return complaint === undefined
      ? router.handle(request, lab)
      : json(403, { error: `Refused: ${complaint}` });
  };
}

/** Why this may be the request of a page of another origin, by its own name (DNS rebinding) or by its origin. */
function browserComplaint(request: LabRequest): string | undefined {
  const host = URL.parse(`http://${request.header("host") ?? ""}`)?.hostname ?? "";
  if (host !== "localhost" && !isIpAddress(host.replace(/^\[|\]$/g, ""))) {
    return "the Host must be an address or localhost";
  }
  if (request.header("origin") !== undefined) return "a request with Origin is a browser's";
  const site = request.header("sec-fetch-site") ?? "none";
  return site === "none" || site === "same-origin"
    ? undefined
    : `a request with Sec-Fetch-Site ${JSON.stringify(site)} is another page's`;
}

async function setFaults(request: LabRequest, lab: Controlled): Promise<LabResponse> {
  return await withBody(request, "set faults", FAULTS_SCHEMA, async (faults) => {
    await lab.setFaults(faults);
    return json(200, lab.faults());
  });
}

const CERTIFICATE_SCHEMA = z.strictObject({ certificate_pem: z.string(), key_pem: z.string() });

/** From now on the target serves it, to new connections. */
async function install(request: LabRequest, name: string, lab: Controlled): Promise<LabResponse> {
  const what = `install a certificate on ${name}`;
  return await withBody(request, what, CERTIFICATE_SCHEMA, (body) => {
    const pair = { certificatePem: body.certificate_pem, keyPem: body.key_pem };
    const installed = lab.deployments.install(name, pair, { by: "control" });
    if (typeof installed === "string") return json(400, { error: `Cannot ${what}: ${installed}` });
    return json(200, { target: name, fingerprint_sha256: installed.fingerprint });
  });
}

async function withBody<T>(
  request: LabRequest,
  what: string,
  schema: z.ZodType<T>,
  act: (body: T) => LabResponse | Promise<LabResponse>,
): Promise<LabResponse> {
  const refuse = (status: number, why: string): LabResponse =>
    json(status, { error: `Cannot ${what}${why}` });
  const type = request.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    const seen = JSON.stringify(type ?? "none");
    return refuse(415, `: Content-Type must be application/json, it is ${seen}`);
  }
  const body = await request.body(BODY_LIMIT_BYTES);
  let given: unknown;
  try {
    given = JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    return refuse(400, ` as the body is no JSON: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return await act(parsed.data);
  const issues = parsed.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join(".")}: ${message}` : message
  );
  return refuse(400, `: ${issues.join("; ")}`);
}
