/**
 * What `certload fleet --json` prints, written once: type, and JSON Schema. Keys are snake_case with their units; what
 * there is not is `null`. Adding keys is compatible; anything else raises `SCHEMA_VERSION`.
 */
import { z } from "zod";
import { answerJson, answerSchema } from "../capacity/answer.ts";
import type { PlanLimits } from "../capacity/limits.ts";
import type { Inventory } from "../inventory.ts";
import type { Summary } from "../metrics/summary_schema.ts";
import { inventoryJson, inventorySchema } from "../report/inventory.ts";
import { type Demand, SHAPES, totalPerS, WORKS } from "./demand.ts";
import type { Fleet } from "./fleet.ts";
import type { FleetAnswer } from "./headroom.ts";
import type { Mix } from "./mix.ts";
import type { Searched } from "./searches.ts";

const SCHEMA_VERSION = 1;

const perS = z.number().min(0);
const rates = z.strictObject(
  Object.fromEntries(WORKS.map((work) => [work, perS])) as Record<
    (typeof WORKS)[number],
    typeof perS
  >,
);

const demandSchema = z.strictObject({
  shape: z.enum(SHAPES),
  title: z.string(),
  duration_s: z.number().nullable().describe("How long it lasts; null: for ever"),
  per_s: rates.describe("Arrivals of each kind of work"),
  total_per_s: perS,
  arithmetic: z.array(z.string()).describe("The way to the rates, in words"),
  sources: z.array(z.strictObject({ name: z.string(), url: z.string().nullable() })),
  mix: z.array(z.strictObject({
    scenario: z.string(),
    flow: z.string(),
    work: z.enum(WORKS).nullable().describe(
      "null: no part of the demand, it goes on as the plan has it",
    ),
    per_s: perS.nullable().describe("Arrivals; null: of users who wait for their answer"),
    requests_per_s: perS.nullable(),
  })).describe("The same in the plan's scenarios"),
  missing: z.array(z.strictObject({ work: z.enum(WORKS), per_s: perS }))
    .describe("What no scenario of the plan stands for"),
});

const enough = z.enum(["yes", "no", "unknown", "left_out"]);

const fleetAnswerSchema = z.strictObject({
  enough: enough.exclude(["left_out"]),
  sentence: z.string(),
  replace_all_s: z.number().nullable(),
  replace_all_at_most: z.boolean(),
  rows: z.array(z.strictObject({
    shape: z.enum(SHAPES),
    needed_per_s: perS.describe("Arrivals of all work, but for what is left out"),
    left_out: z.array(z.enum(WORKS)).describe("What no scenario of the plan asks for"),
    held_per_s: perS.nullable().describe(
      "By the lower end of the interval, or the highest level that held below all that broke; null: not measured",
    ),
    headroom: z.number().nullable().describe("Held by needed"),
    at_least: z.boolean().describe("It may hold more"),
    enough: enough.describe("left_out: no scenario of the plan asks for any of it"),
    who: z.enum(["server", "limiter", "generator", "none", "signer"]).describe(
      "Gave out above that; limiter: a limit of policy, not of the machine",
    ),
    why: z.string(),
    replace_all_s: z.number().nullable(),
  })),
});

const measuredSchema = z.strictObject({
  tool: z.strictObject({ name: z.literal("certload"), version: z.string() }),
  started_at: z.string(),
  source: z.string().describe("Of the plan"),
  sha256: z.string(),
  target: z.object({ base_url: z.string(), version: z.string().nullable() }),
  stack: z.strictObject({ name: z.string(), description: z.string() }),
  host: z.strictObject({ cpu_model: z.string(), cpu_count: z.number(), os: z.string() }),
  arrivals: z.enum(["even", "poisson"]),
  limits: z.array(z.strictObject({ text: z.string(), allowed: z.number() }))
    .describe("The plan's thresholds as the share that may lie beyond"),
  unjudged: z.array(z.strictObject({ text: z.string(), reason: z.string() }))
    .describe("Thresholds by which no level was judged"),
  inventory: inventorySchema.nullable(),
  searches: z.array(z.strictObject({
    shapes: z.array(z.enum(SHAPES)).describe("Of which this is the mix"),
    mix: z.array(z.strictObject({ scenario: z.string(), share: z.number().min(0).max(1) })),
    answer: answerSchema.describe("Levels are arrivals per second of the whole mix"),
  })),
});

export const fleetDocumentSchema = z.strictObject({
  schema_version: z.literal(SCHEMA_VERSION),
  plan: z.string(),
  fleet: z.strictObject({
    certificates: z.int(),
    profile: z.string().nullable(),
    lifetime_s: z.number(),
    renew_at: z.number().describe("Share of the lifetime"),
    renewed_every_s: z.number(),
    reuse_s: z.number().nullable(),
    ari_poll_s: z.number().nullable().describe("null: no renewal information"),
    agents: z.int(),
    heartbeat_s: z.number(),
    work_s: z.number(),
    zombies: z.number().describe("Share of the attempts that never succeed"),
    outage_s: z.number(),
    retry_within_s: z.number(),
    tick_s: z.number(),
    signer_per_s: z.number().nullable().describe("Certificates that the signer can sign"),
  }),
  demand: z.array(demandSchema),
  answer: fleetAnswerSchema.nullable().describe("null: nothing was measured (--plan-only)"),
  measured: measuredSchema.nullable().describe("What the answer rests on"),
  exit: z.strictObject({ code: z.number(), name: z.string(), reason: z.string() }).nullable(),
});

