/**
 * What is known of a worker that was lost: the slices that it had handed over. They hold counts and response times;
 * statuses, bytes, connections, classes of failures and the other durations come at a worker's end and are lost with it.
 */
import { Histogram } from "./histogram.ts";
import { EMPTY_SERIES, emptyCounts } from "./merge.ts";
import type { ScenarioRecording, SeriesRecording, Slice, SliceBatch } from "./recording.ts";

export class PartialRecording {
  readonly #iterations = new SliceSum();
  readonly #steps: readonly SliceSum[];

  constructor(steps: number) {
    this.#steps = Array.from({ length: steps }, () => new SliceSum());
  }

  add({ scenario, steps }: SliceBatch): void {
    scenario.forEach((slice) => this.#iterations.add(slice));
    steps.forEach((slices, step) => slices.forEach((slice) => this.#steps[step]?.add(slice)));
  }

  /** Without the slices, which were added up when they came. */
  recording(): ScenarioRecording {
    return {
      ...emptyCounts(this.#steps.length),
      iterations: this.#iterations.series(),
      steps: this.#steps.map((step) => step.series()),
      dropped: this.#iterations.dropped,
      slices: { scenario: [], steps: [] },
    };
  }
}

class SliceSum {
  dropped = 0;
  #count = 0;
  #failed = 0;
  readonly #responseTime = new Histogram();

  add({ count, failed, dropped, responseTime }: Slice): void {
    this.#count += count;
    this.#failed += failed;
    this.dropped += dropped;
    this.#responseTime.add(responseTime);
  }

  series(): SeriesRecording {
    const response_time = this.#responseTime.toData();
    return {
      ...EMPTY_SERIES,
      count: this.#count,
      failed: this.#failed,
      durations: this.#responseTime.count > 0 ? { response_time } : {},
    };
  }
}
