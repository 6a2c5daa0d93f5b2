/**
 * The Prometheus text exposition format, version 0.0.4, as far as reading a server's metrics needs it: names, labels,
 * values and declared types. A line that cannot be read is left out: a server's oddity must not cost the rest.
 */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly samples: readonly MetricSample[];
  /** Declared by `# TYPE`. */
  readonly types: ReadonlyMap<string, string>;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

export function parseExposition(text: string): Exposition {
  const samples: MetricSample[] = [];
  const types = new Map<string, string>();
  for (const line of text.split("\n")) {
    const declared = /^#\s*TYPE\s+(\S+)\s+(\S+)/.exec(line);
    if (declared?.[1] && declared[2]) types.set(declared[1], declared[2]);
    else if (!line.startsWith("#")) {
      const sample = parseSample(line);
      if (sample !== undefined) samples.push(sample);
    }
  }
  return { samples, types };
}

function parseSample(line: string): MetricSample | undefined {
  const match = SAMPLE.exec(line);
  if (match === null) return undefined;
  const [, name = "", labelText = "", number = ""] = match;
  const value = parseValue(number);
  if (value === undefined) return undefined;
  const labels = Array.from(
    labelText.matchAll(LABEL),
    ([, key = "", text = ""]) => [key, unescape(text)],
  );
  return { name, labels: Object.fromEntries(labels), value };
}

function parseValue(text: string): number | undefined {
  if (/^[+-]?Inf$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, escaped) => escaped === "n" ? "\n" : escaped);
}
