/** The course of a series over time, of several machines. */
import { HistogramSum } from "./histogram_sum.ts";
import type { Slice } from "./recording.ts";
import type { TimeSeries } from "./slices.ts";
import { TimeGrid } from "./time_grid.ts";

class SliceSum {
  count = 0;
  failed = 0;
  dropped = 0;
  maxLagUs = 0;
  readonly responseTime = new HistogramSum();

  add(slice: Omit<Slice, "second">): this {
    this.count += slice.count;
    this.failed += slice.failed;
    this.dropped += slice.dropped;
    this.maxLagUs = Math.max(this.maxLagUs, slice.maxLagUs);
    this.responseTime.add(slice.responseTime);
    return this;
  }

  slice(): Omit<Slice, "second"> {
    const { count, failed, dropped, maxLagUs, responseTime } = this;
    return { count, failed, dropped, maxLagUs, responseTime: responseTime.data() };
  }
}

export class CourseSum {
  readonly #grid = new TimeGrid<Omit<Slice, "second">, SliceSum>({
    empty: () => new SliceSum(),
    add: (sum, slice) => sum.add(slice),
    join: (sum, other) => sum.add(other.slice()),
  });

  /** @param originS Where on the grid of time the seconds of these slices are counted from. */
  add({ widthS, slices }: TimeSeries, originS: number): void {
    this.#grid.add(originS, widthS, slices.map((slice) => [slice.second, slice] as const));
  }

  /** @param originS The least with which any course of the run was added. */
  timeSeries(originS: number): TimeSeries {
    const { widthS, slices } = this.#grid.slices(originS);
    return { widthS, slices: slices.map(([second, sum]) => ({ second, ...sum.slice() })) };
  }
}
