/**
 * docs/options.md, from the flows' own schemas: every option with its kind, default and meaning.
 *
 *     deno run -A tools/flow_options.ts > docs/options.md && deno fmt docs/options.md
 */
import { z } from "zod";
import { catalogue } from "../src/flows/registry.ts";
import type { FlowSignature } from "../src/plan/catalogue.ts";

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
  "# Options of the flows",
  "What a scenario's `with` takes; `certload schema` has the same for editors. A dot leads into a map: " +
  "`expect.status` is `expect: { status: 200 }`. [The plan](plan.md) has the flows themselves.",
].join("\n\n");

/** The page as Markdown, before formatting. */
export function optionsPage(): string {
  const flows = [...catalogue.values()];
  const isAcme = ({ name }: FlowSignature): boolean => name.startsWith("acme_");
  const others = flows.filter((flow) => !isAcme(flow)).map((flow) =>
    `## ${flow.name}\n\n${table(["option", "what", "default", "meaning"], rowsOf(flow).map(cells))}`
  );
  return [HEAD, ...others, "## ACME flows", acmeTable(flows.filter(isAcme))].join("\n\n") + "\n";
}

/** Most options are those of several flows: each once, with the flows that take it. */
function acmeTable(flows: readonly FlowSignature[]): string {
  const takers = new Map<string, { row: Row; flows: string[] }>();
  for (const flow of flows) {
    for (const row of rowsOf(flow)) {
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

function rowsOf({ options }: FlowSignature): Row[] {
  return rowsIn(z.toJSONSchema(options, { io: "input", unrepresentable: "any" }) as Schema, "");
}

function rowsIn(
  { properties = {}, required = [], description: whole = "" }: Schema,
  prefix: string,
): Row[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const option = prefix + name;
    if (schema.properties !== undefined) return rowsIn(schema, `${option}.`);
    const { default: given, description = whole } = schema;
    const isNeeded = required.includes(name) && given === undefined;
    const needed = prefix === "" ? "needed" : `needed in ${code(prefix.slice(0, -1))}`;
    const fallback = given === undefined ? (isNeeded ? needed : "") : code(JSON.stringify(given));
    return [{ option, kind: kindOf(schema), fallback, meaning: description }];
  });
}

function kindOf(schema: Schema): string {
  const { type, const: only, enum: choices, pattern, anyOf, items, minimum, maximum } = schema;
  if (only !== undefined) return code(String(only));
  if (choices !== undefined) return choices.map((each) => code(String(each))).join(", ");
  if (pattern?.includes("us|ms") || anyOf?.[0]?.pattern?.includes("us|ms")) return "a duration";
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
