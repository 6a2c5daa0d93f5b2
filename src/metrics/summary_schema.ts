/**
 * summary.json, written once: this schema gives the type, the check on reading, and the JSON Schema. Keys are
 * snake_case; durations are milliseconds where the key says `_ms`, and seconds where it says `_s`. What a run has not
 * got is `null`, so that a key is always there. Adding keys is compatible; anything else raises `SCHEMA_VERSION`.
 */
import { z } from "zod";
import { DEPLOYMENT_VERDICTS, MAX_SPANS, SERVED_STATES } from "../deployment.ts";
import { FAILURE_CLASSES } from "../http/failure.ts";
import {
  type Duration,
  inMs,
  perDuration,
  PHASE_DURATIONS,
  WHOLE_DURATIONS,
} from "../plan/durations.ts";
import { DURATION_METRICS } from "../plan/threshold.ts";
import { MOST_SHARDS } from "../shard.ts";
import { MAX_DEPLOYMENTS } from "./deployments.ts";
import { MAX_SLICES } from "./slices.ts";

export const SCHEMA_VERSION = 2;

/** Things listed of those that could not be undone; the others are counted. */
export const MAX_NOT_UNDONE = 1_000;

/** How many of something. */
const count = z.int().min(0);
/** What a flow counts itself, in any unit; what is beyond could not be added up. */
const counter = z.number().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);
/** A duration, rate, size or amount: nothing of the kind is negative. */
const amount = z.number().min(0);
const share = z.number().min(0).max(1);
/** Of a run: up to some thirty years. */
const seconds = amount.max(1e9);

/** From the run's start; what a watch saw may have begun before it. */
const instant = z.number().min(-1e9).max(1e9);

/** Statistics of one duration in milliseconds. Percentiles are HdrHistogram's, to three digits; min, avg, max exact. */
const statsSchema = z.object({
  count,
  min: amount,
  avg: amount,
  p50: amount,
  p90: amount,
  p95: amount,
  p99: amount,
  p999: amount,
  max: amount,
});

const nullableStats = statsSchema.nullable();

/** HdrHistogram V2 compressed, base64, of microseconds; beside it exactly what its buckets round. */
const histogramSchema = z.object({
  count,
  sum_us: amount,
  min_us: amount,
  max_us: amount,
  hdr: z.string(),
});

const failureSchema = z.object({
  class: z.enum(FAILURE_CLASSES),
  count,
  sample: z.string(),
  newest: z.string(),
});

/** What finished within a stretch of the run, counted from the run's start. */
const sliceSchema = z.object({
  at_s: seconds,
  count,
  failed: count,
  dropped: count,
  max_lag_ms: amount,
  response_time: histogramSchema.nullable(),
});

/** A run has at most `MAX_SLICES`; runs that are added up may have begun one after the other. */
const SLICES_READ = 4 * MAX_SLICES;

const timeSeriesSchema = z.object({
  width_s: z.int().min(1).max(2 ** 30),
  slices: z.array(sliceSchema).max(SLICES_READ),
}).refine(
  ({ width_s, slices }) => spanOf(slices) < width_s * SLICES_READ,
  { path: ["slices"], error: `spread over more than ${SLICES_READ} slices` },
);

/** Seconds between the first and the last. */
function spanOf(slices: readonly { readonly at_s: number }[]): number {
  const [first, last] = [slices[0]?.at_s ?? 0, slices.at(-1)?.at_s ?? 0];
  return Math.abs(last - first);
}

/** `response_time_ms` and so on: what `plan/durations.ts` says of each. */
function statsShape<D extends Duration>(
  names: readonly D[],
): Record<`${D}_ms`, typeof nullableStats> {
  return inMs(names, () => nullableStats);
}

