/** The lab's own endpoint, over plain HTTP on a port of its own: faults are set here, and counts are read. */
import { FAULTS_SCHEMA } from "./faults_schema.ts";
import type { Faults } from "./faults.ts";
import { type Handler, json, type LabRequest, type LabResponse } from "./http/message.ts";
import { Router } from "./http/router.ts";

export interface Controlled {
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
  return (request) => router.handle(request, lab);
}

async function setFaults(request: LabRequest, lab: Controlled): Promise<LabResponse> {
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
