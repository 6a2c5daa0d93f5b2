/**
 * Methods whose requests may be sent twice to the same effect (RFC 9110 section 9.2.2), of those that are registered
 * (https://www.iana.org/assignments/http-methods).
 */
export const IDEMPOTENT: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PUT",
  "DELETE",
  "QUERY",
  "PROPFIND",
  "PROPPATCH",
  "MKCOL",
  "COPY",
  "MOVE",
  "UNLOCK",
  "REPORT",
  "SEARCH",
]);
