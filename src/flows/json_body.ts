/** Looking into JSON answers. */
import type { Exchange } from "../transport/http.ts";
import { excerpt } from "./expectation.ts";

const decoder = new TextDecoder();

/** The body as a JSON object, or a sentence that says what it is instead. */
export function jsonObject(exchange: Exchange): Record<string, unknown> | string {
  try {
    const value: unknown = JSON.parse(decoder.decode(exchange.body));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value as Record<string, unknown> : `not a JSON object: ${excerpt(exchange)}`;
  } catch {
    return `not JSON: ${excerpt(exchange)}`;
  }
}

/** A check that the body is an object whose `field` satisfies `test`; `wanted` names it in the complaint. */
export function requireField(
  field: string,
  wanted: string,
  test: (value: unknown) => boolean,
): (exchange: Exchange) => string | undefined {
  return (exchange) => {
    const body = jsonObject(exchange);
    if (typeof body === "string") return body;
    return test(body[field]) ? undefined : `expected ${wanted} in "${field}": ${excerpt(exchange)}`;
  };
}
