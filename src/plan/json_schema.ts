/**
 * The JSON Schema of a plan (2020-12), for editors: made from the same zod schemas that validate, with each flow's own
 * options under `with`. A number or truth value may also be a `${VARIABLE}`, which validation sees filled in.
 */
import { z } from "zod";
import type { Catalogue } from "./catalogue.ts";
import { planSchema } from "./schema.ts";

type Schema = Record<string, unknown>;

export function planJsonSchema(catalogue: Catalogue): Schema {
  const plan = jsonOf(planSchema);
  const { scenarios } = plan["properties"] as { scenarios: Schema };
  const scenario = scenarios["additionalProperties"] as Schema;
  describeFlows(scenario, catalogue);
  scenario["allOf"] = [LOADS, ...[...catalogue.values()].map(optionsOf)];
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "certload plan",
    ...allowVariables(plan) as Schema,
  };
}

function jsonOf(schema: z.ZodType): Schema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return json;
}

/** A scenario has exactly one load: `load_shape.ts`. */
const LOADS: Schema = {
  oneOf: [
    { required: ["rate", "duration"] },
    { required: ["users", "duration"] },
    { required: ["stages"] },
  ],
};

function describeFlows(scenario: Schema, catalogue: Catalogue): void {
  const properties = scenario["properties"] as Record<string, Schema>;
  const flows = [...catalogue.values()];
  properties["flow"] = {
    description: properties["flow"]?.["description"],
    oneOf: flows.map(({ name, summary }) => ({ const: name, description: summary })),
  };
}

function optionsOf({ name, options }: { name: string; options: z.ZodType }): Schema {
  const json = jsonOf(options);
  const required = (json["required"] as string[] | undefined ?? []).length > 0;
  return {
    if: { properties: { flow: { const: name } }, required: ["flow"] },
    then: { properties: { with: json }, ...(required ? { required: ["with"] } : {}) },
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
function isNarrow({ type, pattern, enum: choices, format }: Schema): boolean {
  const types = Array.isArray(type) ? type : [type];
  if (types.some((each) => ["integer", "number", "boolean"].includes(String(each)))) return true;
  return types.includes("string") && [pattern, choices, format].some((each) => each !== undefined);
}
