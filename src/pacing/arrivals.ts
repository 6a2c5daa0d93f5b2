/**
 * Where arrivals come from, behind one face for both models, so that the send loop is written once. Offsets are
 * microseconds from the scenario's start. A worker takes its share only: arrival or user n belongs to shard n mod count.
 */
import type { Load } from "../plan/plan.ts";
import { createPacer } from "../plan/pacer.ts";
import { highestLevel, nextAbove, totalDurationMs } from "../plan/stages.ts";

export interface Arrival {
  /** Unique in the scenario over all shards. */
  readonly index: number;
  /** The open model's planned instant; the closed model has none: its clock starts when it sends. */
  readonly offsetUs: number;
  readonly user?: number;
}

export interface Arrivals {
  /** When the next arrival is due; undefined when none is known now. */
  peekUs(): number | undefined;
  /** Takes the one that `peekUs` told of. */
  take(): Arrival;
  /**
   * An arrival has run its course; in the closed model this brings the user's next one. `unconnected`: it found nobody
   * to talk to.
   */
  completed(arrival: Arrival, offsetUs: number, unconnected?: boolean): void;
}

export interface Shard {
  readonly index: number;
  readonly count: number;
}

export function createArrivals(load: Load, shard: Shard): Arrivals {
  return load.model === "open"
    ? new PlannedArrivals(load.stages, shard)
    : new UserArrivals(load.stages, load.thinkTimeMs, shard);
}

class PlannedArrivals implements Arrivals {
  readonly #pacer;
  readonly #shard: Shard;
  #next: number;

  constructor(stages: Load["stages"], shard: Shard) {
    this.#pacer = createPacer(stages);
    this.#shard = shard;
    this.#next = shard.index;
  }

  peekUs(): number | undefined {
    return this.#next < this.#pacer.total ? this.#pacer.offsetUs(this.#next) : undefined;
  }

  take(): Arrival {
    const index = this.#next;
    this.#next += this.#shard.count;
    return { index, offsetUs: this.#pacer.offsetUs(index) };
  }

  completed(): void {}
}

interface Turn {
  readonly user: number;
  readonly dueUs: number;
}

/** A user who finds nobody comes again after this time, doubled each time, up to a second. */
const FIRST_PAUSE_US = 100_000;
const LONGEST_PAUSE_US = 1_000_000;

/** After `refusals` in a row; without a pause users of a dead server would do nothing but connect. */
export function pauseUs(refusals: number): number {
  return refusals === 0 ? 0 : Math.min(LONGEST_PAUSE_US, FIRST_PAUSE_US * 2 ** (refusals - 1));
}

/**
 * Each user comes, waits for the answer, thinks, and comes again while the profile's level is above the user's number.
 * First arrivals are spread over one think time: users of a real system do not all start in the same millisecond.
 */
class UserArrivals implements Arrivals {
  readonly #stages: Load["stages"];
  readonly #thinkUs: number;
  readonly #shard: Shard;
  /** Sorted by due time; users are few and mostly come back in the order in which they left. */
  readonly #turns: Turn[] = [];
  /** By user: how often in a row it found nobody. */
  readonly #refusals = new Map<number, number>();
  #taken = 0;

  constructor(stages: Load["stages"], thinkTimeMs: number, shard: Shard) {
    this.#stages = stages;
    this.#thinkUs = thinkTimeMs * 1000;
    this.#shard = shard;
    const users = Math.ceil(highestLevel(stages));
    const spreadUs = Math.min(this.#thinkUs, totalDurationMs(stages) * 1000);
    for (let user = shard.index; user < users; user += shard.count) {
      this.#schedule(user, spreadUs * (user / users));
    }
  }

  peekUs(): number | undefined {
    return this.#turns[0]?.dueUs;
  }

  take(): Arrival {
    const turn = this.#turns.shift();
    if (turn === undefined) throw new RangeError("Cannot take an arrival: no user is due");
    const index = this.#taken++ * this.#shard.count + this.#shard.index;
    return { index, offsetUs: turn.dueUs, user: turn.user };
  }

  completed({ user }: Arrival, offsetUs: number, unconnected = false): void {
    if (user === undefined) return;
    const refusals = unconnected ? (this.#refusals.get(user) ?? 0) + 1 : 0;
    if (refusals > 0) this.#refusals.set(user, refusals);
    else this.#refusals.delete(user);
    this.#schedule(user, offsetUs + Math.max(this.#thinkUs, pauseUs(refusals)));
  }

  #schedule(user: number, fromUs: number): void {
    const dueMs = nextAbove(this.#stages, user, fromUs / 1000);
    if (dueMs === undefined) return;
    const dueUs = dueMs * 1000;
    let at = this.#turns.length;
    while (at > 0 && (this.#turns[at - 1]?.dueUs ?? 0) > dueUs) at--;
    this.#turns.splice(at, 0, { user, dueUs });
  }
}
