/** Bearer tokens, judged before anything else of a request is looked at. */
import { type LabRequest, type LabResponse, plainError } from "../http/message.ts";

const PREFIX = "Bearer ";

/** Names of the keys, by key. */
export type Keys = ReadonlyMap<string, string>;

type Identity = { readonly user: string } | { readonly refusal: LabResponse };

/** Without keys nothing is asked for (CERTCTL_AUTH_TYPE=none). */
export function identify(request: LabRequest, keys: Keys | undefined): Identity {
  if (keys === undefined) return { user: "" };
  const header = request.header("authorization");
  if (!header) {
    return refuse("Authorization header required", {
      "WWW-Authenticate": `Bearer realm="certctl"`,
    });
  }
  if (!header.startsWith(PREFIX)) {
    return refuse("Invalid Authorization header format, expected: Bearer <token>");
  }
  const user = keys.get(header.slice(PREFIX.length));
  return user === undefined ? refuse("Invalid API key") : { user };
}

function refuse(error: string, headers: Record<string, string> = {}): Identity {
  return { refusal: plainError(401, JSON.stringify({ error }), headers) };
}
