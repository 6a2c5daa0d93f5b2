/**
 * A summary at the end of a machine's log, where nothing else brings it home: packed into lines that are found again
 * among any others, behind any prefix, shards mixed, ended by LF or CRLF.
 *
 *     certload-shard 3-of-8 1f9a0c3e 17-of-203 H4sIAAAA...
 *     certload-shard 3-of-8 1f9a0c3e end-of-203 sha256-1f9a0c3e...
 *
 * The third word is the beginning of the SHA-256 of the gzipped summary, of which each line has 3,000 octets (base64url).
 * No line is longer than what any log takes in one piece, and none has a character that is written otherwise in JSON.
 */
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { formatCount } from "./format.ts";
import { MAX_SUMMARY_BYTES } from "./read_summary.ts";
import type { Summary, SummaryScenario, SummarySeries } from "./summary_schema.ts";
import { MOST_SHARDS, type Shard, shardName } from "../shard.ts";

/** What a line of a packed summary has in it, and no other. */
export const MARK = "certload-shard ";
const LINE_OCTETS = 3_000;
/** Of a whole line, in base64. */
const LINE_CHARACTERS = 4_000;

/** The kubelet rotates a log at 10 MiB, and each line gets a time and a name in front of it. */
export const MAX_LOG_CHARACTERS = 9 * 2 ** 20;
/** In a frame that is taken for one. */
const MAX_LINES = Math.ceil(MAX_LOG_CHARACTERS / LINE_CHARACTERS);

/** What goes to the log, or how long it would be. */
type LogText =
  | { readonly text: string; readonly isWhole: boolean }
  | { readonly tooLong: number };

/**
 * Where the whole does not fit, its slices are left out, and that is noted in it: all counts and histograms are there,
 * so the whole run's percentiles are exact still, and only charts over time and comparisons miss a part.
 */
export function logTextOf(summary: Summary, shard: Shard): LogText {
  const whole = framed(JSON.stringify(summary), shard);
  if (whole.length <= MAX_LOG_CHARACTERS) return { text: whole, isWhole: true };
  const text = framed(JSON.stringify(withoutCourses(summary)), shard);
  return text.length <= MAX_LOG_CHARACTERS ? { text, isWhole: false } : { tooLong: text.length };
}

export const WITHOUT_COURSE =
  "its slices over time did not fit into a log of 10 MiB and are left out; an --out DIR on a volume has them";

function withoutCourses(summary: Summary): Summary {
  const bare = <Series extends SummarySeries>(series: Series): Series => (
    { ...series, course: { width_s: 1, slices: [] } }
  );
  const bareScenario = (scenario: SummaryScenario): SummaryScenario => ({
    ...bare(scenario),
    steps: Object.fromEntries(
      Object.entries(scenario.steps).map(([name, step]) => [name, bare(step)]),
    ),
    gauges: {},
  });
  const { methodology, phases } = summary;
  return {
    ...summary,
    methodology: { ...methodology, notes: [...methodology.notes, WITHOUT_COURSE] },
    phases: Object.fromEntries(
      Object.entries(phases).map(([tier, scenarios]) => [
        tier,
        Object.fromEntries(
          Object.entries(scenarios).map(([name, one]) => [name, bareScenario(one)]),
        ),
      ]),
    ),
  };
}

/** A text in lines for a log, each ended by LF. */
export function framed(text: string, { index, count }: Shard): string {
  const packed = gzipSync(text);
  const sha256 = sha256Of(packed);
  const head = `${MARK}${index}-of-${count} ${sha256.slice(0, 8)} `;
  const total = Math.max(1, Math.ceil(packed.length / LINE_OCTETS));
  const lines = Array.from({ length: total }, (_, at) => {
    const octets = packed.subarray(at * LINE_OCTETS, (at + 1) * LINE_OCTETS);
    const base64 = octets.toBase64({ alphabet: "base64url", omitPadding: true });
    return `${head}${at + 1}-of-${total} ${base64}\n`;
  });
  return `${lines.join("")}${head}end-of-${total} sha256-${sha256}\n`;
}

function sha256Of(octets: Uint8Array): string {
  return createHash("sha256").update(octets).digest("hex");
}

/** What was found whole. */
export interface FoundSummary {
  readonly shard: Shard;
  /** As it was packed. */
  readonly text: string;
}

/** A summary of which some lines have come. */
interface Frame {
  readonly shard: Shard;
  readonly total: number;
  /** What each line has; none once they are put together, or given up. */
  lines: (Uint8Array | undefined)[];
  /** Lines that have not come. */
  left: number;
  octets: number;
  sha256: string | undefined;
  state: "open" | "whole" | "told";
  /** A line differs from what was last put together: another copy of the summary is coming. */
  isNew: boolean;
  /** How often what was put together had the wrong checksum. */
  damaged: number;
}

