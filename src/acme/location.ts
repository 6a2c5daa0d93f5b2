/** Where an answer says that its resource is. */
import { quoted } from "../terminal.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import { unexpected } from "./answer.ts";

/**
 * The absolute URL in an answer's Location, which may be relative to the request's (RFC 9110 section 10.2.2), and may
 * come twice when a proxy adds the same again; undefined when there is none.
 */
export function locationOf(exchange: Exchange): string | Failure | undefined {
  const header = exchange.header("location");
  if (header === undefined) return undefined;
  const [first = "", ...others] = header.split(", "); // no URL has a space
  const url = URL.parse(first, exchange.request.url);
  const isUsable = url?.protocol === "https:" || url?.protocol === "http:";
  if (isUsable && others.every((other) => other === first)) {
    return URL.canParse(first) ? first : url.href; // as the server wrote it: it is a key id
  }
  const what = others.length > 0 ? "more than one URL" : "no http(s) URL";
  return unexpected(
    `${exchange.request.url.pathname} was answered with the Location ` +
      `${quoted(header, 200)}, which is ${what}`,
  );
}
