/**
 * A threshold as data, and its grammar. Its evaluation is `verdict/thresholds.ts`.
 *
 *     threshold  = measure comparison limit
 *     measure    = [ step ] [ metric ] statistic          p95, directory p95, directory connect p95, lag p99
 *                | [ step ] ( "error_rate" | "rate" | "count" )
 *                | "http_req_failed" [ ":" ] "rate"       k6's spelling of error_rate
 *                | duration statistic                     propagation p95    what the flow measures itself
 *                | counter "count"                        wrong count
 *                | share                                  reset_share
 *     metric     = one of DURATION_METRICS; response_time when left out
 *     statistic  = "min" | "avg" | "med" | "max" | "p" number | "p(" number ")"
 *     comparison = "<" | "<=" | ">" | ">=" | "==" | "!="
 *     limit      = "baseline" [ "*" number ]
 *                | number [ unit ]
 *
 * A duration's limit has a unit (`500ms`) or is in milliseconds (`p(95)<2000`, as in k6); a rate's is per time (`49/s`);
 * an error rate's, and a flow's own share's, is a percentage or a share (`1%`, `0.01`); a count is a whole number.
 */
import type { FlowMeasures } from "../measures.ts";
import { type Duration, DURATIONS } from "./durations.ts";
import { didYouMean } from "./problem.ts";
import {
  DURATION_PATTERN,
  parseDuration,
  parseRate,
  parseShare,
  RATE_PATTERN,
  SHARE_PATTERN,
} from "./units.ts";

/** Durations a threshold can be set on, per step or scenario: a limit on how long failures take says nothing. */
export type DurationMetric = Exclude<Duration, "failed_time">;
export const DURATION_METRICS = (Object.keys(DURATIONS) as Duration[])
  .filter((name): name is DurationMetric => name !== "failed_time");

export type Comparison = "<" | "<=" | ">" | ">=" | "==" | "!=";

interface Statistic {
  readonly stat: "min" | "avg" | "max" | "percentile";
  /** 0..100, for `percentile` only. */
  readonly percentile?: number;
}

/** What is compared: a statistic of a duration, or a plain number of the scenario. */
export type Measure =
  | {
    readonly kind: "duration";
    readonly metric: DurationMetric;
    readonly stat: Statistic["stat"];
    readonly percentile?: number;
  }
  /** Failed share of all iterations (requests, for a step), 0..1. */
  | { readonly kind: "error_rate" }
  /** Completed iterations (requests) per second. */
  | { readonly kind: "rate" }
  /** Completed iterations (requests). */
  | { readonly kind: "count" }
  /** A duration that the flow measures itself. */
  | {
    readonly kind: "observed";
    readonly name: string;
    readonly stat: Statistic["stat"];
    readonly percentile?: number;
  }
  /** A counter of the flow's own. */
  | { readonly kind: "counter"; readonly name: string }
  /** One of the flow's counters among another, 0..1. */
  | {
    readonly kind: "share";
    readonly name: string;
    readonly of: string;
    readonly among: string;
  };

type Limit =
  /** Milliseconds for durations, 0..1 for error_rate, per second for rate. */
  | { readonly kind: "absolute"; readonly value: number }
  /** A multiple of the same measure in the baseline that the run is compared with. */
  | { readonly kind: "baseline"; readonly factor: number };

/** Samples that must lie beyond a percentile for it to be more than one slow request's business. */
export const SAMPLES_BEYOND = 5;

export interface Threshold {
  /** As written in the plan. */
  readonly text: string;
  /** The step it is about; absent: the whole scenario (or, for a plan's own thresholds, the whole run). */
  readonly step?: string;
  readonly measure: Measure;
  readonly comparison: Comparison;
  readonly limit: Limit;
}

interface ParsedThreshold {
  readonly ok: true;
  readonly threshold: Threshold;
}

