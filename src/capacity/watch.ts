/**
 * A level while it runs: the closed seconds that workers hand over, as the blocks by which it is decided. What the level
 * scales is counted; limits are of all scenarios. A second is whole once every worker has told it, at the latest in the
 * second after.
 */
import { countAbove } from "../metrics/histogram.ts";
import type { Slice, SliceBatch } from "../metrics/recording.ts";
import { arrivalSequence, type NextOffsetUs } from "../plan/arrival_sequence.ts";
import type { Plan, Scenario } from "../plan/plan.ts";
import { planDurationMs } from "../plan/profile.ts";
import type { Block } from "./decision.ts";
import { sumOf, type Tally } from "./design_effect.ts";
import type { PlacedLimit } from "./limits.ts";
import { isScaled, type Scale } from "./scale.ts";

/** Workers hand a second over within the next one. */
const TOLD_AFTER_S = 2;

interface Second {
  finished: number;
  failed: number;
  dropped: number;
  /** By limit. */
  readonly tallies: { beyond: number; of: number }[];
}

export class LevelWatch {
  readonly #scale: Scale;
  readonly #limits: readonly PlacedLimit[];
  readonly #arrivals: Planned;
  readonly #seconds = new Map<number, Second>();
  readonly #lengthS: number;
  #next = 0;

  /** @param plan At the level. */
  constructor(plan: Plan, scale: Scale, limits: readonly PlacedLimit[]) {
    this.#scale = scale;
    this.#limits = limits;
    this.#lengthS = Math.floor(planDurationMs(plan) / 1000);
    this.#arrivals = new Planned(plan.scenarios.filter((_, at) => isScaled(scale, at)));
  }

  /** Of the scenario at this place, from one worker. */
  add(at: number, batch: SliceBatch): void {
    for (const slice of batch.scenario) this.#addSlice(at, null, slice);
    batch.steps.forEach((slices, step) => {
      for (const slice of slices) this.#addSlice(at, step, slice);
    });
  }

  #addSlice(at: number, step: number | null, slice: Slice): void {
    const second = this.#second(slice.second);
    if (step === null && isScaled(this.#scale, at)) {
      second.finished += slice.count;
      second.failed += slice.failed;
      second.dropped += slice.dropped;
    }
    for (const [n, limit] of this.#limits.entries()) {
      const isMeant = limit.step === step && (limit.scenario ?? at) === at;
      if (isMeant) addTo(second.tallies[n]!, limit, slice);
    }
  }

  #second(second: number): Second {
    const there = this.#seconds.get(second);
    if (there !== undefined) return there;
    const tallies = this.#limits.map(() => ({ beyond: 0, of: 0 }));
    const made = { finished: 0, failed: 0, dropped: 0, tallies };
    this.#seconds.set(second, made);
    return made;
  }

  /**
   * Those that are whole after so many seconds of load and were not asked for yet; `Infinity` once the run is over, when
   * those of the load's length are.
   */
  blocks(elapsedS: number, inFlight: number): Block[] {
    const blocks: Block[] = [];
    const untilS = Math.min(this.#lengthS, elapsedS - TOLD_AFTER_S);
    // What second s is told of is whole s + 2 after the start.
    for (; this.#next <= untilS && this.#next < this.#lengthS; this.#next++) {
      blocks.push(this.#block(inFlight));
    }
    return blocks;
  }

  /** Of each limit what finished after the last block, once the run is over: those that took longest are among it. */
  late(): Tally[] {
    const seconds = [...this.#seconds.values()];
    return this.#limits.map((_, at) => sumOf(seconds.map(({ tallies }) => tallies[at]!)));
  }

  #block(inFlight: number): Block {
    const { finished, failed, dropped, tallies } = this.#second(this.#next);
    this.#seconds.delete(this.#next);
    const arrivals = this.#arrivals.before((this.#next + 1) * 1e6);
    return { durationMs: 1000, arrivals, finished, failed, dropped, inFlight, tallies };
  }
}

function addTo(tally: { beyond: number; of: number }, limit: PlacedLimit, slice: Slice): Tally {
  if (limit.kind === "errors") {
    tally.beyond += slice.failed;
    tally.of += slice.count;
  } else {
    tally.beyond += countAbove(slice.responseTime, (limit.limitMs ?? 0) * 1000);
    tally.of += slice.responseTime.count;
  }
  return tally;
}

/** Arrivals as they are planned, gone through once. */
class Planned {
  readonly #sequences: { readonly next: NextOffsetUs; offsetUs: number }[];

  constructor(scenarios: readonly Scenario[]) {
    this.#sequences = scenarios.flatMap(({ name, load }) => {
      if (load.model === "closed") return [];
      const next = arrivalSequence({ name, load });
      return [{ next, offsetUs: next() ?? Infinity }];
    });
  }

  /** Since the last call. */
  before(us: number): number {
    let count = 0;
    for (const sequence of this.#sequences) {
      for (; sequence.offsetUs < us; sequence.offsetUs = sequence.next() ?? Infinity) count++;
    }
    return count;
  }
}