export type FleetDocument = z.output<typeof fleetDocumentSchema>;

export function fleetJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(fleetDocumentSchema, { io: "input", reused: "ref" });
}

/** How a fleet's demand was measured. */
export interface Measurement {
  readonly version: string;
  readonly startedAt: string;
  readonly identity: { readonly source: string; readonly sha256: string };
  readonly methodology: Summary["methodology"];
  readonly arrivals: "even" | "poisson";
  readonly limits: PlanLimits;
  readonly inventory: Inventory | null;
  readonly searched: readonly Searched[];
  readonly answer: FleetAnswer;
  readonly exit: Summary["exit"];
}

export interface FleetReport {
  /** The plan's name. */
  readonly plan: string;
  readonly fleet: Fleet;
  readonly demands: readonly { readonly demand: Demand; readonly mix: Mix }[];
  /** Absent: nothing was. */
  readonly measured?: Measurement;
}

export function fleetDocument({ plan, fleet, demands, measured }: FleetReport): FleetDocument {
  return {
    schema_version: SCHEMA_VERSION,
    plan,
    fleet: {
      certificates: fleet.certificates,
      profile: fleet.profile,
      lifetime_s: fleet.lifetimeMs / 1000,
      renew_at: fleet.renewAt,
      renewed_every_s: fleet.intervalMs / 1000,
      reuse_s: fleet.reuseMs === null ? null : fleet.reuseMs / 1000,
      ari_poll_s: fleet.ariPollMs === null ? null : fleet.ariPollMs / 1000,
      agents: fleet.agents,
      heartbeat_s: fleet.heartbeatMs / 1000,
      work_s: fleet.workMs / 1000,
      zombies: fleet.zombies,
      outage_s: fleet.outageMs / 1000,
      retry_within_s: fleet.retryWithinMs / 1000,
      tick_s: fleet.tickMs / 1000,
      signer_per_s: fleet.signerPerS,
    },
    demand: demands.map(demandDocument),
    answer: measured === undefined ? null : answerDocument(measured.answer),
    measured: measured === undefined ? null : measuredDocument(measured, demands),
    exit: measured?.exit ?? null,
  };
}

function demandDocument(
  { demand, mix }: FleetReport["demands"][number],
): FleetDocument["demand"][number] {
  return {
    shape: demand.shape,
    title: demand.title,
    duration_s: demand.durationMs === null ? null : demand.durationMs / 1000,
    per_s: { ...demand.rates },
    total_per_s: totalPerS(demand),
    arithmetic: [...demand.arithmetic],
    sources: demand.sources.map(({ name, url }) => ({ name, url: url ?? null })),
    mix: mix.entries.map(({ scenario, flow, work, perS, requestsPerS }) => ({
      scenario,
      flow,
      work,
      per_s: perS,
      requests_per_s: requestsPerS,
    })),
    missing: mix.missing.map(({ work, perS }) => ({ work, per_s: perS })),
  };
}

function answerDocument(answer: FleetAnswer): FleetDocument["answer"] {
  return {
    enough: answer.enough,
    sentence: answer.sentence,
    replace_all_s: answer.replaceAllS,
    replace_all_at_most: answer.replaceAllAtMost,
    rows: answer.rows.map((row) => ({
      shape: row.shape,
      needed_per_s: row.neededPerS,
      left_out: [...row.leftOut],
      held_per_s: row.heldPerS,
      headroom: row.headroom,
      at_least: row.atLeast,
      enough: row.enough,
      who: row.who,
      why: row.why,
      replace_all_s: row.replaceAllS,
    })),
  };
}

function measuredDocument(
  measured: Measurement,
  demands: FleetReport["demands"],
): FleetDocument["measured"] {
  const { version, startedAt, identity, methodology, limits, inventory, searched } = measured;
  const { hardware, os, target, stack } = methodology;
  const scenarios = demands[0]?.mix.entries ?? [];
  return {
    tool: { name: "certload", version },
    started_at: startedAt,
    source: identity.source,
    sha256: identity.sha256,
    target: { base_url: target.base_url, version: target.version },
    stack: { name: stack.name, description: stack.description },
    host: {
      cpu_model: hardware.cpu_model,
      cpu_count: hardware.cpu_count,
      os: `${os.name} ${os.kernel}`,
    },
    arrivals: measured.arrivals,
    limits: limits.limits.map(({ text, allowed }) => ({ text, allowed })),
    unjudged: limits.unjudged.map(({ text, reason }) => ({ text, reason })),
    inventory: inventory && inventoryJson(inventory),
    searches: searched.map(({ search, answer }) => ({
      shapes: search.needs.map(({ shape }) => shape),
      mix: search.shares.flatMap((share, at) =>
        share > 0 ? [{ scenario: scenarios[at]!.scenario, share }] : []
      ),
      answer: answerJson(answer),
    })),
  };
}
