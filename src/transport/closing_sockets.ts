/**
 * Deno holds each of its own TLS 1.3 sockets open for 100 ms after its end, on one of 32 threads, so it closes 320 in a
 * second; what is beyond that waits, with its file descriptor.
 */
const CLOSED_PER_US = 320 / 1e6;

/** How many sockets the runtime has still to close. Knows no clock: instants are microseconds, and never go back. */
export class ClosingSockets {
  #count = 0;
  #atUs = 0;

  countAt(nowUs: number): number {
    this.#count = Math.max(0, this.#count - (nowUs - this.#atUs) * CLOSED_PER_US);
    this.#atUs = nowUs;
    return this.#count;
  }

  add(nowUs: number): void {
    this.#count = this.countAt(nowUs) + 1;
  }
}

/** Those of this thread: the runtime has as many threads for each. */
export const closingSockets = new ClosingSockets();