/** A step's requests, or a scenario's iterations (whose exchange facts are the sum of the steps'). */
const seriesShape = {
  /** Finished ones, failed ones included, interrupted ones not. */
  count,
  failed: count,
  /** 0..1; null when nothing finished. */
  error_rate: share.nullable(),
  rate_per_s: amount,
  interrupted: count,
  failures: z.array(failureSchema),
  statuses: z.record(z.string(), count),
  bytes_received: count,
  bytes_sent: count,
  connections: z.object({ new: count, reused: count }),
  protocols: z.record(z.string(), count),
  ...statsShape(WHOLE_DURATIONS),
  phases: z.object(statsShape(PHASE_DURATIONS)),
  histograms: z.object(perDuration(() => histogramSchema.nullable())),
  course: timeSeriesSchema,
};

const seriesSchema = z.object(seriesShape);

const peerSchema = z.object({
  tls_version: z.string().nullable(),
  cipher: z.string().nullable(),
  key_type: z.string(),
  fingerprint_sha256: z.string(),
  subject: z.string(),
  issuer: z.string(),
  sans: z.array(z.string()),
  not_after: z.string(),
  chain_length: count,
  exchanges: count,
});

const gaugeSliceSchema = z.object({
  at_s: seconds,
  max: z.number(),
  last: z.number(),
  last_at_s: seconds,
});

/** One certificate on its way to a target. Seconds from the run's start; null what was not seen. */
const deploymentSchema = z.object({
  target: z.string(),
  by: z.enum(["certload", "agent"]),
  requested_at_s: instant,
  issued_at_s: instant.nullable(),
  reported_at_s: instant.nullable(),
  first_new_at_s: instant.nullable(),
  last_old_at_s: instant.nullable(),
  next_new_at_s: instant.nullable(),
  verdict: z.enum(DEPLOYMENT_VERDICTS),
  /** What fresh handshakes were served, over time. */
  spans: z.array(z.object({ state: z.enum(SERVED_STATES), from_s: instant, to_s: instant }))
    .max(MAX_SPANS),
});

const loadSchema = z.object({
  model: z.enum(["open", "closed"]),
  /** Levels are arrivals per second (open) or users (closed). */
  stages: z.array(z.object({ duration_s: seconds, from: amount, to: amount })),
  start_after_s: seconds,
  /** Open model only. */
  max_in_flight: amount.nullable(),
  /** Open model only. Null in summaries of before it could be chosen, which were of even ones: `arrivalsOf` */
  arrivals: z.enum(["even", "poisson"]).nullable().default(null),
  /** Of Poisson arrivals; null where merged hosts had several. */
  seed: count.nullable().default(null),
  /**
   * Of even arrivals: the first came so much of an interarrival after the start, 0..1. Null where merged hosts had several,
   * and in summaries of before, whose scenarios all began with an arrival.
   */
  phase: share.nullable().default(null),
  /** Closed model only. */
  think_time_ms: amount.nullable(),
});

/** The server that a scenario asked. */
const askedSchema = z.object({
  /** `https://localhost:8443` */
  origin: z.string(),
  version: z.string().nullable(),
  /** How it names itself beyond its version: its certificate. */
  identity: z.string().nullable(),
  lab: z.boolean(),
});

const scenarioSchema = z.object({
  flow: z.string(),
  /** Null in summaries of before this was told: `methodology.target` is all that is known then. */
  target: askedSchema.nullable().default(null),
  target_type: z.string().nullable(),
  load: loadSchema,
  protocol: z.string(),
  /** Whose HTTP measured: `own` or `undici`. Absent in summaries of before it could be chosen. */
  client: z.string().optional(),
  max_connections: amount.nullable(),
  timeout_ms: amount,
  /** What the server calls itself, for example `nginx/1.22.1`. */
  server: z.string().nullable(),
  /** Before the clock started, and in none of the figures. */
  warmup_requests: count,
  opened_connections: count,
  /** Null in the closed model, which has no arrivals of its own. */
  offered: z.object({ arrivals: count, rate_per_s: amount }).nullable(),
  /** From the scenario's start to its last finish. */
  duration_s: seconds,
  /** Arrivals that were not sent as `max_in_flight` were under way. */
  dropped: count,
  ...seriesShape,
  steps: z.record(z.string(), seriesSchema),
  /** Durations that the flow names itself, for example `signing`. */
  observed: z.record(z.string(), z.object({ stats_ms: statsSchema, histogram: histogramSchema })),
  counters: z.record(z.string(), counter),
  /** Values over time that the flow names itself: of each slice the greatest, and the last with its instant. */
  gauges: z.record(z.string(), z.array(gaugeSliceSchema).max(SLICES_READ)).default({}),
  /** The first ones, and the first that went wrong, by when they were requested. */
  deployments: z.array(deploymentSchema).max(2 * MAX_DEPLOYMENTS).default([]),
  /** Of all, those included that are not in `deployments`. */
  deployment_verdicts: z.partialRecord(z.enum(DEPLOYMENT_VERDICTS), count).default({}),
  tls_peers: z.array(peerSchema),
  /** Exchanges with further certificates than those listed. */
  other_peer_exchanges: count,
});

