/** A request as a plan describes it, made anew for each arrival, or once where nothing in it changes. */
import { apiAddress, apiHeaders } from "../http/api_headers.ts";
import type { Failure } from "../http/failure.ts";
import type { HttpRequest } from "../http/http.ts";
import { isHeaderValue, mergeHeaders } from "../plan/headers.ts";
import type { Target } from "../plan/plan.ts";
import { quoted } from "../terminal.ts";
import type { Iteration } from "./flow.ts";
import type { RequestOptions } from "./request_options.ts";
import { namesIn } from "./step_texts.ts";
import { compileTemplate, fill, type Template, type Values } from "./template.ts";

/** Values of answers that the request's texts may have. */
export interface KnownValues {
  /** `run`, and what was captured before the first arrival. */
  readonly given: Values;
  /** Captured by each arrival before this request. */
  readonly names: readonly string[];
}

interface HeaderTemplate {
  readonly name: string;
  readonly template: Template;
  /** It holds what an answer said. */
  readonly isForeign: boolean;
}

/** A Failure where what an answer said cannot be sent. */
export type RequestMaker = (iteration: Iteration, values: Values) => HttpRequest | Failure;

export function requestMaker(
  options: RequestOptions,
  target: Target,
  known: KnownValues,
): RequestMaker {
  const { method } = options;
  const url = addressMaker(options, target, known);
  const { text, encode } = bodyOf(options);
  const body = text === undefined ? undefined : compileTemplate(text, { ...known, encode });
  const headers = headersOf(options, target).map(([name, value]): HeaderTemplate => ({
    name,
    template: compileTemplate(value, known),
    isForeign: namesIn(value).some((each) => known.given.has(each) || known.names.includes(each)),
  }));
  const encoder = new TextEncoder();
  const make: RequestMaker = (iteration, values) => {
    const to = url(iteration, values);
    if (!(to instanceof URL)) return to;
    const filled: Record<string, string> = {};
    for (const { name, template, isForeign } of headers) {
      const value = filled[name] = fill(template, iteration, values);
      if (isForeign && !isHeaderValue(value)) return unsendable(name, value);
    }
    return {
      method,
      url: to,
      headers: filled,
      ...(body === undefined ? {} : { body: encoder.encode(fill(body, iteration, values)) }),
    };
  };
  const templates = [url.template, body ?? "", ...headers.map(({ template }) => template)];
  if (templates.some((template) => typeof template !== "string")) return make;
  let made: HttpRequest | Failure | undefined;
  return (iteration, values) => made ??= make(iteration, values);
}

/** Text as it is, and how values are written into it: into a text of a structure as JSON spells them. */
function bodyOf({ body }: RequestOptions): { text?: string; encode?: (value: string) => string } {
  if (body === undefined || typeof body === "string") {
    return body === undefined ? {} : { text: body };
  }
  return { text: JSON.stringify(body), encode: (value) => JSON.stringify(value).slice(1, -1) };
}

function headersOf(options: RequestOptions, target: Target): [string, string][] {
  const { body, url, headers } = options;
  const isJson = body !== undefined && typeof body !== "string";
  const typed: Record<string, string> = isJson ? { "content-type": "application/json" } : {};
  return Object.entries(
    url === undefined
      ? apiHeaders(target, new URL(target.baseUrl), typed, headers)
      : mergeHeaders(typed, headers),
  );
}

interface AddressMaker {
  (iteration: Iteration, values: Values): URL | Failure;
  readonly template: Template;
}

/** A path that begins with a captured value: a link, as a Location header has it. */
const LINK = /^\{\w+\}/;

function addressMaker(
  { path = "/", url }: RequestOptions,
  target: Target,
  known: KnownValues,
): AddressMaker {
  if (url === undefined && LINK.test(path)) return linkMaker(path, target, known);
  // Filled in before the URL is parsed: what the plan has encoded itself (%7B) stays as it is.
  const address = url ?? apiAddress(target, path);
  const template = compileTemplate(address, { ...known, encode: encodeURIComponent });
  const make = (iteration: Iteration, values: Values): URL =>
    new URL(fill(template, iteration, values));
  return Object.assign(make, { template });
}

/** The target's token must not follow a link to where the plan has not sent it. */
function linkMaker(path: string, { baseUrl }: Target, known: KnownValues): AddressMaker {
  const template = compileTemplate(path, known);
  const { origin } = new URL(baseUrl);
  const make = (iteration: Iteration, values: Values): URL | Failure => {
    const link = fill(template, iteration, values);
    const url = /^(?:https?:|\/)/i.test(link) ? URL.parse(link, origin) : null;
    if (url?.origin === origin && url.username === "" && url.password === "") return url;
    return {
      class: "unexpected_body",
      message: `Cannot follow the captured ${path}: ${quoted(link, 160)} is no path on ${origin}`,
    };
  };
  return Object.assign(make, { template });
}

function unsendable(name: string, value: string): Failure {
  return {
    class: "unexpected_body",
    message: `Cannot send the header ${name}: what was captured for it is not one line of ` +
      `Latin-1 (${value.length} characters)`,
  };
}