interface LogLimits {
  /** Octets of unfinished summaries that are kept at once; beyond, the one that has had no line for longest is given up. */
  readonly maxOctets?: number;
}

/** Of a line: beyond, it is none of ours, and is gone through in pieces. */
const MAX_LINE = 65_536;
/** More than a line of ours has. */
const OVERLAP = 8_192;
/** Copies of a summary that are put together before it is given up: each may be some megabytes. */
const MAX_DAMAGED = 16;
/** Different summaries in one log, finished ones included. */
const MAX_FRAMES = 2 * MOST_SHARDS;
const PROBLEMS_KEPT = 1_000;

/**
 * Finds the summaries in logs, fed in pieces of any size; keeps no more than its limits, whatever the logs hold.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const log = new SummaryLog();
 * const lines = framed('{"a":1}', { index: 3, count: 8 });
 * const noisy = lines.replaceAll(/^/gm, "[pod/x] ");
 * assertEquals(log.push(new TextEncoder().encode(`hello\n${noisy}`)), [
 *   { shard: { index: 3, count: 8 }, text: '{"a":1}' },
 * ]);
 * assertEquals(log.end().problems, []);
 * ```
 */
export class SummaryLog {
  readonly #maxOctets: number;
  /** Those that had a line last are last. */
  readonly #frames = new Map<string, Frame>();
  readonly #problems: string[] = [];
  readonly #decoder = new TextDecoder("latin1");
  #rest = "";
  #octets = 0;

  constructor({ maxOctets = 256 * 2 ** 20 }: LogLimits = {}) {
    this.#maxOctets = maxOctets;
  }

  /** The summaries that these octets complete. */
  push(octets: Uint8Array): FoundSummary[] {
    const lines = (this.#rest + this.#decoder.decode(octets, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    const found = lines.flatMap((line) => this.#read(line));
    if (this.#rest.length <= MAX_LINE) return found;
    found.push(...this.#read(this.#rest, { isCut: true }));
    this.#rest = this.#rest.slice(-OVERLAP);
    return found;
  }

  /** The end of all logs: what their last line completes, and of what was not found whole, a sentence each. */
  end(): { readonly found: readonly FoundSummary[]; readonly problems: readonly string[] } {
    const found = this.#read(this.#rest);
    this.#rest = "";
    for (const frame of this.#frames.values()) {
      // Of a copy of a damaged one the end may be missing.
      if (frame.damaged > 0 && frame.isNew) found.push(...[this.#unpack(frame) ?? []].flat());
      if (frame.state !== "open") continue;
      this.#tell(
        `${this.#opening(frame.shard)} ${frame.damaged > 0 ? DAMAGED : missingText(frame)}`,
      );
    }
    return { found, problems: this.#problems };
  }

  #opening(shard: Shard): string {
    return `The summary of ${shardName(shard)} in the log`;
  }

  #tell(problem: string): void {
    if (this.#problems.length < PROBLEMS_KEPT) this.#problems.push(problem);
  }

  /** `isCut`: what reaches up to its end goes on, and is read again with what comes. */
  #read(line: string, { isCut = false } = {}): FoundSummary[] {
    if (!line.includes(MARK)) return [];
    return Array.from(line.matchAll(LINE))
      .filter(({ index, 0: all }) => !isCut || index + all.length < line.length)
      .flatMap((match) => this.#take(match) ?? []);
  }

  #take(match: RegExpMatchArray): FoundSummary | undefined {
    const [, index, count, id, at, of, payload = "", endOf, sha256] = match;
    const shard: Shard = { index: Number(index), count: Number(count) };
    const frame = this.#frameOf(`${index} ${count} ${id}`, shard, Number(of ?? endOf));
    if (frame === undefined || frame.state !== "open") return undefined;
    if (sha256 === undefined) this.#keep(frame, Number(at), payload);
    else {
      frame.isNew ||= frame.sha256 !== sha256;
      frame.sha256 = sha256;
    }
    if (frame.sha256 === undefined || frame.left > 0 || !frame.isNew) return undefined;
    // A copy of one that was damaged is whole with its end.
    return frame.damaged > 0 && sha256 === undefined ? undefined : this.#unpack(frame);
  }

  /** Moved to the end of the line of those that may be given up. */
  #frameOf(name: string, shard: Shard, total: number): Frame | undefined {
    const isShard = shard.index >= 1 && shard.index <= shard.count && shard.count <= MOST_SHARDS;
    if (!isShard || total < 1 || total > MAX_LINES) return undefined;
    const key = `${name} ${total}`;
    const there = this.#frames.get(key);
    if (there === undefined && this.#frames.size >= MAX_FRAMES) return undefined;
    const frame: Frame = there ?? {
      shard,
      total,
      lines: new Array(total).fill(undefined),
      left: total,
      octets: 0,
      sha256: undefined,
      state: "open",
      isNew: true,
      damaged: 0,
    };
    this.#frames.delete(key);
    this.#frames.set(key, frame);
    return frame;
  }

  /** A line of which a part is missing is missing. Of one that comes again the newest counts: the former may be damaged. */
  #keep(frame: Frame, at: number, payload: string): void {
    const isLast = at === frame.total;
    if (at < 1 || at > frame.total) return;
    if (!isLast && payload.length !== LINE_CHARACTERS) return;
    const octets = octetsOf(payload);
    if (octets === undefined) return;
    const former = frame.lines[at - 1];
    frame.isNew ||= former === undefined || !isSame(former, octets);
    frame.lines[at - 1] = octets;
    if (former === undefined) frame.left--;
    const more = octets.length - (former?.length ?? 0);
    frame.octets += more;
    this.#octets += more;
    for (const each of this.#frames.values()) {
      if (this.#octets <= this.#maxOctets) return;
      if (each !== frame && each.state === "open") this.#giveUp(each);
    }
    if (this.#octets > this.#maxOctets) this.#giveUp(frame);
  }

  #giveUp(frame: Frame): void {
    this.#tell(
      `${this.#opening(frame.shard)} was given up after ${
        formatCount(frame.total - frame.left)
      } of ${formatCount(frame.total)} lines, as too many are under way at once: ` +
        "merge fewer logs at a time, or one after the other",
    );
    this.#free(frame, "told");
  }

  #free(frame: Frame, state: Frame["state"]): void {
    this.#octets -= frame.octets;
    frame.lines = [];
    frame.octets = 0;
    frame.state = state;
  }

  #unpack(frame: Frame): FoundSummary | undefined {
    const packed = joined(frame.lines as Uint8Array[], frame.octets);
    const { shard, sha256 } = frame;
    frame.isNew = false;
    if (sha256Of(packed) !== sha256) {
      if (++frame.damaged < MAX_DAMAGED) return undefined;
      this.#free(frame, "told");
      this.#tell(`${this.#opening(shard)} ${DAMAGED}`);
      return undefined;
    }
    this.#free(frame, "told");
    if (frame.damaged > 0) {
      this.#tell(
        `A copy of the summary of ${shardName(shard)} in the log is damaged: another one, ` +
          "which is whole, counts",
      );
    }
    try {
      const octets = gunzipSync(packed, { maxOutputLength: MAX_SUMMARY_BYTES });
      frame.state = "whole";
      return { shard, text: new TextDecoder().decode(octets) };
    } catch {
      this.#tell(`${this.#opening(shard)} is not what certload wrote: it cannot be unpacked`);
      return undefined;
    }
  }
}