const workerSchema = z.object({
  index: count,
  wall_s: amount,
  cpu_s: amount,
  /** Of one core, 0..1. */
  cpu_share: amount,
  event_loop_delay_ms: nullableStats,
  max_event_loop_delay_ms: amount,
  /** Gaps in which the worker did not run at all. */
  stalls: z.array(z.object({ at_s: z.number(), duration_ms: amount })),
});

const methodologySchema = z.object({
  hardware: z.object({
    cpu_model: z.string(),
    cpu_count: count,
    memory_bytes: amount,
  }),
  os: z.object({
    name: z.string(),
    kernel: z.string(),
    /** What kind, where it can be told; null outside any. */
    container: z.string().nullable(),
  }),
  /** For example `deno` -> `2.9.6`. */
  runtime: z.record(z.string(), z.string()),
  target: z.object({
    base_url: z.string(),
    version: z.string().nullable(),
    /** How the target names itself beyond its version: commit, build date. */
    identity: z.string().nullable(),
    /** The embedded lab answered: the figures are of the lab, not of certctl. */
    lab: z.boolean(),
  }),
  stack: z.object({ name: z.string(), description: z.string() }),
  /** What each duration holds, in words. */
  durations: z.record(z.string(), z.string()),
  notes: z.array(z.string()),
});

const statistic = z.enum(["min", "avg", "max", "percentile"]);
const percentile = z.number().min(0).max(100);

/** What a threshold is on; the keys of `Measure` in `plan/threshold.ts`. */
const quantitySchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("duration"),
    metric: z.enum(DURATION_METRICS),
    stat: statistic,
    percentile: percentile.optional(),
  }),
  z.object({ kind: z.literal("error_rate") }),
  z.object({ kind: z.literal("rate") }),
  z.object({ kind: z.literal("count") }),
  z.object({
    kind: z.literal("observed"),
    name: z.string(),
    stat: statistic,
    percentile: percentile.optional(),
  }),
  z.object({ kind: z.literal("counter"), name: z.string() }),
  z.object({ kind: z.literal("share"), name: z.string(), of: z.string(), among: z.string() }),
]);

const thresholdSchema = z.object({
  text: z.string(),
  /** Null: over the whole run. */
  scenario: z.string().nullable(),
  step: z.string().nullable(),
  /** For example `response_time p95`, `error_rate`. */
  measure: z.string(),
  /** The same for programs; null in summaries of before. */
  quantity: quantitySchema.nullable().default(null),
  unit: z.enum(["ms", "ratio", "per_s", "count"]),
  comparison: z.enum(["<", "<=", ">", ">=", "==", "!="]),
  /** Null where the limit depends on a baseline that was not given or has no such figure. */
  limit: z.number().nullable(),
  /** What the baseline's figure is multiplied by; null where the limit is not relative to one. */
  baseline_factor: z.number().nullable().default(null),
  /** Null where there is no sample. */
  value: z.number().nullable(),
  samples: z.number(),
  /**
   * `skipped`: relative to a baseline that was not given. `regressed`: beyond such a limit with all of its interval;
   * `cannot_tell`: beyond it, but not for certain, or the runs must not be compared.
   */
  verdict: z.enum(["pass", "fail", "no_data", "skipped", "regressed", "cannot_tell"]),
});

