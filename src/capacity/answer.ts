/** What a search ends with, as it stands in a result's JSON, and as sentences. */
import { z } from "zod";
import { formatPercent, formatRate, formatSeconds } from "../metrics/format.ts";
import type { Decided } from "./decision.ts";
import { type LevelResult, PURPOSES } from "./level.ts";
import type { Refusal, Usl } from "./usl.ts";

export interface Confirmation {
  readonly level: number;
  readonly decision: Decided["decision"];
  readonly by: Decided["by"];
}

export interface Recovery {
  /** Half the answer, after the highest level. */
  readonly level: number;
  /** Until it was within its limits for good; null: not while it was watched. */
  readonly afterMs: number | null;
}

export interface Answer {
  /** The highest level at which the limits hold, in the scale's own unit; 0 where none does. */
  readonly knee: number;
  readonly low: number;
  /** Null where nothing broke the server. */
  readonly high: number | null;
  /** Of `low` to `high` as an interval, 0.95; null where no curve was fitted: they are bounds, of no known probability. */
  readonly confidence: number | null;
  /** It holds `knee`, and more was not offered or could not be: up to where `high` broke the server, if that did. */
  readonly atLeast: boolean;
  /** Who gave out above the answer; `none`: nobody. */
  readonly who: "server" | "generator" | "none";
  readonly why: string;
  /** It was a limit of policy. */
  readonly limiter: boolean;
  /** All but `found`: the search would have gone on. `down`: the server did not work any more. */
  readonly ended: "found" | "time" | "interrupted" | "down";
  /** The last longer level at the answer; null where there was no time for one. */
  readonly confirmed: Confirmation | null;
  /** Null where the server did not give out. */
  readonly recovery: Recovery | null;
  readonly elapsedMs: number;
  /** As they were run. */
  readonly levels: readonly LevelResult[];
  readonly usl: Usl | Refusal;
}

/** The interval's lower end; or, where few levels make that wide, the highest level that held below all that did not. */
export function lowestHeld({ knee, low, levels }: Answer): number {
  const tried = levels.filter(({ purpose }) => purpose !== "recover");
  const isHeld = ({ decision, who }: LevelResult): boolean =>
    decision === "holds" && who === "none";
  const failed = Math.min(
    ...tried.filter((each) => each.who !== "generator" && !isHeld(each)).map(({ level }) => level),
  );
  const held = tried.filter((each) => isHeld(each) && each.level < failed).map(({ level }) =>
    level
  );
  return Math.min(knee, Math.max(low, ...held));
}

/** `95 %: 134/s to 140/s`, or `between 134/s and 140/s` where that is no interval; undefined where there is neither. */
export function intervalText({ knee, low, high, confidence, atLeast }: Answer): string | undefined {
  if (knee === 0 || atLeast || high === null) return undefined;
  const [from, to] = [formatRate(low), formatRate(high)];
  return confidence === null
    ? `between ${from} and ${to}`
    : `${formatPercent(confidence)}: ${from} to ${to}`;
}

/** The answer in sentences, the most important first. */
export function answerSentences(answer: Answer): string[] {
  return [
    headline(answer),
    ...(answer.ended === "down" ? [downText(answer)] : []),
    ...(answer.knee > 0 ? [confirmationText(answer)] : []),
    ...(answer.recovery ? [recoveryText(answer.recovery)] : []),
    ...(answer.ended === "time"
      ? [
        `The time was over after ${
          formatSeconds(answer.elapsedMs / 1000)
        }, before all was tried: allow more for a narrower answer.`,
      ]
      : []),
    ...(answer.ended === "interrupted" ? ["It was interrupted before all was tried."] : []),
  ];
}

function downText({ levels }: Answer): string {
  const last = levels.at(-1);
  const after = last === undefined ? "" : ` after ${formatRate(last.level)}`;
  return `The server did not work once within half a minute${after}, so nothing more was tried.`;
}

