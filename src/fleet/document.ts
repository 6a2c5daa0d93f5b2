/**
 * What `certload fleet --json` prints, written once: type, and JSON Schema. Keys are snake_case with their units; what
 * there is not is `null`. Adding keys is compatible; anything else raises `SCHEMA_VERSION`.
 */
import { z } from "zod";
import { type Demand, SHAPES, totalPerS, WORKS } from "./demand.ts";
import type { Fleet } from "./fleet.ts";
import type { FleetAnswer } from "./headroom.ts";
import type { Mix } from "./mix.ts";

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

const enough = z.enum(["yes", "no", "unknown"]);

const answerSchema = z.strictObject({
  enough,
  sentence: z.string(),
  replace_all_s: z.number().nullable(),
  replace_all_at_most: z.boolean(),
  rows: z.array(z.strictObject({
    shape: z.enum(SHAPES),
    needed_per_s: perS,
    held_per_s: perS.nullable(),
    headroom: z.number().nullable(),
    at_least: z.boolean(),
    enough,
    who: z.enum(["server", "generator", "none", "signer"]),
    why: z.string(),
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
  answer: answerSchema.nullable().describe("null: nothing was measured (--plan-only)"),
});

export type FleetDocument = z.output<typeof fleetDocumentSchema>;

export function fleetJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(fleetDocumentSchema, { io: "input", reused: "ref" });
}

export interface FleetReport {
  /** The plan's name. */
  readonly plan: string;
  readonly fleet: Fleet;
  readonly demands: readonly { readonly demand: Demand; readonly mix: Mix }[];
  /** Absent: nothing was measured. */
  readonly answer?: FleetAnswer;
}

export function fleetDocument({ plan, fleet, demands, answer }: FleetReport): FleetDocument {
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
    answer: answer === undefined ? null : answerDocument(answer),
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
      held_per_s: row.heldPerS,
      headroom: row.headroom,
      at_least: row.atLeast,
      enough: row.enough,
      who: row.who,
      why: row.why,
    })),
  };
}
