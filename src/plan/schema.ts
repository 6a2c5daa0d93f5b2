/**
 * The plan's configuration, written once: the types, the validation and the JSON Schema for editors come from here. Keys that
 * exclude each other are `load_shape.ts`, flows' own options are the flows', thresholds are `threshold.ts`.
 */
import { z } from "zod";
import { fleetSchema } from "./fleet.ts";
import { headers } from "./headers.ts";
import { sendsSomething } from "./load_shape.ts";
import { thresholdPattern } from "./threshold.ts";
import { duration, durationAboveZero, rate, rateAboveZero, shareBelowOne } from "./units.ts";
import { baseUrl, httpUrl } from "./url.ts";

const TIERS = ["api", "connector", "acme", "lifecycle"] as const;
const PROTOCOLS = ["http/1.1", "h2", "auto"] as const;
const CLIENTS = ["own", "undici"] as const;
const ARRIVALS = ["even", "poisson"] as const;
export const STACKS = ["none", "embedded", "compose"] as const;

const longerThanNothing = durationAboveZero();
const aboveZero = rateAboveZero();
const protocol = z.enum(PROTOCOLS);
const maxConnections = z.int().min(1).max(65_535);
const MOST_USERS = 100_000;

const tls = z.strictObject({
  insecure_skip_verify: z.boolean().default(false)
    .describe("Take any certificate; without effect where ca_file is given"),
  ca_file: z.string().optional()
    .describe("PEM file with the roots to trust, from the working directory; empty: none"),
});

const token = z.string().regex(/^[\x21-\x7e]*$/, "must be printable characters without spaces")
  .optional();

const target = z.strictObject({
  base_url: baseUrl().describe("The certificate server, for example https://localhost:8443"),
  token: token.describe("Bearer token of the API; empty: none"),
  headers: headers().describe("Sent with every request to the target"),
  tls: tls.prefault({}).describe("How served certificates are verified"),
});

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const stage = z.strictObject({
  duration: duration().describe("How long the level takes to get there; 0 is a jump"),
  rate: rate().optional().describe("Arrivals at the end of the stage (open model)"),
  users: z.int().min(0).max(MOST_USERS).optional().describe(
    "Users at the end of the stage (closed model)",
  ),
});

const warmup = z.union([
  z.enum(["auto", "off"]),
  z.strictObject({
    requests: z.int().min(0).max(10_000).describe("Per scenario, at most"),
    duration: duration().prefault("2s").describe("Per scenario, at most"),
    rehearsal: duration().optional()
      .describe("Then the beginning of the load itself, all scenarios at once, for so long"),
  }),
]);

export const scenarioSchema = z.strictObject({
  phase: z.enum(TIERS).optional().describe(
    "The tier it is reported under; the flow's own if left out",
  ),
  flow: z.string().describe("What one arrival does"),
  with: z.record(z.string(), z.unknown()).optional().describe("The flow's options"),
  needs: z.array(z.string().regex(VARIABLE_NAME, "must be a variable's name")).default([]).describe(
    "Variables without which it is left out, and that is said",
  ),
  token: token.describe("In place of the target's, for the target alone; empty: none"),
  probe: z.boolean().optional().describe(
    "Send one arrival before the clock, or open a connection alone; true if left out where arrivals are idempotent, else false",
  ),
  warmup: warmup.optional().describe(
    "In place of the plan's; if left out that holds where arrivals are idempotent, and else off",
  ),
  setup_timeout: longerThanNothing.prefault("5m").describe(
    "What making things before the clock may take, and undoing them afterwards again",
  ),
  rate: aboveZero.optional().describe(
    "Open model: arrivals come at this rate whatever the server does",
  ),
  users: z.int().min(1).max(MOST_USERS).optional().describe(
    "Closed model: users who wait for their answer",
  ),
  stages: z.array(stage).min(1).optional()
    .describe(
      "A profile: straight lines from the previous level to the stage's, in rates or in users",
    ),
  start_rate: rate().optional().describe("Where the first stage starts; 0/s if left out"),
  duration: longerThanNothing.optional().describe("How long arrivals come, with rate or users"),
  start_after: duration().prefault("0").describe("After the start of the run"),
  arrivals: z.enum(ARRIVALS).optional().describe(
    "Open model: evenly spaced, or as independent clients come, a Poisson process; even if left out",
  ),
  phase_offset: shareBelowOne().optional().describe(
    "Even arrivals: the first comes so much of an interarrival after the start; spread over the plan's scenarios if left out",
  ),
  max_in_flight: z.int().min(1).max(1_000_000).optional()
    .describe(
      "Open model: arrivals that find this many under way are dropped and counted; 10000 if left out",
    ),
  think_time: duration().optional()
    .describe("Closed model: a user's pause between answer and next request; none if left out"),
  timeout: longerThanNothing.optional().describe(
    "Of one request, connection included; 30s if left out",
  ),
  protocol: protocol.optional().describe("http/1.1 if left out"),
  client: z.enum(CLIENTS).default("own").describe(
    "Whose HTTP measures: certload's own, or undici's as a second opinion (HTTP/1.1 alone)",
  ),
  max_connections: maxConnections.optional()
    .describe("A closed set of connections; as many as the load needs if left out"),
  thresholds: z.array(z.string().meta({ pattern: thresholdPattern("scenario") })).default([])
    .describe("What must hold, for example `p95 < 2s`, `directory p95 < 500ms`, `error_rate < 1%`"),
}).refine(({ stages = [], ...rest }) => {
  // A stage without a level is a problem of its own, `load_shape.ts`.
  const isWhole = stages.every((each) => (each.rate ?? each.users) !== undefined);
  return stages.length === 0 || !isWhole || sendsSomething({ stages, ...rest });
}, {
  path: ["stages"],
  error: "send nothing: every level or every duration is 0",
});

