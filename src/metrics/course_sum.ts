/** The course of a series over time, of several machines. */
import { HistogramSum } from "./histogram_sum.ts";
import type { Slice } from "./recording.ts";
import type { TimeSeries } from "./slices.ts";
import { TimeGrid } from "./time_grid.ts";

/** Parts that were not added up yet are slices; only one of several has a sum of its own. */
class SliceSum {
  count = 0;
  failed = 0;
  dropped = 0;
  maxLagUs = 0;
  readonly responseTime = new HistogramSum();

  add({ count, failed, dropped, maxLagUs, responseTime }: Slice | SliceSum): this {
    this.count += count;
    this.failed += failed;
    this.dropped += dropped;
    this.maxLagUs = Math.max(this.maxLagUs, maxLagUs);
    this.responseTime.add(
      responseTime instanceof HistogramSum ? responseTime.data() : responseTime,
    );
    return this;
  }
}

export class CourseSum {
  readonly #grid = new TimeGrid<Slice | SliceSum>((into, other) =>
    (into instanceof SliceSum ? into : new SliceSum().add(into)).add(other)
  );

  /** @param originS Where on the grid of time the seconds of these slices are counted from. */
  add({ widthS, slices }: TimeSeries, originS: number): void {
    this.#grid.add(originS, widthS, slices.map((slice) => [slice.second, slice] as const));
  }

  /** @param originS The least with which any course of the run was added. */
  timeSeries(originS: number): TimeSeries {
    const { widthS, slices } = this.#grid.slices(originS);
    return {
      widthS,
      slices: slices.map(([second, { count, failed, dropped, maxLagUs, responseTime }]) => ({
        second,
        count,
        failed,
        dropped,
        maxLagUs,
        responseTime: responseTime instanceof HistogramSum ? responseTime.data() : responseTime,
      })),
    };
  }
}
