/**
 * Where arrivals come from, behind one face for both models, so that the send loop is written once. Offsets are
 * microseconds from the scenario's start. A worker takes its share only.
 */
import {
  arrivalCount,
  arrivalSequence,
  type NextOffsetUs,
  type OpenScenario,
} from "../plan/arrival_sequence.ts";
import { createPacer } from "../plan/pacer.ts";
import type { Scenario, Stage } from "../plan/plan.ts";
import { durationMsOf, highestLevel, nextAbove } from "../plan/profile.ts";
import { isOf, type WorkerShare } from "../worker_share.ts";

export interface Arrival {
  /** Unique in the scenario over all workers. */
  readonly index: number;
  /** The open model's planned instant; the closed model has none: its clock starts when it sends. */
  readonly offsetUs: number;
  readonly user?: number;
}

export interface Arrivals {
  /** When the next arrival is due, or the one that many after it; undefined when none is known now. */
  peekUs(ahead?: number): number | undefined;
  /** Takes the one that `peekUs` told of. */
  take(): Arrival;
  /**
   * An arrival has run its course; in the closed model this brings the user's next one. `unconnected`: it found nobody
   * to talk to.
   */
  completed(arrival: Arrival, offsetUs: number, unconnected?: boolean): void;
}

export function createArrivals(
  { name, load }: Pick<Scenario, "name" | "load">,
  share: WorkerShare,
): Arrivals {
  if (load.model === "closed") return new UserArrivals(load.stages, load.thinkTimeMs, share);
  return load.arrivals === "even"
    ? new EvenArrivals({ name, load }, share)
    : new DrawnArrivals({ name, load }, share);
}

/** Asks for its own alone, each in closed form. */
class EvenArrivals implements Arrivals {
  readonly #pacer;
  readonly #share: WorkerShare;
  readonly #total: number;
  #next: number;

  constructor(scenario: OpenScenario, share: WorkerShare) {
    this.#pacer = createPacer(scenario.load.stages, scenario.load.phase);
    this.#share = share;
    this.#total = arrivalCount(scenario);
    this.#next = share.index;
  }

  peekUs(ahead = 0): number | undefined {
    const n = this.#next + ahead * this.#share.count;
    return n < this.#total ? this.#pacer.offsetUs(n) : undefined;
  }

  take(): Arrival {
    const index = this.#next;
    this.#next += this.#share.count;
    return { index, offsetUs: this.#pacer.offsetUs(index) };
  }

  completed(): void {}
}

/** Goes through all arrivals in their order, as each follows from the one before it, and keeps those of its share. */
class DrawnArrivals implements Arrivals {
  readonly #nextUs: NextOffsetUs;
  readonly #share: WorkerShare;
  /** Those looked at and not taken yet. */
  readonly #ahead: Arrival[] = [];
  /** The number of the arrival that `#nextUs` tells of. */
  #number = 0;

  constructor(scenario: OpenScenario, share: WorkerShare) {
    this.#nextUs = arrivalSequence(scenario);
    this.#share = share;
  }

  peekUs(ahead = 0): number | undefined {
    while (this.#ahead.length <= ahead) {
      const arrival = this.#find();
      if (arrival === undefined) return undefined;
      this.#ahead.push(arrival);
    }
    return this.#ahead[ahead]?.offsetUs;
  }

  take(): Arrival {
    const arrival = this.#ahead.shift() ?? this.#find();
    if (arrival === undefined) throw new RangeError("Cannot take an arrival: none is left");
    return arrival;
  }

  completed(): void {}

  #find(): Arrival | undefined {
    let offsetUs = this.#nextUs();
    while (offsetUs !== undefined && !isOf(this.#number++, this.#share)) offsetUs = this.#nextUs();
    return offsetUs === undefined ? undefined : { index: this.#number - 1, offsetUs };
  }
}

/** When a user comes next. */
interface NextIteration {
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
  readonly #stages: readonly Stage[];
  readonly #thinkUs: number;
  readonly #share: WorkerShare;
  /** Sorted by due time; users are few and mostly come back in the order in which they left. */
  readonly #due: NextIteration[] = [];
  /** By user: how often in a row it found nobody. */
  readonly #refusals = new Map<number, number>();
  #taken = 0;

  constructor(stages: readonly Stage[], thinkTimeMs: number, share: WorkerShare) {
    this.#stages = stages;
    this.#thinkUs = thinkTimeMs * 1000;
    this.#share = share;
    const users = Math.ceil(highestLevel(stages));
    const spreadUs = Math.min(this.#thinkUs, durationMsOf(stages) * 1000);
    for (let user = share.index; user < users; user += share.count) {
      this.#schedule(user, spreadUs * (user / users));
    }
  }

  peekUs(ahead = 0): number | undefined {
    return this.#due[ahead]?.dueUs;
  }

  take(): Arrival {
    const next = this.#due.shift();
    if (next === undefined) throw new RangeError("Cannot take an arrival: no user is due");
    const index = this.#taken++ * this.#share.count + this.#share.index;
    return { index, offsetUs: next.dueUs, user: next.user };
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
    let at = this.#due.length;
    while (at > 0 && (this.#due[at - 1]?.dueUs ?? 0) > dueUs) at--;
    this.#due.splice(at, 0, { user, dueUs });
  }
}
