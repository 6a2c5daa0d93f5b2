/**
 * One scenario over all workers, on the coordinator: slices arrive each second while the run goes on and give the
 * progress and the time series; the workers' recordings arrive at the end and give the exact totals.
 */
import type { Failure } from "../http/failure.ts";
import { Histogram } from "./histogram.ts";
import { addScenarios, emptyCounts } from "./merge.ts";
import type { ScenarioCounts, ScenarioRecording, Slice, SliceBatch } from "./recording.ts";
import { addSlices, SliceSeries, type TimeSeries } from "./slices.ts";

/** Seconds that the achieved rate of `progress` looks back over. */
const RATE_WINDOW_S = 5;
/** Seconds of history that `progress` keeps for a sparkline. */
const HISTORY_S = 60;

/** One past second for the live view. */
interface SecondOfProgress {
  readonly second: number;
  readonly count: number;
  readonly failed: number;
  readonly p95Us: number;
}

/** The scenario so far, from the slices that have arrived. */
export interface ScenarioProgress {
  readonly count: number;
  readonly failed: number;
  readonly dropped: number;
  /** Finished iterations per second over the last whole seconds. */
  readonly ratePerS: number;
  /** Of the whole run so far; 0 while nothing was answered as expected. */
  readonly p50Us: number;
  readonly p95Us: number;
  readonly p99Us: number;
  readonly maxLagUs: number;
  readonly newestFailure?: Failure | undefined;
  /** The last minute, ascending, seconds without a finish included. */
  readonly history: readonly SecondOfProgress[];
}

export interface ScenarioTotal extends ScenarioCounts {
  readonly timeSeries: TimeSeries;
  /** In the order of the steps. */
  readonly stepTimeSeries: readonly TimeSeries[];
}

export class ScenarioTotals {
  readonly steps: readonly string[];
  readonly #slices = new SliceSeries();
  readonly #stepSlices: readonly SliceSeries[];
  readonly #live = new Histogram();
  readonly #recent = new Map<number, { slice: Slice; past: SecondOfProgress }>();
  #newest = 0;
  /** The first second in which something happened: a scenario's rate before its start is not 0, there is none. */
  #oldest = Infinity;
  #liveCounts = { count: 0, failed: 0, dropped: 0, maxLagUs: 0 };
  #newestFailure: Failure | undefined;

  #recorded: ScenarioCounts;

  constructor(steps: readonly string[]) {
    this.steps = steps;
    this.#stepSlices = steps.map(() => new SliceSeries());
    this.#recorded = emptyCounts(steps.length);
  }

  /** Adds closed slices of any worker. */
  addSlices(batch: SliceBatch): void {
    for (const slice of batch.scenario) {
      this.#slices.add(slice);
      this.#follow(slice);
    }
    batch.steps.forEach((slices, step) => {
      for (const slice of slices) this.#stepSlices[step]?.add(slice);
    });
  }

  /** Adds a worker's whole recording, and its last slices. */
  addRecording(recording: ScenarioRecording): void {
    this.addSlices(recording.slices);
    this.#recorded = addScenarios(this.#recorded, recording);
  }

  /**
   * Cheap enough for every redraw. `nowS`: whole seconds since the run's start. The newest second it looks at is the one
   * before the last whole one: each worker hands that over at some instant of the second after it.
   */
  progress(nowS: number): ScenarioProgress {
    const end = nowS - 1;
    const history = Array.from({ length: HISTORY_S }, (_, i) => end - HISTORY_S + i)
      .filter((second) => second >= 0)
      .map((second) => this.#past(second));
    const window = history.slice(-RATE_WINDOW_S).filter(({ second }) => second >= this.#oldest);
    const recent = window.reduce((sum, past) => sum + past.count, 0);
    return {
      ...this.#liveCounts,
      ratePerS: window.length === 0 ? 0 : recent / window.length,
      p50Us: this.#live.percentile(50),
      p95Us: this.#live.percentile(95),
      p99Us: this.#live.percentile(99),
      newestFailure: this.#newestFailure,
      history,
    };
  }

  /** The whole scenario, exact once every worker's recording is in. */
  total(): ScenarioTotal {
    return {
      ...this.#recorded,
      timeSeries: this.#slices.timeSeries(),
      stepTimeSeries: this.#stepSlices.map((series) => series.timeSeries()),
    };
  }

  #follow(slice: Slice): void {
    const live = this.#liveCounts;
    live.count += slice.count;
    live.failed += slice.failed;
    live.dropped += slice.dropped;
    live.maxLagUs = Math.max(live.maxLagUs, slice.maxLagUs);
    this.#live.add(slice.responseTime);
    this.#newestFailure = slice.newestFailure ?? this.#newestFailure;
    const before = this.#recent.get(slice.second)?.slice;
    const sum = before ? addSlices(before, slice) : slice;
    this.#recent.set(slice.second, { slice: sum, past: pastOf(sum) });
    this.#newest = Math.max(this.#newest, slice.second);
    this.#oldest = Math.min(this.#oldest, slice.second);
    for (const second of this.#recent.keys()) {
      if (second < this.#newest - HISTORY_S) this.#recent.delete(second);
    }
  }

  #past(second: number): SecondOfProgress {
    return this.#recent.get(second)?.past ?? { second, count: 0, failed: 0, p95Us: 0 };
  }
}

function pastOf({ second, count, failed, responseTime }: Slice): SecondOfProgress {
  return { second, count, failed, p95Us: Histogram.from(responseTime).percentile(95) };
}
