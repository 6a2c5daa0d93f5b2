/**
 * The lab's own endpoint, over plain HTTP on a port of its own: faults are set here, and counts are read. Whoever is on
 * this host may do so, but not a page that somebody's browser shows.
 */
import { isIpAddress } from "../identifier.ts";
import { FAULTS_SCHEMA } from "./faults_schema.ts";
import type { Faults } from "./faults.ts";
import { type Handler, json, type LabRequest, type LabResponse } from "./http/message.ts";
import { Router } from "./http/router.ts";

interface Controlled {
  faults(): Faults;
  setFaults(faults: Faults): Promise<void>;
  counts(): unknown;
}

const BODY_LIMIT_BYTES = 64 * 1024;

export function controlHandler(lab: Controlled): Handler {
  const router = new Router<Controlled>()
    .add("GET", "/lab/faults", () => json(200, lab.faults()))
    .add("POST", "/lab/faults", (request) => setFaults(request, lab))
    .add("GET", "/lab/counts", () => json(200, lab.counts()));
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
  const type = request.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    const seen = JSON.stringify(type ?? "none");
    return json(415, {
      error: `Cannot set faults: Content-Type must be application/json, it is ${seen}`,
    });
  }
  const body = await request.body(BODY_LIMIT_BYTES);
  let given: unknown;
  try {
    given = JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    return json(400, {
      error: `Cannot set faults as the body is no JSON: ${(error as Error).message}`,
    });
  }
  const parsed = FAULTS_SCHEMA.safeParse(given);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) =>
      path.length > 0 ? `${path.join(".")}: ${message}` : message
    );
    return json(400, { error: `Cannot set faults: ${issues.join("; ")}` });
  }
  await lab.setFaults(parsed.data);
  return json(200, lab.faults());
}
