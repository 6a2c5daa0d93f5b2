/**
 * Quantities with their units, as people write them in a plan: text -> number and back. This is the one place where
 * units are converted. Durations become milliseconds, rates become arrivals per second, shares become 0..1.
 */
import { z } from "zod";

interface Quantity {
  /** undefined when the text is not such a quantity; the schema says what was wanted. */
  readonly parse: (text: string) => number | undefined;
  /** `parse(format(value))` is `value`, to nine digits. */
  readonly format: (value: number) => string;
  /** Goes into "must be ...". */
  readonly wanted: string;
  /** The unit to offer to whoever left it out. */
  readonly usualUnit: string;
  /** For editors: takes what `parse` takes. */
  readonly pattern: string;
}

const NUMBER = String.raw`(?:\d+(?:\.\d*)?|\.\d+)`;

const UNIT_MS = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  min: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
} as const;
/** Longest that makes sense anywhere in a plan (a certificate's lifetime); keeps the arithmetic exact. */
const LONGEST_MS = 100 * 365 * UNIT_MS.d;
const DURATION_PART = `${NUMBER} ?(?:us|ms|s|min|m|h|d)`;
/** Parts of regular expressions for editors: they take what the parsers take, and a little more. */
export const DURATION_PATTERN = `(?:0|${DURATION_PART}(?: ?${DURATION_PART})*)`;
export const RATE_PATTERN = `${NUMBER} ?/ ?(?:s|sec|min|m|h)`;
export const SHARE_PATTERN = String.raw`(?:0*(?:100(?:\.0*)?|\d{1,2}(?:\.\d*)?|\.\d+) ?%|` +
  String.raw`0+(?:\.\d*)?|\.\d+|0*1(?:\.0*)?)`;
const DURATION = new RegExp(`^${DURATION_PATTERN}$`);

/** `300ms`, `5s`, `1.5h`, `1h30m` -> milliseconds. Units go from large to small; `0` needs none. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!DURATION.test(text)) return undefined;
  let totalMs = 0;
  let lastUnitMs = Infinity;
  for (const [, amount = "", unit = ""] of text.matchAll(/([\d.]+) ?([a-z]+)/g)) {
    const unitMs = UNIT_MS[unit as keyof typeof UNIT_MS];
    if (unitMs >= lastUnitMs) return undefined;
    lastUnitMs = unitMs;
    totalMs += tidy(Number(amount) * unitMs);
  }
  return totalMs <= LONGEST_MS ? totalMs : undefined;
}

/** Milliseconds -> `300ms`, `5s`, `1h30m`. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return "0s";
  if (durationMs < 1) return `${tidy(durationMs * 1000)}us`;
  if (durationMs < 1000) return `${tidy(durationMs)}ms`;
  let restMs = durationMs;
  let text = "";
  for (const unit of ["d", "h", "m"] as const) {
    const unitMs = UNIT_MS[unit];
    const whole = Math.floor(restMs / unitMs);
    if (whole > 0) text += whole + unit;
    restMs -= whole * unitMs;
  }
  const seconds = tidy(restMs / 1000);
  return seconds > 0 ? `${text}${seconds}s` : text;
}

const UNIT_S = { s: 1, sec: 1, min: 60, m: 60, h: 3600 } as const;
const RATE = new RegExp(`^(${NUMBER}) ?/ ?(s|sec|min|m|h)$`);
const HIGHEST_PER_S = 10_000_000;

/** `50/s`, `100/min`, `3000/h`, `0.5/s` -> per second. */
export function parseRate(text: string): number | undefined {
  const [, amount, unit] = RATE.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  const perS = Number(amount) / UNIT_S[unit as keyof typeof UNIT_S];
  return perS <= HIGHEST_PER_S ? perS : undefined;
}

/** Per second -> the first of `/s`, `/min`, `/h` in which it is a short number. */
export function formatPlanRate(perS: number): string {
  const isShort = (amount: number): boolean =>
    Math.abs(amount - Math.round(amount * 100) / 100) <= 1e-12 * amount;
  for (const unit of ["s", "min", "h"] as const) {
    const amount = perS * UNIT_S[unit];
    if (isShort(amount)) return `${Math.round(amount * 100) / 100}/${unit}`;
  }
  return `${decimal(perS)}/s`;
}

