/**
 * Where arrivals come from, behind one face for both models, so that the send loop is written once. Offsets are
 * microseconds from the scenario's start. A worker takes its share only: arrival or user n belongs to shard n mod count.
 */
import type { Load } from "../plan/plan.ts";
import { createPacer } from "./pacer.ts";
import { highestLevel, nextAbove, totalDurationMs } from "./stages.ts";

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
  /** An arrival has run its course; in the closed model this brings the user's next one. */
  completed(arrival: Arrival, offsetUs: number): void;
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

  completed(arrival: Arrival, offsetUs: number): void {
    if (arrival.user !== undefined) this.#schedule(arrival.user, offsetUs + this.#thinkUs);
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