export const SCENARIO_NAME = /^[A-Za-z0-9_-]{1,64}$/;

export const planSchema = z.strictObject({
  name: z.string().min(1).default("load test").describe("What reports call the run"),
  description: z.string().optional().describe("For readers of the results"),
  target: target.describe("The server under test"),
  stack: z.enum(STACKS).default("none").describe(
    "Servers to start for the run; --stack says otherwise",
  ),
  workers: z.union([z.literal("auto"), z.int().min(1).max(64)]).default("auto")
    .describe("Load threads; auto takes as many as the load and the host ask for"),
  warmup: warmup.prefault("auto")
    .describe(
      "Unmeasured requests before the clock starts, of scenarios whose arrivals are idempotent; auto: 20 per scenario, in at most 2 s, and the load's first second",
    ),
  seed: z.int().min(0).max(2 ** 32 - 1).default(1)
    .describe("Of Poisson arrivals: the same seed and scenario's name, the same instants"),
  graceful_stop: duration().prefault("30s")
    .describe("What requests under way are given when their scenario ends or the run is stopped"),
  server_metrics: z.strictObject({
    url: z.union([z.string().regex(/^\/[^\s#]*$/), httpUrl()], {
      error:
        "must be an http:// or https:// URL without user and password, or a path on the target that starts with /",
    }).describe(
      "Prometheus text, read before and after the run: a URL, or a path on the target, asked with its token and headers",
    ),
    headers: headers().describe("Sent with the question, in place of the target's of that name"),
  }).optional().describe("The server's own counters"),
  defaults: z.strictObject({
    timeout: longerThanNothing.optional().describe("A scenario's timeout"),
    protocol: protocol.optional().describe("A scenario's protocol"),
    arrivals: z.enum(ARRIVALS).optional().describe(
      "How a scenario's arrivals are spaced (open model)",
    ),
  }).prefault({}).describe("For scenarios that do not say"),
  scenarios: z.record(
    // Looked into by `scenario.ts`: zod leaves the value of a key that it refuses unread.
    z.string().meta({ pattern: SCENARIO_NAME.source }),
    scenarioSchema,
  ).refine((map) => Object.keys(map).length > 0, { error: "needs at least one scenario" })
    .meta({ minProperties: 1, description: "What is sent: load by load, each under its name" }),
  fleet: fleetSchema.optional().describe(
    "Whose certificates the server has to renew: `certload fleet`",
  ),
  thresholds: z.array(z.string().meta({ pattern: thresholdPattern("run") })).default([])
    .describe("What must hold for the whole run, for example `error_rate < 1%`"),
});

/** A plan after validation, before flows and thresholds are looked into. */
export type PlanConfig = z.output<typeof planSchema>;
export type ScenarioConfig = z.output<typeof scenarioSchema>;
