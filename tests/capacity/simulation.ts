/**
 * Servers, a generator and the time of both, simulated: levels of a search run against them in virtual time. What a
 * level's figures and findings are is made here as the tool makes them, without a look at who is at fault.
 */
import { type Block, LevelDecision, rulesFor } from "../../src/capacity/decision.ts";
import type { LevelResult, LevelSpec } from "../../src/capacity/level.ts";
import type { Limit } from "../../src/capacity/limits.ts";
import { type LevelFacts, whoGaveOut } from "../../src/capacity/who.ts";

/** Asked in the order of time. Seconds. */
export interface SimulatedServer {
  /** When a request that came at `atS` is answered, and with what. */
  serve(atS: number): { readonly doneS: number; readonly failure?: "rate_limited" | "status_5xx" };
  /** When it is at rest, if nothing more comes. */
  restS(): number;
}

/** So many tokens a second, at most `burst` of them; without one 429 at once. */
export class BucketServer implements SimulatedServer {
  #tokens: number;
  #atS = 0;
  constructor(
    readonly perS: number,
    readonly burst: number,
    readonly errors: number,
    readonly random: () => number,
  ) {
    this.#tokens = burst;
  }

  serve(atS: number): ReturnType<SimulatedServer["serve"]> {
    this.#tokens = Math.min(this.burst, this.#tokens + (atS - this.#atS) * this.perS);
    this.#atS = atS;
    const doneS = atS + 0.002 + 0.002 * this.random();
    if (this.#tokens < 1) return { doneS, failure: "rate_limited" };
    this.#tokens -= 1;
    return this.random() < this.errors ? { doneS, failure: "status_5xx" } : { doneS };
  }

  restS(): number {
    return this.#atS + (this.burst - this.#tokens) / this.perS;
  }
}

export interface QueueOptions {
  readonly servers: number;
  /** Of each. */
  readonly perS: number;
  readonly random: () => number;
  /** So many times slower at first, and by how much less with each that was served. */
  readonly cold?: { readonly factor: number; readonly requests: number };
  /** Slower by the factor from a wait of so long on until nobody waits. */
  readonly thrash?: { readonly factor: number; readonly fromS: number };
  /** All of a second are slower or faster: standard deviation, and what is left of it a second later. */
  readonly noise?: { readonly deviation: number; readonly persistence: number };
  /** Failed share, whatever the load. */
  readonly errors?: number;
}

/** First come, first served by the first that is free; service times are exponential. */
export class QueueServer implements SimulatedServer {
  readonly #freeS: Float64Array;
  readonly #options: QueueOptions;
  #served = 0;
  #thrashes = false;
  #noise = 0;
  #noiseSecond = -1;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#freeS = new Float64Array(options.servers);
  }

