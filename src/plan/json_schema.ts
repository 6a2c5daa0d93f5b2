/**
 * The JSON Schema of a plan (2020-12), for editors: made from the same zod schemas that validate, with each flow's own
 * options under `with`. A number or truth value may also be a `${VARIABLE}`, which validation sees filled in.
 */
import { z } from "zod";
import { type Catalogue, measuresOf } from "./catalogue.ts";
import { planSchema } from "./schema.ts";
import { thresholdPattern } from "./threshold.ts";

type Schema = Record<string, unknown>;

export function planJsonSchema(catalogue: Catalogue): Schema {
  const plan = jsonOf(planSchema);
  const { scenarios } = plan["properties"] as { scenarios: Schema };
  const scenario = scenarios["additionalProperties"] as Schema;
  describeFlows(scenario, catalogue);
  const { items } = (scenario["properties"] as Record<string, Schema>)["thresholds"] as {
    items: Schema;
  };
  items["pattern"] = thresholdPattern("scenario", Object.keys(measuresOf(catalogue).shares ?? {}));
  scenario["allOf"] = [
    loadsOf(catalogue),
    PHASE_OF_POISSON,
    ...[...catalogue.values()].map(optionsOf),
  ];
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "certload plan",
    ...allowVariables(plan) as Schema,
  };
}

function jsonOf(schema: z.ZodType): Schema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    // Validators need not know formats; the patterns beside them say what is meant.
    override: ({ jsonSchema }) => void delete jsonSchema.format,
  });
  return json;
}

/** Keys that a scenario with this load has, and those that it cannot have: `load_shape.ts`. */
function load(title: string, has: Schema, hasNot: readonly string[]): Schema {
  const none = Object.fromEntries(hasNot.map((key) => [key, false]));
  const required = Object.keys(has);
  return { title, type: "object", properties: { ...has, ...none }, required };
}

function stagesOf(level: string, other: string): Schema {
  const stage = load(`a level in ${level}`, { [level]: {} }, [other]);
  return { stages: { type: "array", items: stage } };
}

/** A scenario has exactly one load. */
function loadsOf(catalogue: Catalogue): Schema {
  const paced = [...catalogue.values()].filter(({ rate }) => rate !== undefined);
  const own = load(
    "a rate that follows from the flow's options",
    { flow: { enum: paced.map(({ name }) => name) }, duration: {} },
    ["users", "stages", "start_rate", "think_time"],
  );
  return { anyOf: paced.length === 0 ? STATED_LOADS : [...STATED_LOADS, own] };
}

const PHASE_OF_POISSON: Schema = {
  not: load(
    "a phase of Poisson arrivals",
    { arrivals: { const: "poisson" }, phase_offset: {} },
    [],
  ),
};

const STATED_LOADS: readonly Schema[] = [
  load("a constant rate", { rate: {}, duration: {} }, [
    "users",
    "stages",
    "start_rate",
    "think_time",
  ]),
  load("constant users", { users: {}, duration: {} }, [
    "rate",
    "stages",
    "start_rate",
    "max_in_flight",
    "arrivals",
    "phase_offset",
  ]),
  load("stages of rates", stagesOf("rate", "users"), ["rate", "users", "duration", "think_time"]),
  load("stages of users", stagesOf("users", "rate"), [
    "rate",
    "users",
    "duration",
    "start_rate",
    "max_in_flight",
    "arrivals",
    "phase_offset",
  ]),
];

function describeFlows(scenario: Schema, catalogue: Catalogue): void {
  const properties = scenario["properties"] as Record<string, Schema>;
  const flows = [...catalogue.values()];
  properties["flow"] = {
    description: properties["flow"]?.["description"],
    anyOf: [...flows.map(({ name, summary }) => ({ const: name, description: summary })), VARIABLE],
  };
}

function optionsOf({ name, options }: { name: string; options: z.ZodType }): Schema {
  const json = jsonOf(options);
  const isNeeded = ["required", "anyOf"].some((key) => json[key] !== undefined);
  return {
    if: { type: "object", properties: { flow: { const: name } }, required: ["flow"] },
    then: { type: "object", properties: { with: json }, ...(isNeeded && { required: ["with"] }) },
  };
}

const VARIABLE: Schema = { type: "string", pattern: "\\$\\{" };

/** `{type: integer}` -> `{anyOf: [{type: integer}, a text with a variable]}`, everywhere below. */
function allowVariables(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(allowVariables);
  if (typeof value !== "object" || value === null) return value;
  const schema = Object.fromEntries(
    // Keys are never filled in.
    Object.entries(value).map(([key, child]) => [
      key,
      key === "propertyNames" ? child : allowVariables(child),
    ]),
  );
  if (!isNarrow(schema)) return schema;
  const { description, default: fallback, ...rest } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    anyOf: [rest, VARIABLE],
  };
}

/** Whether a schema refuses some texts: a value that comes from a variable must get past it. */
function isNarrow({ type, pattern, enum: choices }: Schema): boolean {
  if (["integer", "number", "boolean"].includes(String(type))) return true;
  return type === "string" && pattern !== VARIABLE["pattern"] && (pattern ?? choices) !== undefined;
}
