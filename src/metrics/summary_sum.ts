/**
 * Adding up the scenarios of several summaries, one after the other: each is read back as what was recorded, so that
 * runs add up as the threads of one run do. Counts and histograms are exact, statistics come from the sums, and the
 * order in which summaries are added is of no account. What is kept of each is small; histograms, slices and
 * deployments go into the sum at once.
 */
import {
  type Duration,
  inMs,
  perDuration,
  PHASE_DURATIONS,
  WHOLE_DURATIONS,
} from "../plan/durations.ts";
import type { Deployment } from "../deployment.ts";
import { CourseSum } from "./course_sum.ts";
import { addDeployments, type Deployments, NO_DEPLOYMENTS, shiftedBy } from "./deployments.ts";
import { addGaugeSlices, type Gauges, type GaugeSlice, gaugeWidthS } from "./gauges.ts";
import type { HistogramData } from "./histogram.ts";
import { BucketRoom } from "./hdr_codec.ts";
import { HistogramSum } from "./histogram_sum.ts";
import { addScenarios, emptyCounts } from "./merge.ts";
import { own } from "./own.ts";
import type { PeerTally, ScenarioCounts, SeriesRecording, Slice } from "./recording.ts";
import type { TimeSeries } from "./slices.ts";
import { TimeGrid } from "./time_grid.ts";
import { rounded, unpackedData } from "./stats.ts";
import { figuresOf } from "./summary.ts";
import type {
  Measured,
  SummaryDeployment,
  SummaryGaugeSlice,
  SummaryHistogram,
  SummaryPeer,
  SummaryScenario,
  SummarySeries,
  SummarySlice,
} from "./summary_schema.ts";

type Phases = Measured["phases"];

/** What is kept of a summary's scenarios until all are there: counts and names, nothing that grows with the load. */
export interface LightPhases {
  readonly phases: Phases;
  /** When the summary's run began, on the grid of time that all share. */
  readonly originUs: number;
}

export class PhasesSum {
  /** For the histograms of one summary, until they are in the sum. */
  readonly #room = new BucketRoom();
  readonly #sums = new Map<string, ScenarioSum>();