const DAMAGED = "is damaged: its checksum is wrong. Take the log again, or the file";

const LINE = new RegExp(
  `${MARK}(\\d{1,5})-of-(\\d{1,5}) ([0-9a-f]{8}) ` +
    `(?:(\\d{1,5})-of-(\\d{1,5}) ([\\w-]{1,${LINE_CHARACTERS}})(?![\\w-])` +
    `|end-of-(\\d{1,5}) sha256-([0-9a-f]{64})(?![0-9a-f]))`,
  "g",
);

function octetsOf(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(base64, { alphabet: "base64url" });
  } catch {
    return undefined;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const GAPS_SHOWN = 3;

/** `is cut off: lines 58 to 203 of 203 are missing, and its end` */
function missingText({ lines, total, sha256 }: Frame): string {
  const gaps: [number, number][] = [];
  lines.forEach((line, at) => {
    if (line !== undefined) return;
    const last = gaps.at(-1);
    if (last?.[1] === at) last[1] = at + 1;
    else gaps.push([at + 1, at + 1]);
  });
  const shown = gaps.slice(0, GAPS_SHOWN)
    .map(([from, to]) => from === to ? `${from}` : `${from} to ${to}`);
  const more = gaps.length > GAPS_SHOWN ? [`${gaps.length - GAPS_SHOWN} more stretches`] : [];
  const isOne = gaps.length === 1 && gaps[0]![0] === gaps[0]![1];
  const parts = [
    ...(gaps.length === 0
      ? []
      : [`${isOne ? "line" : "lines"} ${[...shown, ...more].join(", ")} of ${total}`]),
    ...(sha256 === undefined ? ["its end"] : []),
  ];
  const isSingular = parts.length === 1 && (gaps.length === 0 || isOne);
  return `is not whole, ${parts.join(" and ")} ${isSingular ? "is" : "are"} missing: ` +
    "take the whole log, or the shard's summary.json";
}
