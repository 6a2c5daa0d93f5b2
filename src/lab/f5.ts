/**
 * An F5's management API as far as certctl's mock of one has it: health, a login that gives a token, and transactions. A
 * transaction takes a moment, as it does on a real one; the mock's is completed at once.
 */
import {
  type Handler,
  json,
  type LabRequest,
  type LabResponse,
  plainError,
} from "./http/message.ts";

const LOGIN = "/mgmt/shared/authn/login";
const TOKENS = "/mgmt/shared/authz/tokens/";
const TRANSACTIONS = "/mgmt/tm/transaction";
const TRANSACTION_MS = 100;
const MOST_BODY_BYTES = 64 * 1024;

export function f5Handler(nowMs: () => number): Handler {
  const token = crypto.randomUUID();
  let lastId = 0;
  return async (request): Promise<LabResponse> => {
    const { method, path } = request;
    if (path === "/healthz") return healthy();
    if (path === LOGIN && method === "POST") return await logIn(request, token);
    if (request.header("x-f5-auth-token") !== token) {
      return plainError(401, "missing or invalid X-F5-Auth-Token");
    }
    if (path === TOKENS + token && method === "DELETE") return json(200, { token });
    if (path === TRANSACTIONS && method === "POST") {
      // Numbers, as an F5's are, and the time at which it began: nothing has to be kept.
      lastId = Math.max(Math.floor(nowMs()), lastId + 1);
      return json(200, { transId: lastId, state: "STARTED" });
    }
    const id = Number(path.slice(TRANSACTIONS.length + 1));
    if (!path.startsWith(`${TRANSACTIONS}/`) || !(id > 0 && id <= lastId)) {
      return plainError(404, "404 page not found");
    }
    const state = nowMs() - id >= TRANSACTION_MS ? "COMPLETED" : "VALIDATING";
    return json(200, { transId: id, state });
  };
}

function healthy(): LabResponse {
  return {
    status: 200,
    headers: { "Content-Type": "text/plain; charset=utf-8" },
    body: "ok",
  };
}

async function logIn(request: LabRequest, token: string): Promise<LabResponse> {
  const body = await request.body(MOST_BODY_BYTES);
  const given = body && objectIn(body);
  if (given === undefined) return plainError(400, "invalid request body");
  const { username, password } = given;
  if (!username || !password) return plainError(401, "authentication failed");
  return json(200, { token: { token, name: token, timeout: 3600 } });
}

function objectIn(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof value === "object" && value !== null
      ? value as Record<string, unknown>
      : undefined;
  } catch {
    return undefined;
  }
}
