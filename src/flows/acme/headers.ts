/** What every ACME request carries besides its own headers. */

/** A plan's own headers, for example the Bearer token that a certctl without dashboard wants on /acme. */
export type ExtraHeaders = Readonly<Record<string, string>>;

/** RFC 8555 section 6.1: a client must send a User-Agent. */
const USER_AGENT = "certload";

export function requestHeaders(
  extra: ExtraHeaders,
  own: Record<string, string> = {},
): Record<string, string> {
  return { "user-agent": USER_AGENT, ...extra, ...own };
}