/** What is wrong, and which stretch of the text it is about (0-based). */
interface MisreadThreshold {
  readonly ok: false;
  readonly message: string;
  readonly at: number;
  readonly length: number;
  readonly hint?: string;
}

interface Word {
  readonly text: string;
  readonly at: number;
}

const PLAIN_MEASURES = ["error_rate", "rate", "count"] as const;
const STATISTICS = ["min", "avg", "med", "max", "p50", "p90", "p95", "p99", "p99.9"] as const;
const EXAMPLE = "for example `p95 < 2s` or `error_rate < 1%`";

/**
 * Reads one threshold. `steps` are the names that it may use: none for the whole run, undefined when they cannot be
 * known, and then any name passes. `own`: what the scenario's flow measures itself.
 */
export function parseThreshold(
  text: string,
  steps: readonly string[] | undefined,
  own: FlowMeasures = {},
): ParsedThreshold | MisreadThreshold {
  const [, left = "", sign, right = ""] = /^([^<>=!]*)([<>]=?|[=!]={1,2})?(.*)$/s.exec(text) ?? [];
  try {
    if (sign === undefined) throw new Misread(trimmed(text, 0), "has no comparison", EXAMPLE);
    const { step, measure } = parseMeasure(wordsOf(left), trimmed(text, 0), {
      steps,
      own,
    });
    const limit = parseLimit(trimmed(right, left.length + sign.length), measure);
    const comparison = sign.slice(0, 2) as Comparison;
    const about = step === undefined ? {} : { step };
    return { ok: true, threshold: { text, ...about, measure, comparison, limit } };
  } catch (error) {
    if (error instanceof Misread) return error.toResult();
    throw error;
  }
}

/**
 * The grammar as one regular expression, for editors: it takes whatever `parseThreshold()` takes, and little else. A step
 * is any word, and so are flows' own durations and counters; `shares` are the names of their shares.
 */
export function thresholdPattern(
  about: "scenario" | "run",
  shares: readonly string[] = [],
): string {
  const percentile = String.raw`0*(?:100(?:\.0+)?|\d{1,2}(?:\.\d+)?)`;
  const statistic = String.raw`(?:min|avg|med|max|p${percentile}|p\(${percentile}\))`;
  const metric = String.raw`(?:(?:${DURATION_METRICS.join("|")})\s+)?`;
  const measures: Record<(typeof PLAIN_MEASURES)[number] | "duration", string> = {
    duration: metric + statistic,
    error_rate: String.raw`(?:${["error_rate", ...shares].join("|")}|http_req_failed:?\s+rate)`,
    rate: "rate",
    count: "count",
  };
  const step = about === "run" ? "" : String.raw`(?:[^\s<>=!]+\s+)?`;
  const sign = String.raw`\s*(?:[<>]=?|[=!]={1,2})\s*`;
  const baseline = String.raw`baseline(?:\s*\*\s*(?=[\d.]*[1-9])\d+(?:\.\d+)?)?`;
  const whole = Object.entries(measures).map(([kind, measure]) => {
    const { pattern } = LIMITS[kind as keyof typeof measures];
    return `${step}${measure}${sign}(?:${pattern}|${baseline})`;
  });
  return String.raw`^\s*(?:${whole.join("|")})\s*$`;
}

/** Thrown within this file alone: leaves the parser at the first thing it cannot read. */
class Misread {
  readonly #word: Word;
  readonly #message: string;
  readonly #hint: string | undefined;

  constructor(word: Word, message: string, hint?: string) {
    this.#word = word;
    this.#message = message;
    this.#hint = hint;
  }

  toResult(): MisreadThreshold {
    const { at, text } = this.#word;
    const hint = this.#hint === undefined ? {} : { hint: this.#hint };
    return { ok: false, message: `threshold ${this.#message}`, at, length: text.length, ...hint };
  }
}

function wordsOf(text: string): Word[] {
  return [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], at: match.index }));
}

