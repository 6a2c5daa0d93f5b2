/** The bearer token, judged before anything else of a request is looked at. */
import { type LabRequest, type LabResponse, plainError } from "../http/message.ts";

const PREFIX = "Bearer ";

/** Undefined where the request has the token. */
export function refusalOf(request: LabRequest, token: string): LabResponse | undefined {
  const header = request.header("authorization");
  if (!header) {
    return refuse("Authorization header required", {
      "WWW-Authenticate": `Bearer realm="certctl"`,
    });
  }
  if (!header.startsWith(PREFIX)) {
    return refuse("Invalid Authorization header format, expected: Bearer <token>");
  }
  return header === PREFIX + token ? undefined : refuse("Invalid API key");
}

function refuse(error: string, headers: Record<string, string> = {}): LabResponse {
  return plainError(401, JSON.stringify({ error }), headers);
}