const findingSchema = z.object({
  /** Stable name, for example `generator_lag`. */
  code: z.string(),
  /** Who is to blame for the figures being unfit. */
  cause: z.enum(["generator", "server", "run"]),
  /** Those it is about, the worst first, which `message` names with its figures; none: the whole run. */
  scenarios: z.array(z.string()),
  message: z.string(),
  advice: z.string(),
});

const validitySchema = z.object({
  verdict: z.enum(["valid", "invalid"]),
  /** Why the run is invalid. */
  reasons: z.array(findingSchema),
  /** What to keep in mind, in a valid run too. */
  warnings: z.array(findingSchema),
});

const connectorSchema = z.object({
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
  max: z.number().nullable(),
  avg: z.number().nullable(),
  error_rate: z.number().nullable(),
  iterations: z.number().nullable(),
});

/** In summaries of before there were such targets. */
const NOT_RUN = {
  p50: null,
  p95: null,
  p99: null,
  max: null,
  avg: null,
  error_rate: null,
  iterations: null,
};

/** A quantile of a server's histogram in the metric's unit, and what is known of it. */
const quantileSchema = z.object({
  value: z.number(),
  /** `about`: interpolated between a bucket's bounds; `at_most`: in the first bucket; `at_least`: in the last, open one. */
  is: z.enum(["about", "at_most", "at_least"]),
});

/** The server's own metrics, read before and after the run. */
const serverMetricsSchema = z.object({
  url: z.string(),
  /** Why a reading is missing, else null. */
  problem: z.string().nullable(),
  /** What was left out of the following, one sentence each. */
  notes: z.array(z.string()),
  counters: z.array(z.object({
    name: z.string(),
    labels: z.record(z.string(), z.string()),
    kind: z.enum(["counter", "gauge"]),
    before: z.number().nullable(),
    after: z.number().nullable(),
    delta: z.number().nullable(),
  })),
  /** Histograms and summaries, of what was observed during the run alone; the latter have no quantiles of it. */
  histograms: z.array(z.object({
    name: z.string(),
    labels: z.record(z.string(), z.string()),
    count: z.number(),
    avg: z.number().nullable(),
    p50: quantileSchema.nullable(),
    p95: quantileSchema.nullable(),
    p99: quantileSchema.nullable(),
  })),
});

const totalsSchema = z.object({
  iterations: count,
  failed: count,
  /** Failed share of all iterations, 0..1. */
  error_rate: share.nullable(),
  requests: count,
  failed_requests: count,
  offered: count,
  dropped: count,
  interrupted: count,
  rate_per_s: amount,
  bytes_received: count,
  bytes_sent: count,
  connections: z.object({ new: count, reused: count }),
  statuses: z.record(z.string(), count),
  failures: z.array(failureSchema),
});

const planSchema = z.object({
  name: z.string(),
  description: z.string().nullable(),
  source: z.string(),
  sha256: z.string(),
});

const lostThreadSchema = z.object({
  /** Null for the wake-up thread. */
  worker: z.number().nullable(),
  /** When it last gave a sign, from the run's start. */
  at_s: z.number(),
  reason: z.string(),
});

/** A machine's clock minus another one: the truth lies within `bound_ms` of it, on either side. */
const readingSchema = z.object({ offset_ms: z.number(), bound_ms: amount });

const shardClockSchema = z.object({
  /** Beside the target's, whose `Date` header tells the second. */
  target: z.object({
    /** Whose. */
    origin: z.string(),
    /** Null where it could not be told. */
    before: readingSchema.nullable(),
    after: readingSchema.nullable(),
    /** Why one is missing, or what to know of them; null: nothing. */
    note: z.string().nullable(),
  }),
  /** What the machine itself says of its clock; null where nothing keeps it, or that does not tell. */
  host: readingSchema.extend({ source: z.string() }).nullable(),
});

