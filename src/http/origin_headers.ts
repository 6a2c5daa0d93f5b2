/**
 * Who gets the plan's headers: the origin that the plan named, and no other. What a server names (the entries of an ACME
 * directory, a Location) may lie anywhere; a token must not follow it there.
 */
import { type Headers, mergeHeaders } from "../plan/headers.ts";

export type { Headers };

/** The headers of a request to `url`: the flow's `own`, and the plan's where `url` is on the plan's origin. */
export type HeadersFor = (url: URL, own?: Headers) => Record<string, string>;

/** `given` goes to `named`'s origin (RFC 6454: scheme, host and port) alone. */
export function headersOfOrigin(named: URL, given: Headers): HeadersFor {
  return (url, own = {}) => mergeHeaders(url.origin === named.origin ? given : {}, own);
}
