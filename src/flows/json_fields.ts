/** Fields of a JSON answer, looked at as a plan wants them. */
import type { Exchange } from "../http/http.ts";
import { shortened } from "../http/expectation.ts";
import { fieldAt, isSameJson, jsonStructure } from "../http/json_body.ts";

/** A sentence about the first field that is not as it is wanted; null wants it to be there. */
export function wrongField(
  exchange: Exchange,
  fields: Readonly<Record<string, unknown>>,
): string | undefined {
  const body = jsonStructure(exchange);
  if (typeof body === "string") return body;
  for (const [path, wanted] of Object.entries(fields)) {
    const seen = fieldAt(body, path);
    if (seen === undefined) return `expected the field ${path}, which is not there`;
    if (wanted !== null && !isSameJson(seen, wanted)) {
      return `expected ${path} to be ${shown(wanted)}, got ${shown(seen)}`;
    }
  }
  return undefined;
}

function shown(value: unknown): string {
  return shortened(JSON.stringify(value));
}