/** What one machine did of a run that several shared. */
const shardSchema = z.object({
  /** From 1. */
  index: z.int().min(1).max(MOST_SHARDS),
  host: z.object({
    name: z.string(),
    /** The node of a cluster, where its engine tells. */
    node: z.string().nullable(),
    cpu_count: count,
  }),
  /** When its load's clock started, by its own; ISO 8601, UTC, with microseconds. */
  started_at: z.iso.datetime(),
  clock: shardClockSchema,
  requests: count,
  /** Over all scenarios; null where nothing was sent. */
  lag_p99_ms: amount.nullable(),
  /** Of the busiest worker, of one core. */
  cpu_share: amount.nullable(),
  host_cpu_share: amount.nullable(),
  /** Codes of what makes this part unfit to tell, by itself. */
  validity: z.array(z.string()),
});

/** The machines that shared a run: a shard's own summary has one part, a merged one those that came. */
const shardsSchema = z.object({
  count: z.int().min(1).max(MOST_SHARDS),
  /** The instant for which all clocks were set; null where one machine alone started at once. */
  start_at: z.iso.datetime().nullable(),
  parts: z.array(shardSchema).max(MOST_SHARDS),
}).refine(
  ({ count, parts }) => {
    const numbers = new Set(parts.map(({ index }) => index));
    return numbers.size === parts.length && parts.every(({ index }) => index <= count);
  },
  { path: ["parts"], error: "a number is there twice, or beyond the count of all" },
);

export const measuredSchema = z.object({
  schema_version: z.literal(SCHEMA_VERSION),
  tool: z.object({ name: z.literal("certload"), version: z.string() }),
  plan: planSchema,
  /** ISO 8601, UTC. */
  started_at: z.iso.datetime(),
  duration_s: seconds,
  /** Ended before its time, by a signal. */
  interrupted: z.boolean(),
  methodology: methodologySchema,
  generator: z.object({
    workers: z.array(workerSchema),
    /** Threads that did not come to their end; of such a worker the figures are those of the slices that it had sent. */
    lost: z.array(lostThreadSchema).default([]),
    /** The whole process, all threads. */
    cpu_s: amount,
    /** The same by the run's length: 1.5 is one core and half of another. */
    cpu_cores: amount,
    /** CPU time in use by anyone, of all that the host had while the load ran; null where the system does not tell. */
    host_cpu_share: amount.nullable(),
    max_rss_bytes: amount,
  }),
  totals: totalsSchema,
  /** By tier, then by scenario. There is no latency over several scenarios: it would be nobody's. */
  phases: z.record(z.string(), z.record(z.string(), scenarioSchema)),
  /** What certctl's k6 harness wrote, in milliseconds, of the scenario's `response_time`; null where not run. */
  connector_tier: z.object({
    nginx: connectorSchema,
    apache: connectorSchema,
    haproxy: connectorSchema,
    f5: connectorSchema,
    kubernetes: connectorSchema.default(NOT_RUN),
  }),
  server_metrics: serverMetricsSchema.nullable(),
  /** Null: one machine made the whole run. */
  shards: shardsSchema.nullable().default(null),
  /** What set-ups made at the server and could not be undone. */
  not_undone: z.object({
    count,
    /** The first ones. */
    things: z.array(z.object({ scenario: z.string(), what: z.string(), why: z.string() }))
      .max(MAX_NOT_UNDONE),
  }).default({ count: 0, things: [] }),
  /** Of runs that knew of no others and were merged to this one: a hash of each. Absent in all other summaries. */
  merged: z.array(z.string()).max(MOST_SHARDS).optional(),
});

