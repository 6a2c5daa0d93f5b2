/**
 * HdrHistogram's percentile distribution as text (`.hgrm`), one file for each scenario and step, in milliseconds: what
 * https://hdrhistogram.github.io/HdrHistogram/plotFiles.html and the other tools of that kind read.
 */
import type { Histogram } from "../metrics/histogram.ts";
import { percentilePoints } from "../metrics/percentiles.ts";
import { unpacked } from "../metrics/stats.ts";
import type { Summary } from "../metrics/summary_schema.ts";
import { scenariosOf, seriesOf } from "./words.ts";

/** File name (`create.hgrm`, `acme.new_nonce.hgrm`) -> content, of response times; series without any are left out. */
export function hgrmFiles(summary: Summary): Record<string, string> {
  const files = scenariosOf(summary).flatMap(([name, data]) =>
    seriesOf(name, data).flatMap(({ step, series }): [string, string][] => {
      const histogram = unpacked(series.histograms.response_time);
      const file = [name, step].filter((part) => part !== null).map(fileSafe).join(".");
      return histogram.count === 0 ? [] : [[`${file}.hgrm`, renderHgrm(histogram)]];
    })
  );
  return Object.fromEntries(files);
}

export function renderHgrm(histogram: Histogram): string {
  const rows = percentilePoints(histogram).map(({ percentile, us, count }) => {
    const share = percentile / 100;
    const cells = [
      (us / 1000).toFixed(3).padStart(12),
      share.toFixed(12),
      String(count).padStart(10),
      ...(percentile < 100 ? [(1 / (1 - share)).toFixed(2).padStart(14)] : []),
    ];
    return cells.join(" ");
  });
  const number = (value: number): string => value.toFixed(3).padStart(12);
  return [
    "       Value     Percentile TotalCount 1/(1-Percentile)",
    "",
    ...rows,
    `#[Mean    = ${number(histogram.meanUs / 1000)}, StdDeviation   = ${
      number(deviationUs(histogram) / 1000)
    }]`,
    `#[Max     = ${number(histogram.maxUs / 1000)}, Total count    = ${
      String(histogram.count).padStart(12)
    }]`,
    "",
  ].join("\n");
}

function deviationUs(histogram: Histogram): number {
  let squares = 0;
  for (const { highUs, count } of histogram.buckets()) {
    squares += count * (highUs - histogram.meanUs) ** 2;
  }
  return histogram.count === 0 ? 0 : Math.sqrt(squares / histogram.count);
}

function fileSafe(name: string): string {
  return name.replace(/[^\w-]/g, "_");
}
