/** What every ACME request carries besides its own headers. */
import { authorization, mergeHeaders } from "../plan/headers.ts";
import { type Headers, type HeadersFor, headersOfOrigin } from "../http/origin_headers.ts";

/** RFC 8555 section 6.1: a client must send a User-Agent. */
const USER_AGENT = "certload";

/** What of a plan's target ACME requests need to know; `conform` has an address alone. */
export interface AcmeTarget {
  readonly baseUrl: string;
  readonly token?: string;
  readonly headers?: Headers;
}

/**
 * The headers for a directory's origin: where that is the target's, its token and headers (a certctl without dashboard
 * wants the token on /acme too), and the scenario's own in place of those.
 */
export function directoryHeaders(directory: URL, target: AcmeTarget, own: Headers): Headers {
  const headersFor = headersOfOrigin(
    new URL(target.baseUrl),
    mergeHeaders(authorization(target), target.headers ?? {}),
  );
  return headersFor(directory, own);
}

/** `given` goes to the directory's origin, whatever hosts the directory names. */
export function acmeHeaders(directory: URL, given: Headers): HeadersFor {
  const headersFor = headersOfOrigin(directory, given);
  return (url, own) => mergeHeaders({ "user-agent": USER_AGENT }, headersFor(url, own));
}
