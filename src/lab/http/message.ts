/** What the lab's handlers see of HTTP: a request with a body that is read on demand, and an answer as plain data. */

export interface LabRequest {
  readonly method: string;
  /** Path without the query, as sent (not percent-decoded). */
  readonly path: string;
  readonly query: URLSearchParams;
  /** IP address of the peer. */
  readonly remoteAddress: string;
  /** Value of a header by lower-case name; several values are joined by `, `. */
  header(name: string): string | undefined;
  /** Reads the body once. `undefined` when it is longer than `limitBytes` or was cut off; the connection then ends. */
  body(limitBytes: number): Promise<Uint8Array | undefined>;
}

export interface LabResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export type Handler = (request: LabRequest) => LabResponse | Promise<LabResponse>;

/** Go's `json.Encoder` ends a document with a newline, and so does the lab. */
export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): LabResponse {
  return jsonText(status, JSON.stringify(value), headers);
}

export function jsonText(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): LabResponse {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body: `${text}\n` };
}

/** The shape of Go's `http.Error`. */
export function plainError(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): LabResponse {
  return {
    status,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "X-Content-Type-Options": "nosniff",
      ...headers,
    },
    body: `${text}\n`,
  };
}

/** The same answer with more headers. */
export function withHeaders(
  response: LabResponse,
  headers: Readonly<Record<string, string>>,
): LabResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  411: "Length Required",
  413: "Request Entity Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Reason phrase of a status (RFC 9110 section 15). */
export function reason(status: number): string {
  return REASONS[status] ?? "Status";
}