function trimmed(text: string, at: number): Word {
  return { text: text.trim(), at: at + text.length - text.trimStart().length };
}

interface Measured {
  readonly step?: string | undefined;
  readonly measure: Measure;
}

/** What a threshold may name. */
interface Names {
  readonly steps: readonly string[] | undefined;
  readonly own: FlowMeasures;
}

function parseMeasure(words: readonly Word[], whole: Word, names: Names): Measured {
  const last = words.at(-1);
  if (last === undefined) throw new Misread(whole, "says nothing of what to compare", EXAMPLE);
  const before = words.slice(0, -1);
  if (last.text === "rate" && /^http_req_failed:?$/.test(before.at(-1)?.text ?? "")) {
    return { step: stepOf(before.slice(0, -1), names), measure: { kind: "error_rate" } };
  }
  const own = ownMeasure(before, last, names.own);
  if (own !== undefined) return { measure: own };
  const kind = PLAIN_MEASURES.find((name) => name === last.text);
  if (kind !== undefined) return { step: stepOf(before, names), measure: { kind } };
  const statistic = parseStatistic(last, names.own);
  const metric = DURATION_METRICS.find((name) => name === before.at(-1)?.text);
  const step = stepOf(metric === undefined ? before : before.slice(0, -1), names);
  return { step, measure: { kind: "duration", metric: metric ?? "response_time", ...statistic } };
}

/** `propagation p95`, `wrong count`, `reset_share`: the scenario's, and no step's. */
function ownMeasure(
  before: readonly Word[],
  last: Word,
  { durations = {}, counters = {}, shares = {} }: FlowMeasures,
): Measure | undefined {
  const share = entryOf(shares, last.text);
  const name = before.at(-1)?.text ?? "";
  const measure = (): Measure | undefined => {
    if (share) return { kind: "share", name: last.text, of: share.of, among: share.among };
    if (Object.hasOwn(counters, name) && last.text === "count") return { kind: "counter", name };
    if (!Object.hasOwn(durations, name)) return undefined;
    return { kind: "observed", name, ...parseStatistic(last, {}) };
  };
  const found = measure();
  const extra = share ? before[0] : before.length > 1 ? before[0] : undefined;
  if (found === undefined || extra === undefined) return found;
  const hint = "what a flow measures itself is the scenario's, not a step's";
  throw new Misread(extra, `has an unexpected word "${extra.text}"`, hint);
}

function entryOf<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

function stepOf(words: readonly Word[], { steps, own }: Names): string | undefined {
  const [word, extra] = words;
  if (extra !== undefined) {
    const metrics = `write [step] [metric] statistic; metrics: ${DURATION_METRICS.join(", ")}`;
    throw new Misread(extra, `has an unexpected word "${extra.text}"`, metrics);
  }
  if (word === undefined || steps === undefined || steps.includes(word.text)) return word?.text;
  if (steps.length === 0) {
    const hint = "a step's threshold belongs to its scenario";
    throw new Misread(word, `of the whole run cannot name a step: got "${word.text}"`, hint);
  }
  if (Object.hasOwn(own.counters ?? {}, word.text)) {
    const hint = `write \`${word.text} count\``;
    throw new Misread(word, `asks for more of ${word.text} than its count`, hint);
  }
  const ownNames = [own.durations, own.counters].flatMap((names) => Object.keys(names ?? {}));
  const hint = didYouMean(word.text, [...steps, ...DURATION_METRICS, ...ownNames]);
  throw new Misread(word, `names neither a step of this flow nor a metric: "${word.text}"`, hint);
}

