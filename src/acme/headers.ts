/** What every ACME request carries besides its own headers. */
import { mergeHeaders } from "../plan/headers.ts";
import { type Headers, type HeadersFor, headersOfOrigin } from "../http/origin_headers.ts";

/** RFC 8555 section 6.1: a client must send a User-Agent. */
const USER_AGENT = "certload";

/** A plan's own headers, for example the Bearer token that a certctl without dashboard wants on /acme, are the directory's. */
export function acmeHeaders(directory: URL, given: Headers): HeadersFor {
  const headersFor = headersOfOrigin(directory, given);
  return (url, own) => mergeHeaders({ "user-agent": USER_AGENT }, headersFor(url, own));
}
