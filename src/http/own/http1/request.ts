/** Writes HTTP/1.1 requests (RFC 9112 section 3) as bytes. Pure. */
import type { Failure } from "../../failure.ts";
import type { HttpRequest } from "../../http.ts";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// deno-lint-ignore no-control-regex -- these are the bytes that a field value must not have (RFC 9110 section 5.5)
const NOT_A_VALUE = /[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]/;
/** Fields that frame the message or name its target: the client writes these itself. */
const OWN_FIELDS = new Set(["host", "content-length", "transfer-encoding", "connection"]);
/** Methods whose requests carry a Content-Length even without a body (RFC 9110 section 8.6). */
const BODY_METHODS = new Set(["POST", "PUT", "PATCH"]);

/** The whole request; `close` asks the server to close the connection afterwards. */
export function serialise(request: HttpRequest, close: boolean): Uint8Array {
  const head = latin1(headOf(request, close));
  const body = request.body;
  if (body === undefined || body.length === 0) return head;
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

function headOf(request: HttpRequest, close: boolean): string {
  const { method, url, headers, body } = request;
  let head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  if (body !== undefined || BODY_METHODS.has(method)) {
    head += `Content-Length: ${body?.length ?? 0}\r\n`;
  }
  return head + (close ? "Connection: close\r\n\r\n" : "\r\n");
}

/** Why a request cannot be sent at all, if so. Header values may be secrets and are not quoted. */
export function unsendable(request: HttpRequest): Failure | undefined {
  const { method, url, headers } = request;
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return client(
      `Cannot send a request to "${url.protocol}": only https: and http: are understood`,
    );
  }
  if (!TOKEN.test(method)) return client(`Cannot send a request with the method "${method}"`);
  for (const name in headers) {
    if (!TOKEN.test(name)) {
      return client(`Cannot send the header "${name}": it is not a field name`);
    }
    if (OWN_FIELDS.has(name.toLowerCase())) {
      return client(`Cannot send the header "${name}": it is written by the client itself`);
    }
    if (NOT_A_VALUE.test(headers[name]!)) {
      return client(
        `Cannot send the header "${name}": its value has control characters or letters beyond Latin-1`,
      );
    }
  }
}

function client(message: string): Failure {
  return { class: "client", message };
}

function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
