/** Values taken out of answers, for requests that come later. */
import { foreign, quoted } from "../terminal.ts";
import { excerpt } from "./expectation.ts";
import type { Exchange } from "./http.ts";
import { jsonValue } from "./json_body.ts";
import { followPointer, parsePointer } from "./json_pointer.ts";
import { compilePattern } from "./pattern.ts";

/**
 * Where a value is: under a JSON pointer (RFC 6901), in a header, or in the one group of a regular expression (RE2's
 * syntax; `loadPatterns()` comes first) that looks at the body's beginning, or at a header, for example a cookie.
 */
export type Capture =
  | { readonly json: string }
  | { readonly header: string; readonly regex?: string }
  | { readonly regex: string };

/** A sentence: what was looked for and is not there, and what is. */
export interface Missing {
  readonly missing: string;
}

/** What a regular expression looks at. */
const MOST_CHARACTERS = 64 * 1024;

type Reader = (exchange: Exchange) => string | Missing;

/** By the capture's identity, as long as it. */
const readers = new WeakMap<Capture, Reader>();

/**
 * Takes the value that `capture` names as text: of JSON a text as it is, numbers and truth values as they were written,
 * structures as JSON. Nothing, null and the empty text are missing. Throws RangeError for a capture that no schema has
 * checked.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { Exchange } from "./http.ts";
 *
 * const exchange = {
 *   status: 201,
 *   header: (name: string) => name === "location" ? "/jobs/17" : undefined,
 *   body: new TextEncoder().encode('{ "job": { "id": 17 } }'),
 * } as Exchange;
 * assertEquals(captureFrom(exchange, { json: "/job/id" }), "17");
 * assertEquals(captureFrom(exchange, { header: "location" }), "/jobs/17");
 * assertEquals(captureFrom(exchange, { json: "/job/state" }), {
 *   missing: 'no "state" in /job of the answer with 201: { "job": { "id": 17 } }',
 * });
 * ```
 */
export function captureFrom(exchange: Exchange, capture: Capture): string | Missing {
  let read = readers.get(capture);
  if (read === undefined) readers.set(capture, read = readerOf(capture));
  return read(exchange);
}

function readerOf(capture: Capture): Reader {
  if ("json" in capture) return jsonReader(capture.json);
  if (!("header" in capture)) return patternReader(capture.regex, bodyText);
  const header = headerReader(capture.header);
  return capture.regex === undefined ? header : patternReader(capture.regex, header);
}

function headerReader(name: string): Reader {
  return (exchange) =>
    exchange.header(name) || missing(`no header ${quoted(name, 80)} in`, exchange);
}

const decoder = new TextDecoder();

function bodyText({ body }: Exchange): string {
  // A UTF-16 unit takes at most three octets; one more shows that there were more.
  return decoder.decode(body.subarray(0, 3 * MOST_CHARACTERS + 1));
}

function patternReader(source: string, textOf: Reader): Reader {
  const pattern = compilePattern(source);
  if (typeof pattern === "object") throw new RangeError(`The pattern ${source} ${pattern.problem}`);
  return (exchange) => {
    const text = textOf(exchange);
    if (typeof text !== "string") return text;
    const isCut = text.length > MOST_CHARACTERS;
    const where = isCut ? `in the first ${MOST_CHARACTERS} characters of` : "in";
    return pattern(text.slice(0, MOST_CHARACTERS)) ||
      missing(`nothing that matches \`${foreign(source, 120)}\` ${where}`, exchange);
  };
}

function jsonReader(pointer: string): Reader {
  const tokens = parsePointer(pointer);
  if (tokens === undefined) throw new RangeError(`${quoted(pointer)} is no JSON pointer`);
  const shown = foreign(pointer, 120);
  return (exchange) => {
    const json = jsonValue(exchange);
    if (typeof json === "string") {
      return { missing: `no ${shown || "JSON"} in the answer with ${exchange.status}: ${json}` };
    }
    const found = followPointer(json.value, tokens);
    if ("missingAt" in found) {
      const name = quoted(tokens[found.missingAt]!, 80);
      const parent = foreign(pointerOf(tokens.slice(0, found.missingAt)), 120);
      const where = parent === "" ? "in" : `in ${parent}${kindOf(found.within)} of`;
      return missing(`no ${name} ${where}`, exchange);
    }
    const { value } = found;
    if (value === null || value === "") {
      return missing(
        `${shown || "the JSON"} is ${value === null ? "null" : "an empty text"} in`,
        exchange,
      );
    }
    return textOf(value) ?? asWritten(exchange, tokens) ?? String(value);
  };
}

/** undefined where a number is more than its digits could be read as. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "number") return JSON.stringify(value);
  const isExact = Number.isSafeInteger(value) || Number.isFinite(value) && value % 1 !== 0;
  return isExact ? String(value) : undefined;
}

/** The number at the tokens by its own digits: ids of 19 digits are more than a number holds. */
function asWritten(exchange: Exchange, tokens: readonly string[]): string | undefined {
  const json = jsonValue(
    exchange,
    (_key, value, context) => typeof value === "number" ? context?.source ?? value : value,
  );
  const found = typeof json === "string" ? undefined : followPointer(json.value, tokens);
  return found && "value" in found && typeof found.value === "string" ? found.value : undefined;
}

function pointerOf(tokens: readonly string[]): string {
  return tokens.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** What stands in the way where it is neither a map nor nothing. */
function kindOf(within: unknown): string {
  if (Array.isArray(within)) return ` (a list of ${within.length})`;
  if (typeof within === "object" && within !== null) return "";
  return ` (${within === null ? "null" : `a ${typeof within}`})`;
}

function missing(what: string, exchange: Exchange): Missing {
  return { missing: `${what} the answer with ${exchange.status}: ${excerpt(exchange)}` };
}
