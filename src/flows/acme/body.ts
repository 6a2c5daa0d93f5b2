/** Reading answers' bodies. */

const decoder = new TextDecoder();

/** The JSON object in a body; undefined when it is something else. */
export function parseObject(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(body));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : undefined;
  } catch {
    return undefined;
  }
}

/** The beginning of a body for an error text, on one line: at most `length` characters, quoted. */
export function excerpt(body: Uint8Array, length = 120): string {
  if (body.length === 0) return "(empty body)";
  const text = decoder.decode(body.subarray(0, length * 4)).replace(/\s+/g, " ").trim();
  return JSON.stringify(text.length > length ? text.slice(0, length) + "…" : text);
}
