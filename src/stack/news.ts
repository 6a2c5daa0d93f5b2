/** Whether a stack that is coming up still does: what has changed, since when, and what is told of it. */
import { type Container, describeState } from "./container.ts";

/** A line that the compose tool prints is shown no more often. */
const NEWS_EVERY_MS = 5_000;

export class News {
  readonly #progress: (line: string) => void;
  readonly #nowMs: () => number;
  #lastMs: number;
  #printedMs = -Infinity;
  #states = "";

  constructor(progress: (line: string) => void, nowMs: () => number = () => performance.now()) {
    this.#progress = progress;
    this.#nowMs = nowMs;
    this.#lastMs = nowMs();
  }

  idleMs(): number {
    return this.#nowMs() - this.#lastMs;
  }

  /** The compose tool printed a line; pulls and builds print very many. */
  printed(line: string): void {
    this.#lastMs = this.#nowMs();
    if (this.#lastMs - this.#printedMs < NEWS_EVERY_MS) return;
    this.#printedMs = this.#lastMs;
    this.#progress(`stack: ${line.trim()}`);
  }

  states(containers: readonly Container[], waiting: readonly Container[]): void {
    const states = containers.map((each) => `${each.service} ${describeState(each)}`).join();
    if (states === this.#states) return;
    this.#states = states;
    this.#lastMs = this.#nowMs();
    const names = waiting.map((each) => `${each.service} (${describeState(each)})`).join(", ");
    const ready = containers.length - waiting.length;
    const rest = names === "" ? "" : `, waiting for ${names}`;
    this.#progress(`stack: ${ready} of ${containers.length} services ready${rest}`);
  }
}
