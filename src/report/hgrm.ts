/**
 * HdrHistogram's percentile distribution as text (`.hgrm`), one file for each scenario and step and for each duration that
 * a flow names itself, in milliseconds: what
 * https://hdrhistogram.github.io/HdrHistogram/plotFiles.html and the other tools of that kind read.
 */
import type { Histogram } from "../metrics/histogram.ts";
import { unpacked } from "../metrics/stats.ts";
import type { Summary } from "../metrics/summary_schema.ts";
import { scenariosOf } from "../metrics/scenarios.ts";
import { seriesOf } from "./words.ts";

/**
 * File name (`create.hgrm`, `acme.new_nonce.hgrm`) -> content: percentiles of response times in milliseconds. Series without
 * any are left out.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { readSummary } from "../metrics/read_summary.ts";
 *
 * const file = "docs/examples/summary.json";
 * const summary = readSummary(await Deno.readTextFile(file), file);
 * assert(Object.keys(hgrmFiles(summary)).every((name) => name.endsWith(".hgrm")));
 * ```
 */
export function hgrmFiles(summary: Summary): Record<string, string> {
  const files = scenariosOf(summary).flatMap(([name, data]) => [
    ...seriesOf(name, data).map(({ step, series }) =>
      [[name, step], series.histograms.response_time] as const
    ),
    ...Object.entries(data.observed).map(([own, { histogram }]) =>
      [[name, own], histogram] as const
    ),
  ]);
  return Object.fromEntries(files.flatMap(([parts, packed]): [string, string][] => {
    const histogram = unpacked(packed);
    const file = parts.filter((part) => part !== null).map(fileSafe).join(".");
    return histogram.count === 0 ? [] : [[`${file}.hgrm`, renderHgrm(histogram)]];
  }));
}

/** By hdr-histogram-js: the upper ends of the buckets, and in the footer the exact maximum. */
export function renderHgrm({ hdr }: Histogram): string {
  return hdr.outputPercentileDistribution(5, 1000);
}

function fileSafe(name: string): string {
  return name.replace(/[^\w-]/g, "_");
}
