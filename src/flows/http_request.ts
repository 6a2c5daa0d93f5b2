/** `http_request`: any endpoint, described in the plan alone. */
import { z } from "zod";
import { headers, mergeHeaders } from "../plan/headers.ts";
import { httpUrl } from "../plan/url.ts";
import type { Failure } from "../transport/failure.ts";
import type { Exchange, HttpRequest } from "../transport/http.ts";
import { apiHeaders, apiUrl } from "./api/headers.ts";
import type { Expectation, Flow, FlowContext, FlowDefinition, Iteration } from "./flow.ts";
import { jsonObject } from "./json_body.ts";
import { compileTemplate, hasPlaceholders, type Template } from "./template.ts";

const expectOptions = z.strictObject({
  status: z.union([z.int().min(100).max(599).transform((one) => [one]), z.array(z.int()).min(1)])
    .prefault(200).describe("Accepted status or statuses"),
  content_type: z.string().optional().describe("Media type without parameters"),
  json: z.record(z.string(), z.unknown()).optional().describe(
    "Fields (dots go deeper) and the value each must have; null: it must be there",
  ),
});

const options = z.strictObject({
  method: z.string().regex(/^[A-Z]+$/, "must be a method in capitals, such as GET").default("GET"),
  path: z.string().startsWith("/").optional().describe(
    "Below the target's base_url, with its token",
  ),
  url: httpUrl().optional().describe("Absolute; the target's token is not sent to it"),
  headers: headers().describe("In place of the target's and the built-in ones of that name"),
  body: z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())]).optional()
    .describe(
      "Text, or a structure that is sent as JSON; {id}, {index}, {user}, {now} are filled in",
    ),
  new_connection: z.boolean().default(false).describe("A new connection for every request"),
  expect: expectOptions.prefault({}),
}).refine((given) => (given.path === undefined) !== (given.url === undefined), {
  error: "needs one of `path` and `url`",
});

type Options = z.output<typeof options>;

export const httpRequest: FlowDefinition<Options> = {
  name: "http_request",
  summary: "One HTTP request as the plan describes it",
  phase: "api",
  options,
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
  { options, target }: FlowContext<Options>,
): (iteration: Iteration) => HttpRequest {
  const { method, body } = options;
  const onTarget = options.url === undefined ? apiUrl(target, options.path ?? "/") : undefined;
  const address = onTarget?.href ?? options.url!;
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const typed: Record<string, string> = text === body ? {} : { "content-type": "application/json" };
  const headers = onTarget === undefined
    ? mergeHeaders(typed, options.headers)
    : apiHeaders(target, onTarget, typed, options.headers);
  const fixed = ![address, text ?? "", ...Object.values(headers)].some(mayVary);
  const fill = compileRequest(method, address, headers, text);
  if (!fixed) return fill;
  let request: HttpRequest | undefined;
  return (iteration) => request ??= fill(iteration);
}

/** URLs percent-encode braces; both spellings are placeholders. */
function mayVary(text: string): boolean {
  return hasPlaceholders(decodeBraces(text));
}

function decodeBraces(text: string): string {
  return text.replaceAll(/%7B/gi, "{").replaceAll(/%7D/gi, "}");
}

function compileRequest(
  method: string,
  address: string,
  headers: Record<string, string>,
  text: string | undefined,
): (iteration: Iteration) => HttpRequest {
  const url = compileTemplate(decodeBraces(address));
  const values = Object.entries(headers).map(([name, value]): [string, Template] => [
    name,
    compileTemplate(value),
  ]);
  const body = text === undefined ? undefined : compileTemplate(text);
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
  const body = jsonObject(exchange);
  if (typeof body === "string") return body;
  for (const [path, wanted] of Object.entries(fields)) {
    const seen = fieldAt(body, path);
    if (seen === undefined) return `expected the field ${path}, which is not there`;
    if (wanted !== null && JSON.stringify(seen) !== JSON.stringify(wanted)) {
      return `expected ${path} to be ${JSON.stringify(wanted)}, got ${JSON.stringify(seen)}`;
    }
  }
  return undefined;
}

function fieldAt(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (inner, key) => (inner as Record<string, unknown> | null | undefined)?.[key],
    value,
  );
}
