/**
 * docs/options.md, from the schemas that validate a plan: every key of it and every option of each flow with its kind,
 * default and meaning.
 *
 *     deno task docs
 */
import { z } from "zod";
import { catalogue } from "../src/flows/catalogue.ts";
import { type FlowSignature, measuresOf } from "../src/plan/catalogue.ts";
import { planSchema, scenarioSchema } from "../src/plan/schema.ts";

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Row {
  readonly option: string;
  readonly kind: string;
  readonly fallback: string;
  readonly meaning: string;
}

const HEAD = [
  "# Keys of a plan, options of the flows",
  "Every key with its kind, default and meaning; `certload schema` has the same for editors. A dot leads into a map: " +
  "`target.base_url` is `target: { base_url: ... }`; brackets stand for each entry of a list. " +
  "[The plan](plan.md) tells what they are for.",
].join("\n\n");

/** The page as Markdown, before formatting. */
export function optionsPage(): string {
  const flows = [...catalogue.values()];
  const isAcme = ({ name }: FlowSignature): boolean => name.startsWith("acme_");
  const others = flows.filter((flow) => !isAcme(flow)).map((flow) =>
    `## ${flow.name}\n\n${flow.summary}.\n\n${keysTable(flow.options)}${measuresPart(flow)}`
  );
  const plan = `## The plan\n\n${keysTable(planSchema)}`;
  const scenario = "## A scenario\n\nEach entry of `scenarios`, under a name of its own.\n\n" +
    keysTable(scenarioSchema);
  return [HEAD, plan, scenario, ...others, "## ACME flows", acmePart(flows.filter(isAcme))].join(
    "\n\n",
  ) + "\n";
}

function keysTable(schema: z.ZodType): string {
  return table(["key", "what", "default", "meaning"], rowsOf(schema).map(cells));
}

/** What thresholds may name beside the steps. */
function measuresPart(
  { measures: { durations = {}, counters = {}, shares = {} } = {} }: Pick<
    FlowSignature,
    "measures"
  >,
): string {
  const rows = [
    ...Object.entries(durations).map(([name, meaning]) => [code(`${name} p95`), meaning]),
    ...Object.entries(counters).map(([name, meaning]) => [code(`${name} count`), meaning]),
    ...Object.entries(shares).map(([name, { meaning }]) => [code(name), meaning]),
  ];
  if (rows.length === 0) return "";
  return `\n\nThresholds may name what it measures itself:\n\n${table(["measure", "of"], rows)}`;
}

function acmePart(flows: readonly FlowSignature[]): string {
  const list = flows.map(({ name, summary }) => `- ${code(name)}: ${summary}`).join("\n");
  const measures = measuresOf(new Map(flows.map((flow) => [flow.name, flow])));
  return `${list}\n\n${acmeTable(flows)}${measuresPart({ measures })}`;
}

/** Most options are those of several flows: each once, with the flows that take it. */
function acmeTable(flows: readonly FlowSignature[]): string {
  const takers = new Map<string, { row: Row; flows: string[] }>();
  for (const flow of flows) {
    for (const row of rowsOf(flow.options)) {
      const key = JSON.stringify(row);
      const known = takers.get(key);
      if (known === undefined) takers.set(key, { row, flows: [flow.name] });
      else known.flows.push(flow.name);
    }
  }
  const rows = [...takers.values()].map(({ row, flows: names }) => {
    const isAll = names.length === flows.length;
    return [
      ...cells(row),
      isAll ? "all" : names.map((name) => code(name.slice("acme_".length))).join(", "),
    ];
  });
  return table(["option", "what", "default", "meaning", "flows"], rows);
}

function rowsOf(schema: z.ZodType): Row[] {
  return rowsIn(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Schema, "");
}

function rowsIn(
  { properties = {}, required = [], description: whole = "" }: Schema,
  prefix: string,
  isSure = true,
): Row[] {
  const shown = new Map<string, string>();
  return Object.entries(properties).flatMap(([name, schema]) => {
    const option = prefix + name;
    if (schema.properties !== undefined) {
      return rowsIn(schema, `${option}.`, isSure && required.includes(name));
    }
    const { default: given, description = whole } = schema;
    const parts = mapIn(schema);
    const same = shown.get(JSON.stringify(parts));
    if (parts !== undefined && same === undefined) shown.set(JSON.stringify(parts), option);
    const below = parts === undefined || same !== undefined
      ? []
      : rowsIn(parts.map, option + parts.joint, false);
    const kind = same === undefined ? kindOf(schema) : `as ${code(same)}`;
    const isNeeded = required.includes(name) && given === undefined;
    const needed = isSure ? "needed" : `needed in ${code(prefix.slice(0, -1))}`;
    const fallback = given === undefined ? (isNeeded ? needed : "") : code(JSON.stringify(given));
    return [{ option, kind, fallback, meaning: description }, ...below];
  });
}

/** The map that a key may be besides something shorter (`warmup: off`), or that each entry of its list is. */
function mapIn({ anyOf, items }: Schema): { map: Schema; joint: string } | undefined {
  if (items?.properties !== undefined) return { map: items, joint: "[]." };
  const map = anyOf?.find(({ properties }) => properties !== undefined);
  return map && { map, joint: "." };
}

/** By what only their patterns have; a threshold holds the others. */
const QUANTITIES = [
  ["error_rate", "a threshold"],
  ["us|ms", "a duration"],
  ["/ ?(?:s|sec", "a rate"],
] as const;

function kindOf(schema: Schema): string {
  const { type, const: only, enum: choices, pattern, anyOf, items, minimum, maximum } = schema;
  if (only !== undefined) return code(String(only));
  if (choices !== undefined) return choices.map((each) => code(String(each))).join(", ");
  const quantity = QUANTITIES.find(([part]) => (pattern ?? anyOf?.[0]?.pattern)?.includes(part));
  if (quantity !== undefined) return quantity[1];
  if (anyOf !== undefined) {
    const [one, ...others] = [...new Set(anyOf.map(kindOf))];
    return [one, ...others.map((each) => each.replace(`: ${one}`, " such"))].join(" or ");
  }
  if (type === "integer" || type === "number") {
    const bound = maximum === undefined || maximum > 1e15
      ? `from ${minimum}`
      : `${minimum} to ${maximum}`;
    return `${type === "integer" ? "a whole number" : "a number"}, ${bound}`;
  }
  if (type === "array") return items?.type === undefined ? "a list" : `a list of: ${kindOf(items)}`;
  return {
    string: "text",
    boolean: `${code("true")} or ${code("false")}`,
    object: "a map",
  }[type ?? ""] ?? "anything";
}

function code(text: string): string {
  return "`" + text + "`";
}

function cells({ option, kind, fallback, meaning }: Row): string[] {
  return [code(option), kind, fallback, meaning];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

// deno-lint-ignore no-console -- a tool's output
if (import.meta.main) console.log(optionsPage().trimEnd());
