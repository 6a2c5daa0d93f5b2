/** The targets of one worker: each is one deployment's at a time, and whoever comes meanwhile waits in turn. */
import type { Clock } from "../clock.ts";
import { originOf } from "../http/stream.ts";
import type { Shake } from "./handshake.ts";
import type { Installer } from "./installer.ts";
import type { KeptTrain } from "./kept.ts";
import { type HostPort, hostPort, type TargetOptions } from "./options.ts";
import { TargetWatch } from "./watch.ts";

/** Where a target is connected to. */
export function addressOf({ url, connect_to: connectTo }: TargetOptions): HostPort {
  return connectTo === undefined ? originOf(new URL(url)) : hostPort(connectTo);
}

/** A target in messages and reports: its name, or where it is. */
export function labelOf(given: TargetOptions): string {
  return given.name ?? placeOf(given);
}

/** `127.0.0.1:9443 web-1.example.com`: one address may serve several names, each with a certificate of its own. */
export function placeOf(given: TargetOptions): string {
  const { hostname, port } = addressOf(given);
  const name = new URL(given.url).hostname;
  const address = `${hostname}:${port}`;
  return name === hostname || name === `[${hostname}]` ? address : `${address} ${name}`;
}

export interface DeployTargetOptions {
  readonly label: string;
  readonly shake: Shake;
  /** Handshakes a second. */
  readonly perS: number;
  readonly clock: Clock;
  readonly kept: KeptTrain;
  /** Absent: somebody else installs. */
  readonly installer?: Installer;
}

/** What was counted at a target since it was last asked. */
export interface TargetCounts {
  readonly watch_handshakes: number;
  readonly watch_late: number;
  readonly handshake_failures: number;
  readonly kept_requests: number;
  readonly reset_requests: number;
}

export class DeployTarget {
  readonly label: string;
  readonly installer: Installer | undefined;
  readonly watch: TargetWatch;
  readonly kept: KeptTrain;
  /** Whatever it has served, or was to serve, before: what is old there. */
  readonly known = new Set<string>();
  /** Ends the look of the deployment before, as another certificate is on its way. */
  #tail: AbortController | undefined;
  #told: TargetCounts = NOTHING;

  constructor({ label, shake, perS, clock, kept, installer }: DeployTargetOptions) {
    this.label = label;
    this.watch = new TargetWatch({ clock, perS, shake });
    this.kept = kept;
    this.installer = installer;
  }

  /** The next certificate is on its way from now on: whoever still looks for the last one has seen all of it. */
  turn(): AbortSignal {
    this.#tail?.abort();
    this.#tail = new AbortController();
    return this.#tail.signal;
  }

  /** Of all deployments together, as several may look at once. */
  takeCounts(): TargetCounts {
    const { handshakes, late, failures } = this.watch.counts;
    const { requests, reset } = this.kept.counts;
    const now = {
      watch_handshakes: handshakes,
      watch_late: late,
      handshake_failures: failures,
      kept_requests: requests,
      reset_requests: reset,
    };
    const told = this.#told;
    this.#told = now;
    const names = Object.keys(now) as (keyof TargetCounts)[];
    return Object.fromEntries(
      names.map((name) => [name, now[name] - told[name]]),
    ) as unknown as TargetCounts;
  }
}

const NOTHING: TargetCounts = {
  watch_handshakes: 0,
  watch_late: 0,
  handshake_failures: 0,
  kept_requests: 0,
  reset_requests: 0,
};

/** Free things, given out in the order in which they came free, to those who wait in the order in which they came. */
export class Queue<T> {
  readonly #free: T[];
  readonly #waiting: ((one: T | undefined) => void)[] = [];

  constructor(all: readonly T[]) {
    this.#free = [...all];
  }

  /** undefined: `signal` was aborted first. */
  take(signal: AbortSignal): Promise<T | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const one = this.#free.shift();
    if (one !== undefined) return Promise.resolve(one);
    return new Promise((resolve) => {
      const taker = (given: T | undefined): void => {
        signal.removeEventListener("abort", giveUp);
        resolve(given);
      };
      const giveUp = (): void => {
        const at = this.#waiting.indexOf(taker);
        if (at >= 0) this.#waiting.splice(at, 1);
        taker(undefined);
      };
      signal.addEventListener("abort", giveUp);
      this.#waiting.push(taker);
    });
  }

  giveBack(one: T): void {
    const taker = this.#waiting.shift();
    if (taker === undefined) this.#free.push(one);
    else taker(one);
  }
}