function headline(answer: Answer): string {
  const { knee, high, atLeast, who, why, limiter } = answer;
  if (knee === 0 && who === "generator") {
    return `No level was found at which the limits hold: the generator gave out, not the server: ${why}.`;
  }
  if (knee === 0) {
    const found = who === "none" ? "was not decided" : "was already too much";
    const tried = high === null ? "" : ` ${formatRate(high)} ${found}:`;
    return `No level was found at which the limits hold.${tried} ${why}.`;
  }
  if (atLeast) {
    const most = high === null ? "" : ` and less than ${formatRate(high)}`;
    const where = high === null ? "above that, not the server" : "between the two";
    const reason = who === "generator" ? `the generator gave out ${where}: ${why}` : why;
    return `The server holds at least ${formatRate(knee)}${most}: ${reason}.`;
  }
  const above = who === "none"
    ? "nothing was decided"
    : limiter
    ? "a limiter stops it"
    : "the server gives out";
  return `The server holds ${formatRate(knee)} (${
    intervalText(answer)
  }). Above that ${above}: ${why}.`;
}

function confirmationText({ confirmed }: Answer): string {
  if (confirmed === null) return "No longer level confirms it.";
  const level = formatRate(confirmed.level);
  if (confirmed.decision === "holds") return `A longer level of ${level} held.`;
  if (confirmed.decision === "undecided") return `A longer level of ${level} was not decided.`;
  return confirmed.by === "point"
    ? `A longer level of ${level} was at the very limit.`
    : `A longer level of ${level} broke: read the answer as an upper bound.`;
}

function recoveryText({ level, afterMs }: Recovery): string {
  if (afterMs === null) {
    return `After the highest level it did not recover while ${
      formatRate(level)
    } went on: what was overloaded once stays so.`;
  }
  return `After the highest level it was within its limits again after ${
    formatSeconds(afterMs / 1000)
  } of ${formatRate(level)}.`;
}

const amount = z.number().min(0);
const share = amount.max(1);
const who = z.enum(["server", "generator", "none"]);
const decision = z.enum(["holds", "broken", "undecided"]);
const by = z.enum(["test", "backlog", "dropped", "point", "calm", "no_samples"]);
const interval = z.object({ low: amount, high: amount });

const levelSchema = z.object({
  level: amount,
  purpose: z.enum(PURPOSES),
  offered_per_s: amount,
  achieved_per_s: amount,
  p50_ms: amount.nullable(),
  p95_ms: amount.nullable(),
  p99_ms: amount.nullable(),
  in_flight: amount,
  error_rate: share.nullable().describe("null: nothing was answered"),
  duration_ms: amount,
  elapsed_ms: amount,
  decision,
  by,
  reason: z.string(),
  who,
  why: z.string(),
  sure: z.boolean(),
  limiter: z.boolean(),
  limits: z.array(z.object({
    text: z.string(),
    allowed: share,
    beyond: amount,
    of: amount,
    design_effect: z.number().min(1),
    evidence: z.number(),
    decision,
  })),
  calm_after_ms: amount.nullable(),
  steady_per_s: amount,
});

const uslSchema = z.union([
  z.object({ refused: z.string() }),
  z.object({
    lambda: amount,
    sigma: amount,
    kappa: amount,
    intervals: z.object({ lambda: interval, sigma: interval, kappa: interval }),
    r_squared: z.number().max(1),
    peak: z.object({ in_flight: amount, per_s: amount }).nullable(),
  }),
]);

/** `answer` of a capacity result; keys are snake_case as in summary.json. */
export const answerSchema = z.object({
  knee: amount,
  low: amount,
  high: amount.nullable(),
  confidence: share.nullable().describe(
    "Of low to high as an interval; null: they are bounds, of no known probability",
  ),
  at_least: z.boolean(),
  who,
  why: z.string(),
  limiter: z.boolean(),
  ended: z.enum(["found", "time", "interrupted", "down"]),
  confirmed: z.object({ level: amount, decision, by }).nullable(),
  recovery: z.object({ level: amount, after_ms: amount.nullable() }).nullable(),
  elapsed_ms: amount,
  levels: z.array(levelSchema),
  usl: uslSchema,
});
export type AnswerJson = z.infer<typeof answerSchema>;

/** All keys are the schema's, and nothing else is in it. */
export function answerJson(answer: Answer): AnswerJson {
  return answerSchema.parse(snakeCased(answer));
}

function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCased(inner),
    ]),
  );
}
