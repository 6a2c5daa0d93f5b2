/**
 * The clocks of a machine that shares a run: when its own says that the load is to start, how far that one is from the
 * target's before the load and after it, and what the machine itself says of it. The machines' common reference is the
 * target, which all of them ask, so nothing else has to be set right.
 */
import { nowUs } from "../clock.ts";
import { unmeasuredClient } from "../http/client.ts";
import type { ShardFacts } from "../metrics/run.ts";
import { mainOrigin, mainServer, type Plan } from "../plan/plan.ts";
import type { Shard } from "../shard.ts";
import { timerClock } from "../timer.ts";
import { type HostClock, readHostClock } from "./host_clock.ts";
import { tlsOf } from "./target.ts";
import { type ClockReading, readTargetClock } from "./target_clock.ts";

export interface ShardClocksOptions {
  readonly plan: Plan;
  readonly shard: Shard;
  /** By the machine's own clock, in microseconds since the Unix epoch; undefined: at once. */
  readonly startAtUs?: number | undefined;
  /** How far the machine's own clock is ahead of the process's, which nobody sets. */
  readonly wallAheadUs: () => number;
  readonly signal: AbortSignal;
}

/** After the load: whatever the target answers by then. */
const AFTER_US = 30_000_000;

export class ShardClocks {
  readonly #options: ShardClocksOptions;
  /** Own clock minus the target's, both of the machine. */
  #before: ClockReading = { note: "there was no time to read it" };
  #after: ClockReading = { note: "the run was interrupted" };
  #host: HostClock | undefined;

  constructor(options: ShardClocksOptions) {
    this.#options = options;
    // It has no other to agree with, and nobody is asked.
    if (options.shard.count === 1) this.#before = this.#after = {};
  }

  get #isAlone(): boolean {
    return this.#options.shard.count === 1;
  }

  /** While the start is waited for, which has to wait no longer for this than until then. */
  async readBefore(untilUs: number): Promise<void> {
    if (this.#isAlone) return;
    [this.#before, this.#host] = await Promise.all([this.#read(untilUs), readHostClock()]);
  }

  async readAfter(): Promise<void> {
    if (this.#isAlone) return;
    this.#after = await this.#read(nowUs() + AFTER_US, this.#before);
  }

  /** @param startedUs When the load's clock started, by the process's. */
  facts(startedUs: number): ShardFacts {
    const { plan, shard, startAtUs, wallAheadUs } = this.#options;
    const [before, after] = [this.#before, this.#after];
    const note = noteOn(before, after);
    return {
      ...shard,
      ...(startAtUs !== undefined && { startAtUs }),
      startedUs: startedUs + wallAheadUs(),
      host: { name: Deno.hostname(), ...nodeName() },
      target: {
        origin: mainOrigin(plan),
        ...(before.offset && { before: before.offset }),
        ...(after.offset && { after: after.offset }),
        ...(note !== undefined && { note }),
      },
      ...(this.#host && { hostClock: this.#host }),
    };
  }

  async #read(untilUs: number, before?: ClockReading): Promise<ClockReading> {
    const { plan, wallAheadUs, signal } = this.#options;
    const url = new URL(mainServer(plan));
    const asked = plan.scenarios.find(({ origin }) => origin === url.origin);
    const tls = asked === undefined ? plan.target.tls : await tlsOf(plan, asked);
    const client = unmeasuredClient({ tls, maxBodyBytes: 65_536 });
    // Instants of exchanges are of the process's clock.
    const aheadUs = wallAheadUs();
    try {
      const reading = await readTargetClock({
        client,
        url,
        clock: timerClock,
        untilUs,
        signal,
        before: before && moved(before, -aheadUs),
      });
      return moved(reading, aheadUs);
    } finally {
      client.close();
    }
  }
}

function moved(reading: ClockReading, byUs: number): ClockReading {
  const { offset } = reading;
  return offset === undefined
    ? reading
    : { ...reading, offset: { ...offset, offsetUs: offset.offsetUs + byUs } };
}

function noteOn(before: ClockReading, after: ClockReading): string | undefined {
  if (before.note === after.note) return before.note;
  return [
    before.note === undefined ? [] : [`before the load: ${before.note}`],
    after.note === undefined ? [] : [`after the load: ${after.note}`],
  ].flat().join("; ");
}

/** Where an engine, or its manifest, says on which machine of a cluster this is. */
const NODE_VARIABLES = ["NODE_NAME", "SLURMD_NODENAME"] as const;

function nodeName(): { node?: string } {
  const node = NODE_VARIABLES.map((name) => Deno.env.get(name)).find(Boolean);
  return node === undefined ? {} : { node };
}
