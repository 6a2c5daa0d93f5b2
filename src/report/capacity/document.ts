/**
 * capacity.json, written once: type, and JSON Schema. Keys are snake_case with their units; what there is not is `null`.
 * Adding keys is compatible; anything else raises `SCHEMA_VERSION`.
 */
import { z } from "zod";
import { type Answer, answerJson, answerSchema } from "../../capacity/answer.ts";
import type { PlanLimits } from "../../capacity/limits.ts";
import type { Inventory } from "../../inventory.ts";
import type { Summary } from "../../metrics/summary_schema.ts";
import { inventoryJson, inventorySchema } from "../inventory.ts";

const SCHEMA_VERSION = 1;

/** A search for capacity, whole. */
export interface CapacityReport {
  readonly version: string;
  readonly startedAt: string;
  readonly plan: { readonly name: string; readonly source: string; readonly sha256: string };
  /** The scenario that was searched; null: the whole mix. */
  readonly scenario: string | null;
  readonly arrivals: "even" | "poisson";
  /** Of the first level's arrivals; each later one has the next. */
  readonly seed: number;
  readonly limits: PlanLimits;
  /** What had to be held, per second; null where nothing was asked. */
  readonly requiredPerS: number | null;
  readonly methodology: Summary["methodology"];
  /** That the server was given; null: it is as it was. */
  readonly inventory: Inventory | null;
  readonly answer: Answer;
  readonly exit: Summary["exit"];
}

const capacitySchema = z.object({
  schema_version: z.literal(SCHEMA_VERSION),
  tool: z.object({ name: z.literal("certload"), version: z.string() }),
  started_at: z.string(),
  plan: z.object({ name: z.string(), source: z.string(), sha256: z.string() }),
  scenario: z.string().nullable().describe("That was searched; null: the whole mix"),
  arrivals: z.enum(["even", "poisson"]),
  seed: z.number().describe("Of the first level's arrivals; each later level has the next"),
  target: z.object({ base_url: z.string(), version: z.string().nullable() }),
  stack: z.object({ name: z.string(), description: z.string() }),
  host: z.object({ cpu_model: z.string(), cpu_count: z.number(), os: z.string() }),
  limits: z.array(z.object({ text: z.string(), allowed: z.number() }))
    .describe("The plan's thresholds as the share that may lie beyond"),
  unjudged: z.array(z.object({ text: z.string(), reason: z.string() }))
    .describe("Thresholds by which no level was judged"),
  required_per_s: z.number().nullable(),
  inventory: inventorySchema.nullable().describe("null: the server's rows are what they were"),
  answer: answerSchema.describe("Levels are arrivals per second"),
  exit: z.object({ code: z.number(), name: z.string(), reason: z.string() }),
});
export type CapacityDocument = z.infer<typeof capacitySchema>;

export function capacityJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(capacitySchema) as Record<string, unknown>;
}

/** All keys are the schema's, and nothing else is in it. */
export function capacityDocument(report: CapacityReport): CapacityDocument {
  const { methodology, limits, plan } = report;
  const { hardware, os, target, stack } = methodology;
  return capacitySchema.parse({
    schema_version: SCHEMA_VERSION,
    tool: { name: "certload", version: report.version },
    started_at: report.startedAt,
    plan,
    scenario: report.scenario,
    arrivals: report.arrivals,
    seed: report.seed,
    target,
    stack,
    host: {
      cpu_model: hardware.cpu_model,
      cpu_count: hardware.cpu_count,
      os: `${os.name} ${os.kernel}`,
    },
    limits: limits.limits.map(({ text, allowed }) => ({ text, allowed })),
    unjudged: limits.unjudged,
    required_per_s: report.requiredPerS,
    inventory: report.inventory && inventoryJson(report.inventory),
    answer: answerJson(report.answer),
    exit: report.exit,
  });
}
