/** The JSON Schema beside `check`: what it refuses, `check` refuses, and nearly the other way round. */
import Ajv from "ajv";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { catalogue } from "../../src/flows/catalogue.ts";
import { planJsonSchema } from "../../src/plan/json_schema.ts";
import { loadPlan } from "../../src/plan/load_plan.ts";
import { assert, assertEquals } from "../assert.ts";
import { BAD_PLANS } from "./bad_plans.ts";

const warnings: unknown[] = [];
const note = (message: unknown): void => void warnings.push(message);
const ajv = new Ajv.Ajv2020({
  strict: true,
  allErrors: true,
  logger: { log: note, warn: note, error: note },
});
const validate = ajv.compile(planJsonSchema(catalogue));

function read(text: string): unknown {
  return parse(text, { merge: true });
}

function isLoaded(text: string): boolean {
  const readFile = (path: string): never => {
    throw new Error(`No such file: ${path}`);
  };
  return loadPlan({ text, source: "p.yaml", env: {}, catalogue, readFile }).ok;
}

Deno.test("the plan's JSON Schema compiles in ajv's strict mode, without a word", () => {
  assertEquals(warnings, []);
  assertEquals(ajv.validateSchema(planJsonSchema(catalogue)), true);
});

for (const { name, text, beyondSchema } of BAD_PLANS) {
  Deno.test(`refused by check${beyondSchema ? "" : " and by the JSON Schema"}: ${name}`, () => {
    assertEquals(isLoaded(text), false, text);
    // A reason that no longer holds is to be taken out.
    assertEquals(validate(read(text)), beyondSchema !== undefined, text);
  });
}

const SCENARIOS = new URL("../../scenarios/", import.meta.url);

Deno.test("the JSON Schema takes every shipped plan", () => {
  for (const { name } of Deno.readDirSync(SCENARIOS)) {
    const text = Deno.readTextFileSync(new URL(name, SCENARIOS));
    assert(validate(read(text)), `${name}: ${JSON.stringify(validate.errors)}`);
  }
});

const GOOD = `
name: x
target: { base_url: https://x, token: t, headers: { x-a: b }, tls: { insecure_skip_verify: true } }
stack: none
workers: 2
warmup: { requests: 5, duration: 1s }
graceful_stop: 5s
server_metrics: { url: /metrics }
defaults: { timeout: 5s, protocol: h2 }
scenarios:
  a:
    flow: http_request
    with:
      path: /x
      method: POST
      body: { a: 1 }
      expect: { status: [200, 201], content_type: application/json, json: { a: 1 } }
    rate: 5/s
    duration: 5s
    max_in_flight: 5
    thresholds: [p95 < 1s, request connect p99 <= 5ms, rate > 4/s]
  b:
    flow: tls_handshake
    with: { url: https://y/, status: 200 }
    stages: [{ duration: 0, users: 5 }, { duration: 5s, users: 5 }]
    think_time: 1s
thresholds: [error_rate < 1%, count >= 10]
`;

/** Paths of everything in a plan. */
function pathsOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [path];
  const inside = Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]));
  return path.length === 0 ? inside : [path, ...inside];
}

Deno.test("whatever check takes, the JSON Schema takes", () => {
  const junk = fc.constantFrom<unknown>(
    ...[null, true, 0, 1, 5, 1.5, -1, 70, 250, 1e6, "", "x", "0", "0s", "5s", " 5s ", "1m 30s"],
    ...["5/s", "0/s", ".5/min", "p95 < 1s", "p(99.9)<5", "p095 < 5", "avg >= baseline*1.1"],
    ...["request blocked med == .5s", "http_req_failed: rate<0.01", "error_rate != 0.", "count>0"],
    ...["/x", "https://x", "HTTPS://X/?a", "http:x", "https://u@x", "auto", "off", "h2", "GET"],
    ...[[], [200], ["p95 < 1s"], {}, { a: "b" }, { requests: 1 }],
  );
  const paths = pathsOf(read(GOOD));
  fc.assert(
    fc.property(fc.constantFrom(...paths), junk, fc.boolean(), (path, value, isRemoved) => {
      const plan = read(GOOD) as Record<string, unknown>;
      const parent = path.slice(0, -1).reduce<Record<string, unknown>>(
        (inner, key) => inner[key] as Record<string, unknown>,
        plan,
      );
      const key = String(path.at(-1));
      if (isRemoved && !Array.isArray(parent)) delete parent[key];
      else parent[key] = value;
      const text = stringify(plan);
      if (isLoaded(text)) assert(validate(read(text)), `${text}${JSON.stringify(validate.errors)}`);
    }),
    { numRuns: 500 },
  );
});