const figureSchema = z.object({
  scenario: z.string(),
  /** Null: the scenario's iterations. */
  step: z.string().nullable(),
  measure: z.enum(["p50", "p95", "p99", "error_rate"]),
  /** Milliseconds, or a share 0..1; null where there was no sample. */
  base: z.number().nullable(),
  next: z.number().nullable(),
  /** Of times relative (0.1: a tenth slower), of the error rate the difference of the shares; null as above. */
  change: z.number().nullable(),
  /** The interval of the change at the comparison's confidence. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  verdict: z.enum(["regressed", "improved", "same", "cannot_tell"]),
});

const comparedRunSchema = z.object({
  plan: z.string(),
  plan_sha256: z.string(),
  started_at: z.string(),
  target: z.string(),
  target_version: z.string().nullable(),
  tool_version: z.string(),
});

const differenceSchema = z.object({
  code: z.string(),
  message: z.string(),
  /** The two runs must not be compared, unless that was forced. */
  refusal: z.boolean(),
});

const comparisonSchema = z.object({
  base: comparedRunSchema,
  next: comparedRunSchema,
  /** Of all intervals together, 0..1. */
  confidence: z.number(),
  /** Relative change of a time that is taken for the same. */
  allow: z.number(),
  method: z.string(),
  differences: z.array(differenceSchema),
  /** Refused: no figure was compared. */
  verdict: z.enum(["regressed", "improved", "same", "cannot_tell", "refused"]),
  figures: z.array(figureSchema),
  /** One sentence for each figure that is worse than allowed, the worst first. */
  regressions: z.array(z.string()),
});

export const summarySchema = measuredSchema.extend({
  thresholds: z.array(thresholdSchema),
  validity: validitySchema,
  /** With the baseline that the run was given. */
  comparison: comparisonSchema.nullable().default(null),
  /** Set in a baseline: when it was kept, and over which objections. */
  baseline: z.object({ saved_at: z.string(), forced_over: z.array(z.string()) })
    .nullable().default(null),
  exit: z.object({ code: z.number(), name: z.string(), reason: z.string() }),
});

/** A summary that was kept as a baseline: what `run --save-baseline` writes. */
export const baselineSchema = summarySchema.extend({
  comparison: z.null(),
  baseline: z.object({
    /** ISO 8601, UTC. */
    saved_at: z.string(),
    /** What spoke against keeping the run, and was overruled with --force. */
    forced_over: z.array(z.string()),
  }),
});

export type Stats = z.infer<typeof statsSchema>;
export type SummaryHistogram = z.infer<typeof histogramSchema>;
export type SummarySeries = z.infer<typeof seriesSchema>;
export type SummarySlice = z.infer<typeof sliceSchema>;
export type SummaryScenario = z.infer<typeof scenarioSchema>;
export type SummaryGaugeSlice = z.infer<typeof gaugeSliceSchema>;
export type SummaryDeployment = z.infer<typeof deploymentSchema>;
export type SummaryPeer = z.infer<typeof peerSchema>;
export type SummaryWorker = z.infer<typeof workerSchema>;
export type SummaryConnector = z.infer<typeof connectorSchema>;
export type ServerMetricsSummary = z.infer<typeof serverMetricsSchema>;
export type ThresholdResult = z.infer<typeof thresholdSchema>;
export type Finding = z.infer<typeof findingSchema>;
export type Comparison = z.infer<typeof comparisonSchema>;
export type ComparedFigure = z.infer<typeof figureSchema>;
export type RunDifference = z.infer<typeof differenceSchema>;
export type Validity = z.infer<typeof validitySchema>;
export type ClockReading = z.infer<typeof readingSchema>;
export type ShardClock = z.infer<typeof shardClockSchema>;
export type ShardPart = z.infer<typeof shardSchema>;
/** All that was measured, before any verdict on it. */
export type Measured = z.infer<typeof measuredSchema>;
/** summary.json. */
export type Summary = z.infer<typeof summarySchema>;

/** The JSON Schema of summary.json, for editors and other programs. */
export function summaryJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(summarySchema, { io: "input", reused: "ref" });
}

/** The JSON Schema of a baseline. */
export function baselineJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(baselineSchema, { io: "input", reused: "ref" });
}
