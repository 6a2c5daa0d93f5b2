/**
 * Prometheus' text exposition format 0.0.4 and OpenMetrics 1.0, which is nearly the same: names, labels, values and
 * declared types. Timestamps (milliseconds in the one, seconds with a fraction in the other), exemplars and help are
 * passed over. A line that is neither is counted: a server's oddity must not cost the rest, nor be hushed up.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/ and
 * https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** NaN, as for a quantile of nothing, and the infinities are values too. */
  readonly value: number;
}

export interface Exposition {
  readonly samples: readonly MetricSample[];
  /** Of metric families, by `# TYPE`. OpenMetrics declares `jobs` and counts in `jobs_total`. */
  readonly types: ReadonlyMap<string, string>;
  /** Lines that could not be read: how many, and the first. */
  readonly unread: { readonly count: number; readonly first?: string };
  /** `# EOF` was met, with which OpenMetrics ends a whole text. */
  readonly ended: boolean;
}

/** Tokens, each tried where the last one ended, so that no line takes longer than its length. */
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const BLANK = /[ \t]*/y;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"/y;
const WORD = /[^ \t]+/y;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

export function parseExposition(text: string): Exposition {
  const samples: MetricSample[] = [];
  const types = new Map<string, string>();
  const unread: string[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (line === "# EOF") return expositionOf(samples, types, unread, true);
    const declared = /^#[ \t]*TYPE[ \t]+(\S+)[ \t]+(\S+)/.exec(line);
    if (declared?.[1] && declared[2]) types.set(declared[1], declared[2]);
    else if (line.trim() !== "" && !line.startsWith("#")) {
      const sample = parseSample(line.trimStart());
      if (sample !== undefined) samples.push(sample);
      else unread.push(line);
    }
  }
  return expositionOf(samples, types, unread, false);
}

function expositionOf(
  samples: MetricSample[],
  types: Map<string, string>,
  unread: readonly string[],
  ended: boolean,
): Exposition {
  const [first] = unread;
  return {
    samples,
    types,
    unread: { count: unread.length, ...(first === undefined ? {} : { first }) },
    ended,
  };
}

/** `name {labels} value [timestamp] [# {labels} value [timestamp]]` */
function parseSample(line: string): MetricSample | undefined {
  const scanner = new Scanner(line);
  const name = scanner.take(NAME)?.[0];
  const afterName = scanner.at;
  const labels = parseLabels(scanner);
  const value = parseNumber(scanner);
  const separate = labels !== NONE || line[afterName] === " " || line[afterName] === "\t";
  if (name === undefined || labels === undefined || value === undefined || !separate) {
    return undefined;
  }
  parseNumber(scanner);
  if (scanner.takeText("#")) {
    const exemplar = parseLabels(scanner);
    if (exemplar === undefined || exemplar === NONE || parseNumber(scanner) === undefined) {
      return undefined;
    }
    parseNumber(scanner);
  }
  return scanner.atEnd() ? { name, labels, value } : undefined;
}

class Scanner {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** What a sticky expression finds here, blanks before it passed over; else nothing is taken but the blanks. */
  take(token: RegExp): RegExpExecArray | undefined {
    BLANK.lastIndex = this.at;
    BLANK.exec(this.#text);
    this.at = token.lastIndex = BLANK.lastIndex;
    const match = token.exec(this.#text) ?? undefined;
    if (match) this.at = token.lastIndex;
    return match;
  }

  takeText(text: string): boolean {
    this.take(BLANK);
    const there = this.#text.startsWith(text, this.at);
    if (there) this.at += text.length;
    return there;
  }

  atEnd(): boolean {
    this.take(BLANK);
    return this.at === this.#text.length;
  }

  back(at: number): undefined {
    this.at = at;
  }
}

const NONE: Readonly<Record<string, string>> = {};

/** `NONE` where there are no braces; undefined where something in them is no label. The last may have a comma too. */
function parseLabels(scanner: Scanner): Readonly<Record<string, string>> | undefined {
  if (!scanner.takeText("{")) return NONE;
  const labels: [string, string][] = [];
  while (!scanner.takeText("}")) {
    const label = scanner.take(LABEL);
    if (label === undefined) return undefined;
    labels.push([label[1] ?? "", unescape(label[2] ?? "")]);
    if (!scanner.takeText(",")) {
      return scanner.takeText("}") ? Object.fromEntries(labels) : undefined;
    }
  }
  return Object.fromEntries(labels);
}

function parseNumber(scanner: Scanner): number | undefined {
  const before = scanner.at;
  const value = parseValue(scanner.take(WORD)?.[0] ?? "");
  return value ?? scanner.back(before);
}

/** As Go reads a decimal number; undefined for what is none. */
export function parseValue(text: string): number | undefined {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  return NUMBER.test(text) ? Number(text) : undefined;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, (_, escaped) => escaped === "n" ? "\n" : escaped);
}
