/** The head of an HTTP/1.x answer (RFC 9112 section 4). Pure. */

export interface ResponseHead {
  readonly status: number;
  /** By lower-case name; of several values the last. */
  readonly headers: ReadonlyMap<string, string>;
}

/** `undefined` for what is no answer. */
export function parseResponseHead(text: string): ResponseHead | undefined {
  const [first = "", ...lines] = text.split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})( |$)/.exec(first)?.[1];
  if (status === undefined) return undefined;
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(status), headers: new Map(headers) };
}
