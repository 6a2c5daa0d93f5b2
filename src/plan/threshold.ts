/**
 * A threshold as data, and its grammar. Its evaluation is `verdict/thresholds.ts`.
 *
 *     threshold  = measure comparison limit
 *     measure    = [ step ] [ metric ] statistic          p95, directory p95, directory connect p95, lag p99
 *                | [ step ] ( "error_rate" | "rate" | "count" )
 *                | "http_req_failed" [ ":" ] "rate"       k6's spelling of error_rate
 *     metric     = one of DURATION_METRICS; response_time when left out
 *     statistic  = "min" | "avg" | "med" | "max" | "p" number | "p(" number ")"
 *     comparison = "<" | "<=" | ">" | ">=" | "==" | "!="
 *     limit      = "baseline" [ "*" number ]
 *                | number [ unit ]
 *
 * A duration's limit has a unit (`500ms`) or is in milliseconds (`p(95)<2000`, as in k6); a rate's is per time (`49/s`);
 * an error rate's is a percentage or a share (`1%`, `0.01`); a count is a whole number.
 */
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

/** What is compared: a statistic of a duration, or a plain number of the scenario. */
export type Measure =
  | {
    readonly kind: "duration";
    readonly metric: DurationMetric;
    readonly stat: "min" | "avg" | "max" | "percentile";
    /** 0..100, for `percentile` only. */
    readonly percentile?: number;
  }
  /** Failed share of all iterations (requests, for a step), 0..1. */
  | { readonly kind: "error_rate" }
  /** Completed iterations (requests) per second. */
  | { readonly kind: "rate" }
  /** Completed iterations (requests). */
  | { readonly kind: "count" };

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
 * known, and then any name passes.
 */
export function parseThreshold(
  text: string,
  steps: readonly string[] | undefined,
): ParsedThreshold | MisreadThreshold {
  const [, left = "", sign, right = ""] = /^([^<>=!]*)([<>]=?|[=!]={1,2})?(.*)$/s.exec(text) ?? [];
  try {
    if (sign === undefined) throw new Misread(trimmed(text, 0), "has no comparison", EXAMPLE);
    const { step, measure } = parseMeasure(wordsOf(left), trimmed(text, 0), steps);
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
 * is any word.
 */
export function thresholdPattern(about: "scenario" | "run"): string {
  const percentile = String.raw`0*(?:100(?:\.0+)?|\d{1,2}(?:\.\d+)?)`;
  const statistic = String.raw`(?:min|avg|med|max|p${percentile}|p\(${percentile}\))`;
  const metric = String.raw`(?:(?:${DURATION_METRICS.join("|")})\s+)?`;
  const measures: Record<Measure["kind"], string> = {
    duration: metric + statistic,
    error_rate: String.raw`(?:error_rate|http_req_failed:?\s+rate)`,
    rate: "rate",
    count: "count",
  };
  const step = about === "run" ? "" : String.raw`(?:[^\s<>=!]+\s+)?`;
  const sign = String.raw`\s*(?:[<>]=?|[=!]={1,2})\s*`;
  const baseline = String.raw`baseline(?:\s*\*\s*(?=[\d.]*[1-9])\d+(?:\.\d+)?)?`;
  const whole = Object.entries(measures).map(([kind, measure]) => {
    const { pattern } = LIMITS[kind as Measure["kind"]];
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

function parseMeasure(
  words: readonly Word[],
  whole: Word,
  steps: readonly string[] | undefined,
): Measured {
  const last = words.at(-1);
  if (last === undefined) throw new Misread(whole, "says nothing of what to compare", EXAMPLE);
  const before = words.slice(0, -1);
  if (last.text === "rate" && /^http_req_failed:?$/.test(before.at(-1)?.text ?? "")) {
    return { step: stepOf(before.slice(0, -1), steps), measure: { kind: "error_rate" } };
  }
  const kind = PLAIN_MEASURES.find((name) => name === last.text);
  if (kind !== undefined) return { step: stepOf(before, steps), measure: { kind } };
  const statistic = parseStatistic(last);
  const metric = DURATION_METRICS.find((name) => name === before.at(-1)?.text);
  const step = stepOf(metric === undefined ? before : before.slice(0, -1), steps);
  return { step, measure: { kind: "duration", metric: metric ?? "response_time", ...statistic } };
}

function stepOf(words: readonly Word[], steps: readonly string[] | undefined): string | undefined {
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
  const hint = didYouMean(word.text, [...steps, ...DURATION_METRICS]);
  throw new Misread(word, `names neither a step of this flow nor a metric: "${word.text}"`, hint);
}

type Statistic = Pick<Measure & { kind: "duration" }, "stat" | "percentile">;

function parseStatistic(word: Word): Statistic {
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
  if (DURATION_METRICS.some((metric) => metric === text)) {
    throw new Misread(word, `does not say which statistic of ${text}`, `write \`${text} p95\``);
  }
  const hint = didYouMean(text, [...STATISTICS, ...PLAIN_MEASURES]);
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

const LIMITS: Readonly<Record<Measure["kind"], LimitReader>> = {
  duration: {
    parse: (text) => isPlainNumber(text) ? Number(text) : parseDuration(text),
    wanted: "a duration such as 500ms or 2s",
    pattern: String.raw`(?:\d+(?:\.\d+)?|${DURATION_PATTERN})`,
  },
  error_rate: {
    parse: parseShare,
    wanted: "a percentage up to 100% or a share up to 1",
    pattern: SHARE_PATTERN,
  },
  rate: { parse: parseRate, wanted: "a rate such as 49/s", pattern: RATE_PATTERN },
  count: {
    parse: (text) => /^\d+$/.test(text) ? Number(text) : undefined,
    wanted: "a whole number",
    pattern: String.raw`\d+`,
  },
};

function isPlainNumber(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text);
}

function limitHint({ text }: Word, { kind }: Measure): string | undefined {
  if (kind === "error_rate" && isPlainNumber(text)) return `did you mean \`${text}%\`?`;
  if (kind !== "rate" || !isPlainNumber(text) && !text.endsWith("%")) return undefined;
  // k6 calls its error rate `rate`, and always compares it with a share.
  if (text.endsWith("%") || Number(text) < 1) return `did you mean \`error_rate < ${text}\`?`;
  return `did you mean \`${text}/s\`?`;
}