  /**
   * Adds what is large. Nothing is added of a summary in which anything is damaged.
   * @param originUs When its run began, on the grid of time that all share.
   * @throws {RangeError} for a histogram that is damaged.
   */
  add(phases: Phases, originUs: number): LightPhases {
    this.#room.clear();
    const read = entriesOf(phases).map(([tier, name, scenario]) =>
      [tier, name, scenario, readScenario(scenario, this.#room)] as const
    );
    const light: Phases = {};
    for (const [tier, name, scenario, large] of read) {
      this.#sumOf(tier, name).add(large, originUs);
      (light[tier] ??= {})[name] = lightOf(scenario);
    }
    return { phases: light, originUs };
  }

  /**
   * The whole. What is told of a scenario and cannot be added is told as the first of `lights` does. The sum is empty
   * then: a scenario's histograms are let go as soon as they are in the summary.
   */
  phases(lights: readonly LightPhases[]): Phases {
    const originUs = Math.min(...lights.map((light) => light.originUs));
    const whole: Phases = {};
    const places = lights.flatMap(({ phases }) => entriesOf(phases));
    for (const [key, those] of Map.groupBy(places, ([tier, name]) => keyOf(tier, name))) {
      const [tier, name] = those[0]!;
      const sum = this.#sumOf(tier, name);
      (whole[tier] ??= {})[name] = sum.scenario(those.map(([, , one]) => one), originUs);
      this.#sums.delete(key);
    }
    return whole;
  }

  #sumOf(tier: string, name: string): ScenarioSum {
    const key = keyOf(tier, name);
    const there = this.#sums.get(key) ?? new ScenarioSum();
    this.#sums.set(key, there);
    return there;
  }
}

function keyOf(tier: string, name: string): string {
  return JSON.stringify([tier, name]);
}

function entriesOf(phases: Phases): [tier: string, name: string, scenario: SummaryScenario][] {
  return Object.entries(phases).flatMap(([tier, scenarios]) =>
    Object.entries(scenarios).map(([name, scenario]): [string, string, SummaryScenario] => [
      tier,
      name,
      scenario,
    ])
  );
}

/** What is large of a scenario, unpacked. */
interface LargeScenario {
  readonly series: LargeSeries;
  readonly steps: readonly (readonly [string, LargeSeries])[];
  readonly observed: readonly (readonly [string, HistogramData])[];
  readonly gauges: Readonly<Record<string, readonly SummaryGaugeSlice[]>>;
  readonly deployments: Deployments;
}

interface LargeSeries {
  readonly durations: readonly (readonly [Duration, HistogramData])[];
  readonly course: TimeSeries;
}

function readScenario(scenario: SummaryScenario, room: BucketRoom): LargeScenario {
  const unpack = unpacker(room);
  return {
    series: readSeries(scenario, unpack),
    steps: Object.entries(scenario.steps).map(([name, step]) =>
      [name, readSeries(step, unpack)] as const
    ),
    observed: Object.entries(scenario.observed).map(([name, { histogram }]) =>
      [name, unpack(histogram)] as const
    ),
    gauges: scenario.gauges,
    deployments: {
      kept: scenario.deployments.map(deploymentOf),
      verdicts: scenario.deployment_verdicts,
    },
  };
}

type Unpack = (histogram: SummaryHistogram) => HistogramData;

/**
 * A scenario of one step has every histogram twice, as its own and as the step's: each is unpacked once. Looked up by its
 * sum, which few others have: going through the letters of every text would cost more than that saves.
 */
function unpacker(room: BucketRoom): Unpack {
  const known = new Map<number, { readonly hdr: string; readonly data: HistogramData }>();
  return (histogram) => {
    const there = known.get(histogram.sum_us);
    if (there?.hdr === histogram.hdr && isOf(histogram, there.data)) return there.data;
    const data = unpackedData(histogram, room);
    known.set(histogram.sum_us, { hdr: histogram.hdr, data });
    return data;
  };
}

function isOf(histogram: SummaryHistogram, data: HistogramData): boolean {
  return histogram.count === data.count && histogram.sum_us === data.sumUs &&
    histogram.min_us === data.minUs && histogram.max_us === data.maxUs;
}

function readSeries({ histograms, course }: SummarySeries, unpack: Unpack): LargeSeries {
  return {
    durations: (Object.entries(histograms) as [Duration, SummaryHistogram | null][])
      .flatMap(([name, histogram]) => histogram ? [[name, unpack(histogram)] as const] : []),
    course: {
      widthS: course.width_s,
      slices: course.slices.map((slice) => sliceOf(slice, unpack)),
    },
  };
}

const NOTHING: HistogramData = new HistogramSum().data();

function sliceOf(slice: SummarySlice, unpack: Unpack): Slice {
  return {
    second: slice.at_s,
    count: slice.count,
    failed: slice.failed,
    dropped: slice.dropped,
    maxLagUs: slice.max_lag_ms * 1000,
    responseTime: slice.response_time ? unpack(slice.response_time) : NOTHING,
  };
}

/** Of one series: a scenario's iterations, or a step. */
class SeriesSum {
  readonly #durations = new SumsByName<Duration>();
  readonly #course = new CourseSum();

  add({ durations, course }: LargeSeries, originUs: number): void {
    for (const [name, data] of durations) this.#durations.add(name, data);
    this.#course.add(course, originUs / 1e6);
  }

  durations(): SeriesRecording["durations"] {
    return this.#durations.data();
  }

  timeSeries(originUs: number): TimeSeries {
    return this.#course.timeSeries(originUs / 1e6);
  }
}

class SumsByName<Name extends string> {
  readonly #sums = new Map<Name, HistogramSum>();

  add(name: Name, data: HistogramData): void {
    const there = this.#sums.get(name) ?? new HistogramSum();
    this.#sums.set(name, there.add(data));
  }

  /** In the order of the names, which is that of no file. */
  data(): Record<Name, HistogramData> {
    const sorted = Array.from(this.#sums).sort(([a], [b]) => a < b ? -1 : 1);
    return Object.fromEntries(sorted.map(([name, sum]) => [name, sum.data()])) as Record<
      Name,
      HistogramData
    >;
  }
}

class ScenarioSum {
  readonly #series = new SeriesSum();
  readonly #steps = new Map<string, SeriesSum>();
  readonly #observed = new SumsByName<string>();
  readonly #gauges = new GaugeSum();
  #deployments: Deployments = NO_DEPLOYMENTS;