/** `1%` -> 0.01; without a sign the number is the share itself: `0.01`. Between 0 and 1. */
export function parseShare(text: string): number | undefined {
  const [, amount, percent] = new RegExp(`^(${NUMBER}) ?(%?)$`).exec(text) ?? [];
  if (amount === undefined) return undefined;
  const share = percent ? tidy(Number(amount) / 100) : Number(amount);
  return share <= 1 ? share : undefined;
}

/** 0.3 -> `30%` */
export function formatShare(share: number): string {
  return `${decimal(share * 100)}%`;
}

/** Takes the noise of binary fractions off: 0.1 * 3 -> 0.3. */
function tidy(value: number): number {
  return Number(value.toPrecision(14));
}

/** Never in exponent form, which no parser here takes. */
function decimal(value: number): string {
  const text = String(tidy(value));
  return text.includes("e") ? value.toFixed(20).replace(/\.?0+$/, "") : text;
}

const DURATIONS: Quantity = {
  parse: parseDuration,
  format: formatDuration,
  wanted: "a duration such as 300ms, 30s or 1h30m",
  usualUnit: "s",
  pattern: DURATION_PATTERN,
};

const RATES: Quantity = {
  parse: parseRate,
  format: formatPlanRate,
  wanted: "a rate such as 50/s, 100/min or 3000/h",
  usualUnit: "/s",
  pattern: RATE_PATTERN,
};

const SHARES: Quantity = {
  parse: parseShare,
  format: formatShare,
  wanted: "a share such as 50% or 0.5",
  usualUnit: "%",
  pattern: SHARE_PATTERN,
};

type QuantitySchema = z.ZodCodec<z.ZodUnion<[z.ZodString, z.ZodNumber]>, z.ZodNumber>;

/** Schema of a duration; its output is milliseconds. Flows use it for their options. */
export function duration(): QuantitySchema {
  return quantity(DURATIONS);
}

/** Schema of a rate; its output is per second. */
export function rate(): QuantitySchema {
  return quantity(RATES);
}

/** Schema of a share; its output is 0..1. */
export function share(): QuantitySchema {
  return quantity(SHARES);
}

/** Schema of a share that is less than the whole; its output is 0 to 1. */
export function shareBelowOne(): QuantitySchema {
  const text = { type: "string", pattern: `^\\s*(?:${SHARE_PATTERN})\\s*$` };
  const number = { type: "number", minimum: 0, exclusiveMaximum: 1 };
  return quantity(SHARES).refine((value) => value < 1, { error: "must be less than 100%" })
    .meta({ anyOf: [text, number] }) as QuantitySchema;
}

export function durationAboveZero(): QuantitySchema {
  return aboveZero(DURATIONS);
}

export function rateAboveZero(): QuantitySchema {
  return aboveZero(RATES);
}

function aboveZero(quantityOf: Quantity): QuantitySchema {
  return quantity(quantityOf).refine((value) => value > 0, { error: "must be more than 0" })
    .meta(jsonOf(`(?=.*[1-9])${quantityOf.pattern}`)) as QuantitySchema;
}

function quantity({ parse, format, wanted, usualUnit, pattern }: Quantity): QuantitySchema {
  const text = z.union([z.string(), z.number()], { error: `must be ${wanted}` });
  return z.codec(text, z.number(), {
    decode: (given, { issues }) => {
      const value = parse(String(given).trim());
      if (value !== undefined) return value;
      const unitless = /^\d+(\.\d+)?$/.test(String(given));
      issues.push({
        code: "custom",
        input: given,
        message: `must be ${wanted}`,
        params: unitless ? { instead: `${given}${usualUnit}` } : {},
      });
      return z.NEVER;
    },
    encode: format,
  }).meta(jsonOf(pattern)) as QuantitySchema;
}

/** As JSON Schema; the number 0 is the one that needs no unit, where the pattern takes it. */
function jsonOf(pattern: string): Record<string, unknown> {
  const text = { type: "string", pattern: `^\\s*(?:${pattern})\\s*$` };
  return { anyOf: new RegExp(`^(?:${pattern})$`).test("0") ? [text, { const: 0 }] : [text] };
}
