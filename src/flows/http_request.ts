/** `http_request`: any endpoint, described in the plan alone. */
import { z } from "zod";
import { headers, mergeHeaders } from "../plan/headers.ts";
import { httpUrl, urlPath } from "../plan/url.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange, HttpRequest } from "../http/http.ts";
import { IDEMPOTENT } from "../http/idempotent.ts";
import { apiAddress, apiHeaders } from "../http/api_headers.ts";
import { shortened } from "../http/expectation.ts";
import type { Expectation, Flow, FlowContext, FlowDefinition, Iteration } from "./flow.ts";
import { fieldAt, isSameJson, jsonStructure } from "../http/json_body.ts";
import { mediaType, method, statuses } from "./options.ts";
import { compileTemplate, hasPlaceholders, PLACEHOLDERS, type Template } from "./template.ts";

const expectOptions = z.strictObject({
  status: statuses().describe("Accepted status or statuses"),
  content_type: mediaType().optional().describe("Media type without parameters"),
  json: z.record(z.string(), z.unknown()).optional().describe(
    "Fields (dots go deeper, numbers into lists) and the value each must have; null: it must be there",
  ),
});

const options = z.strictObject({
  method: method.default("GET").describe("In capitals"),
  path: urlPath().optional().describe("Below the target's base_url, with its token"),
  url: httpUrl().optional().describe("Absolute; the target's token is not sent to it"),
  headers: headers().describe("In place of the target's and the built-in ones of that name"),
  body: z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())]).optional()
    .describe(
      "Text, or a structure that is sent as JSON; {id}, {index}, {user}, {run}, {now} are filled in",
    ),
  new_connection: z.boolean().default(false).describe("A new connection for every request"),
  expect: expectOptions.prefault({}),
}).refine((given) => (given.path === undefined) !== (given.url === undefined), {
  error: "needs one of `path` and `url`",
}).meta({ anyOf: [only("path", "url"), only("url", "path")] });

/** For editors: one key without the other. */
function only(one: string, other: string): Record<string, unknown> {
  return { type: "object", properties: { [one]: {}, [other]: false }, required: [one] };
}

type Options = z.output<typeof options>;

export const httpRequest: FlowDefinition<Options> = {
  name: "http_request",
  summary: "One HTTP request as the plan describes it",
  tier: "api",
  options,
  placeholders: PLACEHOLDERS,
  changes: ({ method }) => IDEMPOTENT.has(method) ? "idempotent" : "once",
  serverUrl: ({ url }) => url,
  steps: () => ["request"],
  create: (context) => new PlannedRequest(context),
};

class PlannedRequest implements Flow {
  readonly #make: (iteration: Iteration) => HttpRequest;
  readonly #expect: Expectation;
  readonly #fresh: boolean;

  constructor(context: FlowContext<Options>) {
    this.#make = requestMaker(context);
    this.#expect = expectationOf(context.options.expect);
    this.#fresh = context.options.new_connection;
  }

  async run(iteration: Iteration): Promise<Failure | undefined> {
    const request = this.#make(iteration);
    const step = iteration.step("request", request, this.#expect, { fresh: this.#fresh });
    return (await step).failure;
  }
}

function requestMaker(
  { options, target, runId }: FlowContext<Options>,
): (iteration: Iteration) => HttpRequest {
  const { method, body } = options;
  // Filled in before the URL is parsed: what the plan has encoded itself (%7B) stays as it is.
  const address = options.url ?? apiAddress(target, options.path ?? "/");
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const typed: Record<string, string> = text === body ? {} : { "content-type": "application/json" };
  const headers = options.url === undefined
    ? apiHeaders(target, new URL(target.baseUrl), typed, options.headers)
    : mergeHeaders(typed, options.headers);
  const compile = (part: string): Template => compileTemplate(part, runId);
  const fill = compileRequest(method, address, headers, text, compile);
  if ([address, text ?? "", ...Object.values(headers)].some(hasPlaceholders)) return fill;
  let request: HttpRequest | undefined;
  return (iteration) => request ??= fill(iteration);
}

function compileRequest(
  method: string,
  address: string,
  headers: Record<string, string>,
  text: string | undefined,
  compile: (text: string) => Template,
): (iteration: Iteration) => HttpRequest {
  const url = compile(address);
  const values = Object.entries(headers).map(([name, value]): [string, Template] => [
    name,
    compile(value),
  ]);
  const body = text === undefined ? undefined : compile(text);
  const encoder = new TextEncoder();
  return (iteration) => ({
    method,
    url: new URL(url(iteration)),
    headers: Object.fromEntries(values.map(([name, value]) => [name, value(iteration)])),
    ...(body === undefined ? {} : { body: encoder.encode(body(iteration)) }),
  });
}

function expectationOf(expect: Options["expect"]): Expectation {
  const { status, content_type: contentType, json } = expect;
  return {
    status,
    ...(contentType === undefined ? {} : { contentType }),
    ...(json === undefined ? {} : { check: (exchange) => wrongField(exchange, json) }),
  };
}

function wrongField(exchange: Exchange, fields: Record<string, unknown>): string | undefined {
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
