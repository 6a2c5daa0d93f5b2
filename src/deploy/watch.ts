/**
 * The watch of one target: a train of fresh handshakes at a stated rate for as long as anybody looks. Handshakes are kept
 * until the last one who looks at their time has gone.
 */
import type { Clock } from "../clock.ts";
import type { Shake } from "./handshake.ts";
import { pace } from "./pace.ts";
import type { Handshake } from "./timeline.ts";

/** More at once is a target that does not answer: what is due then is left out. */
const MOST_IN_FLIGHT = 64;

export interface WatchOptions {
  readonly clock: Clock;
  /** Handshakes a second. */
  readonly perS: number;
  readonly shake: Shake;
}

/** What one deployment sees of its target, from the beginning of the look on. */
export interface Look {
  /** Those that have ended since, in the order in which they did; slow ones may have begun before the look. */
  handshakes(): readonly Handshake[];
  /** The next one that ends; undefined when the signal aborts or `untilUs` is over before. */
  next(untilUs: number, signal: AbortSignal): Promise<Handshake | undefined>;
  end(): void;
}

export interface WatchCounts {
  readonly handshakes: number;
  readonly failures: number;
  /** Made later than half an interval after they were due. */
  readonly late: number;
}

export class TargetWatch {
  readonly #options: WatchOptions;
  /** Each with the instant of its beginning. */
  readonly #looks = new Map<Look, number>();
  readonly #counts = { handshakes: 0, failures: 0, late: 0 };
  #handshakes: Handshake[] = [];
  #waiting = new Set<(handshake: Handshake) => void>();
  #train: AbortController | undefined;
  #inFlight = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** So far, whoever looked. */
  get counts(): WatchCounts {
    return { ...this.#counts };
  }

  /** Begins to look; the train runs while anybody does. */
  look(): Look {
    const fromUs = this.#options.clock.nowUs();
    const look: Look = {
      handshakes: () => this.#handshakes.filter(({ doneUs }) => doneUs >= fromUs),
      next: (untilUs, signal) => this.#next(untilUs, signal),
      end: () => this.#end(look),
    };
    this.#looks.set(look, fromUs);
    if (this.#train === undefined) this.#start();
    return look;
  }

  #start(): void {
    const { clock, perS } = this.#options;
    const train = new AbortController();
    this.#train = train;
    void pace({ clock, perS, signal: train.signal, act: (isLate) => this.#launch(isLate) });
  }

  #end(look: Look): void {
    this.#looks.delete(look);
    if (this.#looks.size === 0) {
      this.#train?.abort();
      this.#train = undefined;
    }
    const fromUs = Math.min(...this.#looks.values());
    this.#handshakes = this.#handshakes.filter(({ doneUs }) => doneUs >= fromUs);
  }

  #launch(isLate: boolean): void {
    if (this.#inFlight >= MOST_IN_FLIGHT) return;
    this.#inFlight++;
    void this.#options.shake().then((handshake) => {
      this.#inFlight--;
      // Nobody looks any more: it belongs to no deployment.
      if (this.#looks.size === 0) return;
      this.#counts.handshakes++;
      if (isLate) this.#counts.late++;
      if (handshake.fingerprint === undefined) this.#counts.failures++;
      this.#handshakes.push(handshake);
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const tell of waiting) tell(handshake);
    });
  }

  async #next(untilUs: number, signal: AbortSignal): Promise<Handshake | undefined> {
    if (signal.aborted) return undefined;
    const over = new AbortController();
    const stop = (): void => over.abort();
    signal.addEventListener("abort", stop);
    let tell: ((handshake: Handshake) => void) | undefined;
    const told = new Promise<Handshake>((resolve) => this.#waiting.add(tell = resolve));
    const late = this.#options.clock.sleepUntil(untilUs, over.signal).then(() => undefined);
    const handshake = await Promise.race([told, late]);
    this.#waiting.delete(tell!);
    signal.removeEventListener("abort", stop);
    over.abort();
    return handshake;
  }
}