function parseStatistic(word: Word, own: FlowMeasures): Statistic {
  const { text } = word;
  if (text === "min" || text === "avg" || text === "max") return { stat: text };
  if (text === "med") return { stat: "percentile", percentile: 50 };
  const [, bare, bracketed] = /^p(?:(\d+(?:\.\d+)?)|\((\d+(?:\.\d+)?)\))$/.exec(text) ?? [];
  const percentile = Number(bare ?? bracketed);
  if (percentile <= 100) return { stat: "percentile", percentile };
  if (percentile > 100) {
    const hint = /^p99\d+$/.test(text) ? `did you mean \`p99.${text.slice(3)}\`?` : undefined;
    throw new Misread(word, `has a percentile above 100: got "${text}"`, hint);
  }
  if (Object.hasOwn(own.counters ?? {}, text)) {
    throw new Misread(word, `does not say what of ${text}`, `write \`${text} count\``);
  }
  const ownDurations = Object.keys(own.durations ?? {});
  if ([...DURATION_METRICS, ...ownDurations].includes(text)) {
    throw new Misread(word, `does not say which statistic of ${text}`, `write \`${text} p95\``);
  }
  const hint = didYouMean(text, [
    ...STATISTICS,
    ...PLAIN_MEASURES,
    ...Object.keys(own.shares ?? {}),
  ]);
  throw new Misread(word, `has no measure called "${text}"`, hint);
}

function parseLimit(word: Word, measure: Measure): Limit {
  const baseline = /^baseline(?:\s*\*\s*(\d+(?:\.\d+)?))?$/.exec(word.text);
  if (baseline !== null) return { kind: "baseline", factor: baselineFactor(word, baseline[1]) };
  if (word.text.startsWith("baseline")) {
    const hint = "write `baseline * 1.10`";
    throw new Misread(word, `has a limit that cannot be read: "${word.text}"`, hint);
  }
  const { parse, wanted } = LIMITS[measure.kind];
  const value = parse(word.text);
  if (value !== undefined) return { kind: "absolute", value };
  throw new Misread(
    word,
    `needs ${wanted} as its limit: got "${word.text}"`,
    limitHint(word, measure),
  );
}

function baselineFactor(word: Word, text: string | undefined): number {
  const factor = Number(text ?? 1);
  if (factor > 0) return factor;
  throw new Misread(word, `has a factor that must be more than 0: got "${word.text}"`);
}

interface LimitReader {
  readonly parse: (text: string) => number | undefined;
  readonly wanted: string;
  /** Takes what `parse` takes. */
  readonly pattern: string;
}

const TIME_LIMIT: LimitReader = {
  parse: (text) => isPlainNumber(text) ? Number(text) : parseDuration(text),
  wanted: "a duration such as 500ms or 2s",
  pattern: String.raw`(?:\d+(?:\.\d+)?|${DURATION_PATTERN})`,
};
const SHARE_LIMIT: LimitReader = {
  parse: parseShare,
  wanted: "a percentage up to 100% or a share up to 1",
  pattern: SHARE_PATTERN,
};
const COUNT_LIMIT: LimitReader = {
  parse: (text) => /^\d+$/.test(text) ? Number(text) : undefined,
  wanted: "a whole number",
  pattern: String.raw`\d+`,
};

const LIMITS: Readonly<Record<Measure["kind"], LimitReader>> = {
  duration: TIME_LIMIT,
  observed: TIME_LIMIT,
  error_rate: SHARE_LIMIT,
  share: SHARE_LIMIT,
  rate: { parse: parseRate, wanted: "a rate such as 49/s", pattern: RATE_PATTERN },
  count: COUNT_LIMIT,
  counter: COUNT_LIMIT,
};

function isPlainNumber(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text);
}

function limitHint({ text }: Word, { kind }: Measure): string | undefined {
  if ((kind === "error_rate" || kind === "share") && isPlainNumber(text)) {
    return `did you mean \`${text}%\`?`;
  }
  if (kind !== "rate" || !isPlainNumber(text) && !text.endsWith("%")) return undefined;
  // k6 calls its error rate `rate`, and always compares it with a share.
  if (text.endsWith("%") || Number(text) < 1) return `did you mean \`error_rate < ${text}\`?`;
  return `did you mean \`${text}/s\`?`;
}
