/** The bearer token, judged before anything else of a request is looked at. */
import { type LabRequest, type LabResponse, plainError } from "../http/message.ts";

const PREFIX = "Bearer ";

/** CERTCTL_API_KEYS_NAMED: a key for everything but what wants an admin, and the admin's. */
export interface Keys {
  readonly token: string;
  readonly adminToken: string;
}

/** Undefined where the request has one of the keys. */
export function refusalOf(request: LabRequest, keys: Keys): LabResponse | undefined {
  const header = request.header("authorization");
  if (!header) {
    return refuse("Authorization header required", {
      "WWW-Authenticate": `Bearer realm="certctl"`,
    });
  }
  if (!header.startsWith(PREFIX)) {
    return refuse("Invalid Authorization header format, expected: Bearer <token>");
  }
  return isAdmin(request, keys) || header === PREFIX + keys.token
    ? undefined
    : refuse("Invalid API key");
}

export function isAdmin(request: LabRequest, { adminToken }: Keys): boolean {
  return request.header("authorization") === PREFIX + adminToken;
}

function refuse(error: string, headers: Record<string, string> = {}): LabResponse {
  return plainError(401, JSON.stringify({ error }), headers);
}
