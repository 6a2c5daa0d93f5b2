/** Records one scenario in one worker. On the hot path of every request: no allocation but for a failure's first. */
import { foreign } from "../terminal.ts";
import type { Deployment } from "../deployment.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange, ServerCertificate } from "../http/http.ts";
import { DeploymentLog } from "./deployments.ts";
import { GaugeSeries } from "./gauges.ts";
import { Histogram } from "./histogram.ts";
import type { PeerTally, ScenarioRecording, SliceBatch } from "./recording.ts";
import { Series } from "./series.ts";

/** Distinct served certificates that are kept per scenario and worker. */
const MAX_PEERS = 8;

/** What a server calls itself is cut off here: it is the server's text. */
const MAX_SERVER_CHARACTERS = 80;

/** Named durations, counters and gauges that a flow may make up; more are a mistake in the flow. */
const MAX_NAMES = 64;

interface RecorderOptions {
  /** The scenario's steps, in order. */
  readonly steps: readonly string[];
  /** The run's start, which is the same for all scenarios and workers: slices are counted from here. */
  readonly startUs: number;
}

/** One arrival that went through its flow. Instants in microseconds of the run's clock. */
interface FinishedIteration {
  readonly plannedUs: number;
  readonly startedUs: number;
  readonly endedUs: number;
  /** Waits for a connection in all its steps. */
  readonly blockedUs?: number;
  readonly failure?: Failure | undefined;
}

interface MutablePeerTally {
  readonly peer: ServerCertificate;
  exchanges: number;
}

export class ScenarioRecorder {
  readonly #startUs: number;
  readonly #iterations = new Series();
  readonly #steps: readonly Series[];
  #dropped = 0;
  readonly #customMetrics = new Map<string, Histogram>();
  readonly #counters = new Map<string, number>();
  readonly #gauges = new Map<string, GaugeSeries>();
  readonly #deployments: DeploymentLog;
  readonly #peers = new Map<string, MutablePeerTally>();
  #lastPeer: MutablePeerTally | undefined;
  #server: string | undefined;
  #otherPeerExchanges = 0;

  constructor(options: RecorderOptions) {
    this.#startUs = options.startUs;
    this.#deployments = new DeploymentLog(options.startUs);
    this.#steps = options.steps.map(() => new Series());
  }

  /**
   * Records a step's exchange. `plannedUs` is the arrival's planned instant for the first step, the instant of sending
   * for a later one. An interrupted exchange is counted apart, neither finished nor failed.
   */
  step(
    stepIndex: number,
    plannedUs: number,
    exchange: Exchange,
    failure: Failure | undefined = exchange.failure,
  ): void {
    const series = this.#steps[stepIndex];
    if (!series) throw new RangeError(`No step has index ${stepIndex} of ${this.#steps.length}`);
    const { startedUs, endedUs } = exchange;
    series.finish(
      this.#second(endedUs),
      endedUs - plannedUs,
      endedUs - startedUs - exchange.blockedUs,
      failure,
    );
    series.exchange(exchange, failure);
    if (stepIndex === 0) series.lag(startedUs - plannedUs);
    if (exchange.certificate) this.#see(exchange.certificate);
    if (this.#server === undefined && exchange.status > 0) {
      this.#server = foreign(exchange.header("server") ?? "").slice(0, MAX_SERVER_CHARACTERS);
    }
  }

  /** Records an arrival that has gone through its flow, or was interrupted in it. */
  iteration({ plannedUs, startedUs, endedUs, blockedUs = 0, failure }: FinishedIteration): void {
    const second = this.#second(endedUs);
    const serviceUs = endedUs - startedUs - blockedUs;
    this.#iterations.finish(second, endedUs - plannedUs, serviceUs, failure);
    this.#iterations.lag(startedUs - plannedUs);
  }

  /** Records a flow's own duration under a name. */
  observe(name: string, us: number): void {
    let histogram = this.#customMetrics.get(name);
    if (!histogram) {
      if (this.#customMetrics.size >= MAX_NAMES) return;
      this.#customMetrics.set(name, histogram = new Histogram());
    }
    histogram.record(us);
  }

  /** Adds to a flow's own counter. */
  count(name: string, by = 1): void {
    const before = this.#counters.get(name);
    if (before === undefined && this.#counters.size >= MAX_NAMES) return;
    this.#counters.set(name, (before ?? 0) + by);
  }

  /** A flow's own value at an instant. */
  gauge(name: string, value: number, atUs: number): void {
    let series = this.#gauges.get(name);
    if (!series) {
      if (this.#gauges.size >= MAX_NAMES) return;
      this.#gauges.set(name, series = new GaugeSeries());
    }
    series.record(value, atUs - this.#startUs);
  }

  deployment(deployment: Deployment): void {
    this.#deployments.add(deployment);
  }

  /** Arrivals that were not sent because too many were in flight; `atUs` is when they were due. */
  dropped(count: number, atUs: number): void {
    this.#dropped += count;
    this.#iterations.dropped(this.#second(atUs), count);
  }

  /** Hands over the slices closed since the last call; the seconds before that of `nowUs` are closed by it. */
  takeSlices(nowUs: number): SliceBatch {
    const second = this.#second(nowUs);
    for (const series of [this.#iterations, ...this.#steps]) series.advance(second);
    return this.#batch();
  }

  /** The whole recording, with the slices not taken yet. Nothing may be recorded after it. */
  finish(): ScenarioRecording {
    const iterations = this.#iterations.recording();
    const steps = this.#steps.map((series) => series.recording());
    return {
      iterations,
      steps,
      dropped: this.#dropped,
      customMetrics: Object.fromEntries(
        Array.from(this.#customMetrics, ([name, h]) => [name, h.toData()]),
      ),
      counters: Object.fromEntries(this.#counters),
      gauges: Object.fromEntries(Array.from(this.#gauges, ([name, g]) => [name, g.slices()])),
      deployments: this.#deployments.deployments(),
      peers: Array.from(this.#peers.values(), (tally): PeerTally => ({ ...tally })),
      otherPeerExchanges: this.#otherPeerExchanges,
      ...(this.#server ? { server: this.#server } : {}),
      slices: this.#batch(),
    };
  }

  #batch(): SliceBatch {
    return {
      scenario: this.#iterations.takeSlices(),
      steps: this.#steps.map((series) => series.takeSlices()),
    };
  }

  #second(instantUs: number): number {
    return Math.max(0, Math.floor((instantUs - this.#startUs) / 1_000_000));
  }

  #see(peer: ServerCertificate): void {
    if (this.#lastPeer?.peer !== peer) this.#lastPeer = this.#tallyOf(peer);
    if (this.#lastPeer) this.#lastPeer.exchanges++;
    else this.#otherPeerExchanges++;
  }

  #tallyOf(peer: ServerCertificate): MutablePeerTally | undefined {
    const known = this.#peers.get(peer.fingerprintSha256);
    if (known || this.#peers.size >= MAX_PEERS) return known;
    const tally = { peer, exchanges: 0 };
    this.#peers.set(peer.fingerprintSha256, tally);
    return tally;
  }
}