  add(large: LargeScenario, originUs: number): void {
    this.#series.add(large.series, originUs);
    for (const [name, series] of large.steps) this.#stepOf(name).add(series, originUs);
    for (const [name, data] of large.observed) this.#observed.add(name, data);
    this.#gauges.add(large.gauges, originUs);
    const { kept, verdicts } = large.deployments;
    const moved = kept.map((each) => shiftedBy(each, originUs));
    this.#deployments = addDeployments(this.#deployments, { kept: moved, verdicts });
  }

  scenario(lights: readonly SummaryScenario[], originUs: number): SummaryScenario {
    const steps = [...new Set(lights.flatMap((light) => Object.keys(light.steps)))];
    const counted = lights.map((light) => countsOf(light, steps))
      .reduce(addScenarios, emptyCounts(steps.length));
    const { kept, verdicts } = this.#deployments;
    const whole = {
      ...counted,
      iterations: { ...counted.iterations, durations: this.#series.durations() },
      steps: counted.steps.map((step, i) => (
        { ...step, durations: this.#stepOf(steps[i]!).durations() }
      )),
      customMetrics: this.#observed.data(),
      gauges: this.#gauges.gauges(originUs),
      deployments: { kept: kept.map((each) => shiftedBy(each, -originUs)), verdicts },
      timeSeries: this.#series.timeSeries(originUs),
      stepTimeSeries: steps.map((name) => this.#stepOf(name).timeSeries(originUs)),
    };
    const ratePerS = (step: string | null): number => {
      const those = lights.map((light) => step === null ? light : own(light.steps, step));
      return rounded(those.reduce((sum, series) => sum + (series?.rate_per_s ?? 0), 0));
    };
    return { ...together(lights), ...figuresOf(whole, steps, ratePerS) };
  }

  #stepOf(name: string): SeriesSum {
    const there = this.#steps.get(name) ?? new SeriesSum();
    this.#steps.set(name, there);
    return there;
  }
}

type SumOfGauges = GaugeSlice | undefined;

const addGauge = (sum: SumOfGauges, slice: SumOfGauges): SumOfGauges =>
  sum && slice ? addGaugeSlices(sum, slice) : sum ?? slice;
const GAUGES = { empty: (): SumOfGauges => undefined, add: addGauge, join: addGauge };

class GaugeSum {
  readonly #grids = new Map<string, TimeGrid<SumOfGauges, SumOfGauges>>();

  add(gauges: LargeScenario["gauges"], originUs: number): void {
    for (const [name, slices] of Object.entries(gauges)) {
      const grid = this.#grids.get(name) ?? new TimeGrid(GAUGES);
      this.#grids.set(name, grid);
      const widthS = gaugeWidthS(slices.at(-1)?.at_s ?? 0);
      grid.add(
        originUs / 1e6,
        widthS,
        slices.map((slice) => [slice.at_s, gaugeSliceOf(slice, originUs)] as const),
      );
    }
  }

  gauges(originUs: number): Gauges {
    const sorted = Array.from(this.#grids).sort(([a], [b]) => a < b ? -1 : 1);
    return Object.fromEntries(sorted.map(([name, grid]) => [
      name,
      grid.slices(originUs / 1e6).slices.flatMap(([second, slice]) =>
        slice === undefined ? [] : [{ ...slice, second, lastUs: slice.lastUs - originUs }]
      ),
    ]));
  }
}

/** What is told of a scenario beside its figures. */
function together(lights: readonly SummaryScenario[]): SummaryScenario {
  const [first, ...others] = lights;
  return others.reduce((a, b) => ({
    ...a,
    load: {
      ...a.load,
      seed: a.load.seed === b.load.seed ? a.load.seed : null,
      phase: a.load.phase === b.load.phase ? a.load.phase : null,
    },
    target: a.target ?? b.target,
    server: a.server ?? b.server,
    warmup_requests: a.warmup_requests + b.warmup_requests,
    opened_connections: a.opened_connections + b.opened_connections,
    offered: a.offered && b.offered && {
      arrivals: a.offered.arrivals + b.offered.arrivals,
      rate_per_s: rounded(a.offered.rate_per_s + b.offered.rate_per_s),
    },
    duration_s: Math.max(a.duration_s, b.duration_s),
  }), first!);
}

const NO_HISTOGRAMS = perDuration(() => null);
/** Statistics are those of the sums. */
const NO_STATS = inMs(WHOLE_DURATIONS, () => null);
const NO_PHASES = inMs(PHASE_DURATIONS, () => null);

/** Without what is in the sum. */
function lightOf(scenario: SummaryScenario): SummaryScenario {
  return {
    ...lightSeries(scenario),
    steps: Object.fromEntries(
      Object.entries(scenario.steps).map(([name, step]) => [name, lightSeries(step)]),
    ),
    observed: {},
    gauges: {},
    deployments: [],
    deployment_verdicts: {},
  };
}

function lightSeries<Series extends SummarySeries>(series: Series): Series {
  return {
    ...series,
    ...NO_STATS,
    phases: NO_PHASES,
    histograms: NO_HISTOGRAMS,
    course: { width_s: 1, slices: [] },
  };
}

function countsOf(scenario: SummaryScenario, steps: readonly string[]): ScenarioCounts {
  return {
    ...emptyCounts(0),
    iterations: countedOf(scenario),
    steps: steps.map((name) => countedOf(own(scenario.steps, name))),
    dropped: scenario.dropped,
    counters: scenario.counters,
    peers: scenario.tls_peers.map(peerOf),
    otherPeerExchanges: scenario.other_peer_exchanges,
  };
}

function countedOf(series: SummarySeries | undefined): SeriesRecording {
  if (series === undefined) return emptyCounts(0).iterations;
  return {
    count: series.count,
    failed: series.failed,
    interrupted: series.interrupted,
    failures: series.failures,
    statuses: series.statuses,
    bytesReceived: series.bytes_received,
    bytesSent: series.bytes_sent,
    newConnections: series.connections.new,
    reusedConnections: series.connections.reused,
    protocols: series.protocols,
    durations: {},
  };
}

function gaugeSliceOf(
  { at_s, max, last, last_at_s }: SummaryGaugeSlice,
  originUs: number,
): GaugeSlice {
  return { second: at_s, max, last, lastUs: usOf(last_at_s) + originUs };
}

function deploymentOf(deployment: SummaryDeployment): Deployment {
  const { target, by, verdict, spans } = deployment;
  const { issued_at_s, reported_at_s, first_new_at_s, last_old_at_s, next_new_at_s } = deployment;
  return {
    target,
    by,
    requestedUs: usOf(deployment.requested_at_s),
    ...(issued_at_s !== null && { issuedUs: usOf(issued_at_s) }),
    ...(reported_at_s !== null && { reportedUs: usOf(reported_at_s) }),
    ...(first_new_at_s !== null && { firstNewUs: usOf(first_new_at_s) }),
    ...(last_old_at_s !== null && { lastOldUs: usOf(last_old_at_s) }),
    ...(next_new_at_s !== null && { nextNewUs: usOf(next_new_at_s) }),
    verdict,
    spans: spans.map(({ state, from_s, to_s }) => ({
      state,
      fromUs: usOf(from_s),
      toUs: usOf(to_s),
    })),
  };
}

function usOf(seconds: number): number {
  return Math.round(seconds * 1e6);
}

function peerOf(peer: SummaryPeer): PeerTally {
  const identity = {
    ...(peer.tls_version === null ? {} : { tlsVersion: peer.tls_version }),
    ...(peer.cipher === null ? {} : { cipher: peer.cipher }),
    keyType: peer.key_type,
    fingerprintSha256: peer.fingerprint_sha256,
    subject: peer.subject,
    issuer: peer.issuer,
    sans: peer.sans,
    notAfter: peer.not_after,
    chainLength: peer.chain_length,
  };
  return { peer: identity, exchanges: peer.exchanges };
}
