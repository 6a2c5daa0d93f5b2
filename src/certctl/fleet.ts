/**
 * Whose poll is which: a fleet of agents that each say that they are alive, and ask for work, at certctl's periods. Closed
 * form: poll n of the fleet follows from n and the seed alone, so that threads need not talk.
 */
import { randomOf } from "../random.ts";

export interface FleetOptions {
  readonly agents: number;
  readonly heartbeatMs: number;
  readonly workMs: number;
  /** How much earlier or later than its period an agent's poll may come. */
  readonly jitterMs: number;
  readonly seed: number;
}

export type PollKind = "heartbeat" | "work";

export interface Poll {
  /** 0-based. */
  readonly agent: number;
  readonly kind: PollKind;
}

/** Polls of the whole fleet in a second. */
export function pollsPerSecond(
  { agents, heartbeatMs, workMs }: Pick<FleetOptions, "agents" | "heartbeatMs" | "workMs">,
): number {
  return agents * (1000 / heartbeatMs + 1000 / workMs);
}

/**
 * Polls come evenly spaced, as those of very many agents do that were started at any time. Heartbeats and looks for work
 * alternate in the proportion of their periods; each kind goes through the whole fleet once in its period, in an order
 * that the seed shuffles. Jitter shuffles neighbours anew in every round: places within `jitterMs` of each other.
 */
export class Fleet {
  readonly #options: FleetOptions;
  /** Share of heartbeats among all polls. */
  readonly #heartbeats: number;
  readonly #order: Int32Array;
  readonly #rounds: Readonly<Record<PollKind, Rounds>>;

  constructor(options: FleetOptions) {
    const { agents, heartbeatMs, workMs, seed } = options;
    this.#options = options;
    this.#heartbeats = workMs / (heartbeatMs + workMs);
    this.#order = shuffled(agents, randomOf(seed));
    this.#rounds = {
      heartbeat: new Rounds(this.#places(heartbeatMs), 2 * seed + 1),
      work: new Rounds(this.#places(workMs), 2 * seed + 2),
    };
  }

  /** Poll `n` of the fleet, 0-based. */
  poll(n: number): Poll {
    const before = Math.floor(n * this.#heartbeats);
    const isHeartbeat = Math.floor((n + 1) * this.#heartbeats) > before;
    const kind = isHeartbeat ? "heartbeat" : "work";
    const nth = isHeartbeat ? before : n - before;
    const { agents } = this.#options;
    const place = this.#rounds[kind].place(Math.floor(nth / agents), nth % agents);
    return { agent: this.#order[place]!, kind };
  }

  /** Of a round, the places that lie within the jitter of each other. */
  #places(periodMs: number): { readonly block: number; readonly agents: number } {
    const { agents, jitterMs } = this.#options;
    const block = Math.min(agents, Math.floor(jitterMs / periodMs * agents));
    return { block: Math.max(1, block), agents };
  }
}

/** The rounds of one kind of poll: in each, blocks of neighbours are shuffled anew. */
class Rounds {
  readonly #block: number;
  readonly #agents: number;
  readonly #seed: number;
  /** Of the block last asked for: polls come in order. */
  #known: { readonly key: number; readonly order: Int32Array } | undefined;

  constructor(
    { block, agents }: { readonly block: number; readonly agents: number },
    seed: number,
  ) {
    this.#block = block;
    this.#agents = agents;
    this.#seed = seed;
  }

  place(round: number, at: number): number {
    if (this.#block === 1) return at;
    const nth = Math.floor(at / this.#block);
    const from = nth * this.#block;
    const key = round * Math.ceil(this.#agents / this.#block) + nth;
    if (this.#known?.key !== key) {
      const size = Math.min(this.#block, this.#agents - from);
      this.#known = { key, order: shuffled(size, randomOf(this.#seed * 0x9e3779b1 + key)) };
    }
    return from + this.#known.order[at - from]!;
  }
}

/** Fisher and Yates. */
function shuffled(size: number, random: () => number): Int32Array {
  const order = Int32Array.from({ length: size }, (_, n) => n);
  for (let last = size - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