  serve(atS: number): ReturnType<SimulatedServer["serve"]> {
    const { perS, random, errors = 0 } = this.#options;
    let first = 0;
    for (let i = 1; i < this.#freeS.length; i++) {
      if (this.#freeS[i]! < this.#freeS[first]!) first = i;
    }
    const beginS = Math.max(atS, this.#freeS[first]!);
    const doneS = beginS - (Math.log(1 - random()) / perS) * this.#slower(atS, beginS - atS);
    this.#freeS[first] = doneS;
    this.#served++;
    return random() < errors ? { doneS, failure: "status_5xx" } : { doneS };
  }

  restS(): number {
    return this.#freeS.reduce((last, freeS) => Math.max(last, freeS), 0);
  }

  #slower(atS: number, waitS: number): number {
    const { cold, thrash, noise } = this.#options;
    let factor = 1;
    if (cold) factor *= 1 + (cold.factor - 1) * Math.exp(-this.#served / cold.requests);
    if (thrash) {
      if (waitS > thrash.fromS) this.#thrashes = true;
      else if (waitS <= 0) this.#thrashes = false;
      if (this.#thrashes) factor *= thrash.factor;
    }
    if (noise) factor *= Math.exp(this.#noiseOf(Math.floor(atS), noise));
    return factor;
  }

  #noiseOf(second: number, { deviation, persistence }: NonNullable<QueueOptions["noise"]>): number {
    const { random } = this.#options;
    while (this.#noiseSecond < second) {
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      this.#noise = persistence * this.#noise +
        deviation * Math.sqrt(1 - persistence ** 2) * normal;
      // Gaps of rest are not gone through second by second.
      this.#noiseSecond = second - this.#noiseSecond > 100 ? second : this.#noiseSecond + 1;
    }
    return this.#noise;
  }
}

export interface GeneratorOptions {
  /** What a worker can send. */
  readonly perWorkerPerS: number;
  readonly workers: number;
  /** With `workers: "other"`. */
  readonly otherWorkers: number;
}

/** A host that generates load against one server, level after level. */
export class Simulation {
  nowS = 0;
  constructor(
    readonly server: SimulatedServer,
    readonly generator: GeneratorOptions,
    readonly limits: readonly Limit[],
    readonly random: () => number,
  ) {}

  run(spec: LevelSpec): LevelResult {
    const beganS = this.nowS;
    // The driver waits until nothing is in flight, and a second; the probe and the start take another.
    if (spec.rest) {
      this.nowS = Math.max(this.nowS, Math.min(this.server.restS(), this.nowS + 30)) + 1;
    }
    this.nowS += 1;
    const level = new SimulatedLevel(this, spec);
    const figures = level.run();
    this.nowS += figures.durationMs / 1000;
    return { ...figures, elapsedMs: (this.nowS - beganS) * 1000 };
  }
}

interface Second {
  finished: number;
  failed: number;
  timesS: number[];
  /** The same requests' times at the server alone. */
  serviceS: number[];
}

class SimulatedLevel {
  readonly #sim: Simulation;
  readonly #spec: LevelSpec;
  readonly #seconds: Second[] = [];
  readonly #lagsS: number[] = [];
  readonly #failures: { rate_limited?: number; status_5xx?: number } = {};
  #senderFreeS: number;
  #busyS = 0;

  constructor(sim: Simulation, spec: LevelSpec) {
    this.#sim = sim;
    this.#spec = spec;
    this.#senderFreeS = sim.nowS;
  }

  run(): Omit<LevelResult, "elapsedMs"> {
    const { limits, random, nowS: startS } = this.#sim;
    const spec = this.#spec;
    const decision = new LevelDecision(limits, rulesFor(spec));
    const seconds = Math.ceil(spec.atMostMs / 1000);
    let [nextS, planned, finished, inFlightSum, peakInFlight, ran] = [0, 0, 0, 0, 0, 0];
    const gapS = (): number => -Math.log(1 - random()) / spec.level;
    nextS = gapS();
    while (ran < seconds) {
      let arrivals = 0;
      for (; nextS < ran + 1; nextS += gapS()) {
        arrivals++;
        this.#send(startS + nextS);
      }
      planned += arrivals;
      const second = this.#seconds[ran] ?? { finished: 0, failed: 0, timesS: [], serviceS: [] };
      finished += second.finished;
      ran++;
      const inFlight = planned - finished;
      inFlightSum += inFlight;
      peakInFlight = Math.max(peakInFlight, inFlight);
      if (decision.add(this.#block(second, arrivals, inFlight)) !== undefined) break;
    }
    const decided = decision.conclude();
    const done = this.#seconds.slice(0, ran).filter((each) => each !== undefined);
    const times = Float64Array.from(done.flatMap(({ timesS }) => timesS)).sort();
    const failed = done.reduce((sum, each) => sum + each.failed, 0);
    const facts: LevelFacts = {
      ...this.#validity(times, ran, peakInFlight),
      decided,
      serviceBeyond: limits.map(({ kind, limitMs = 0 }) =>
        kind === "errors"
          ? null
          : shareBeyond(done.flatMap(({ serviceS }) => serviceS), limitMs / 1000)
      ),
      offeredPerS: planned / ran,
      arrivals: planned,
      finished,
      failures: this.#failures,
    };
    return {
      level: spec.level,
      purpose: spec.purpose,
      ...decided,
      ...whoGaveOut(facts),
      offeredPerS: planned / ran,
      achievedPerS: (finished - failed) / ran,
      p50Ms: quantileMs(times, 0.5),
      p95Ms: quantileMs(times, 0.95),
      p99Ms: quantileMs(times, 0.99),
      inFlight: inFlightSum / ran,
      errorRate: finished === 0 ? 0 : failed / finished,
      durationMs: ran * 1000,
    };
  }

  #send(plannedS: number): void {
    const { server, generator, random, nowS: startS } = this.#sim;
    const workers = this.#spec.workers === "usual" ? generator.workers : generator.otherWorkers;
    const costS = (0.5 + random()) / (generator.perWorkerPerS * workers);
    // Timers are a tenth of a millisecond late, and now and then some.
    const wokenS = plannedS + (random() < 0.005 ? 0.005 * random() : 0.0002 * random());
    const sentS = Math.max(wokenS, this.#senderFreeS);
    this.#senderFreeS = sentS + costS;
    this.#busyS += costS;
    this.#lagsS.push(sentS - plannedS);
    const { doneS, failure } = server.serve(sentS);
    const second = this.#seconds[Math.floor(doneS - startS)] ??= {
      finished: 0,
      failed: 0,
      timesS: [],
      serviceS: [],
    };
    second.finished++;
    if (failure === undefined) {
      second.timesS.push(doneS - plannedS);
      second.serviceS.push(doneS - sentS);
    } else {
      second.failed++;
      this.#failures[failure] = (this.#failures[failure] ?? 0) + 1;
    }
  }

  #block({ finished, failed, timesS }: Second, arrivals: number, inFlight: number): Block {
    const tallies = this.#sim.limits.map(({ kind, limitMs = 0 }) => {
      if (kind === "errors") return { beyond: failed, of: finished };
      let beyond = 0;
      for (const timeS of timesS) if (timeS * 1000 > limitMs) beyond++;
      return { beyond, of: timesS.length };
    });
    return { durationMs: 1000, arrivals, finished, failed, dropped: 0, inFlight, tallies };
  }

  /** With the limits of verdict/validity_rules.ts. */
  #validity(
    times: Float64Array,
    seconds: number,
    peakInFlight: number,
  ): Pick<
    LevelFacts,
    | "reasons"
    | "warnings"
    | "sentPerS"
    | "dropped"
    | "peakInFlight"
    | "maxInFlight"
    | "workerCpu"
    | "lagP95Ms"
    | "responseP95Ms"
  > {
    const workerCpu = Math.min(1, this.#busyS / seconds);
    const lags = Float64Array.from(this.#lagsS).sort();
    const lag = (q: number): number => quantileMs(lags, q) ?? 0;
    const response = (q: number): number => quantileMs(times, q) ?? 0;
    const finding = (code: string, invalid: boolean, warning: boolean): Found => ({
      finding: { code, cause: "generator", message: code },
      invalid,
      warning,
    });
    const found = [
      finding("generator_cpu", workerCpu >= 0.95, workerCpu >= 0.8),
      finding(
        "generator_lag",
        lag(0.5) > Math.max(2, 0.2 * response(0.5)) ||
          lag(0.99) > Math.max(50, 0.5 * response(0.99)),
        lag(0.99) > Math.max(2, 0.1 * response(0.99)),
      ),
    ];
    const endS = this.#sim.nowS + seconds;
    return {
      reasons: found.filter(({ invalid }) => invalid).map((each) => each.finding),
      warnings: found.filter(({ invalid, warning }) => warning && !invalid).map((each) =>
        each.finding
      ),
      // What the sender is behind with at the end was not sent within the level.
      sentPerS: lags.length / seconds *
        Math.min(1, seconds / (seconds + Math.max(0, this.#senderFreeS - endS))),
      dropped: 0,
      peakInFlight,
      maxInFlight: 10_000,
      workerCpu,
      lagP95Ms: lag(0.95),
      responseP95Ms: response(0.95),
    };
  }
}

interface Found {
  readonly finding: LevelFacts["reasons"][number];
  readonly invalid: boolean;
  readonly warning: boolean;
}

function shareBeyond(timesS: readonly number[], limitS: number): number | null {
  if (timesS.length === 0) return null;
  return timesS.filter((timeS) => timeS > limitS).length / timesS.length;
}

function quantileMs(sorted: Float64Array, q: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)]! * 1000;
}
