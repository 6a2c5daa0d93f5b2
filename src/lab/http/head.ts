/** Reads the head of an HTTP/1.1 request (RFC 9112 sections 3 and 5). Pure. */

export interface Head {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: ReadonlyMap<string, string>;
  /** Whether the connection may carry another request after this one. */
  readonly keepAlive: boolean;
  /** Length of the body, or `chunked`. */
  readonly body: number | "chunked";
  readonly expectsContinue: boolean;
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (\S+) HTTP\/1\.([01])$/;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** `undefined` for what is no request: the answer is 400 and the end of the connection. */
export function parseHead(text: string): Head | undefined {
  const lines = text.split("\r\n");
  const line = REQUEST_LINE.exec(lines[0] ?? "");
  if (line === null) return undefined;
  const headers = parseFields(lines.slice(1));
  if (headers === undefined) return undefined;
  const body = bodyLength(headers);
  if (body === undefined) return undefined;
  const [path, query] = splitTarget(line[2]!);
  const connection = headers.get("connection")?.toLowerCase() ?? "";
  return {
    method: line[1]!,
    path,
    query,
    headers,
    keepAlive: line[3] === "1" ? !connection.includes("close") : connection.includes("keep-alive"),
    body,
    expectsContinue: headers.get("expect")?.toLowerCase() === "100-continue",
  };
}

function parseFields(lines: readonly string[]): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!FIELD_NAME.test(name)) return undefined;
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** RFC 9112 section 6.3: both framings at once, or a length that is no number, is an error. */
function bodyLength(headers: ReadonlyMap<string, string>): number | "chunked" | undefined {
  const length = headers.get("content-length");
  const coding = headers.get("transfer-encoding");
  if (coding !== undefined) {
    return coding.toLowerCase() === "chunked" && length === undefined ? "chunked" : undefined;
  }
  if (length === undefined) return 0;
  return /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

/** Origin form and absolute form (RFC 9112 section 3.2). */
function splitTarget(target: string): [path: string, query: string] {
  const origin = target.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = origin.indexOf("?");
  if (mark < 0) return [origin || "/", ""];
  return [origin.slice(0, mark) || "/", origin.slice(mark + 1)];
}
