/** Doing a thing at a steady rate, on the clock: instants are planned, so that slow ones do not slow the rest down. */
import type { Clock } from "../clock.ts";

export interface Paced {
  readonly clock: Clock;
  readonly perS: number;
  readonly signal: AbortSignal;
  /** `isLate`: it should have come more than half an interval ago. */
  readonly act: (isLate: boolean) => void;
}

/**
 * Calls `act` now and then at each planned instant, until `signal` aborts. Instants that have passed unused are left out:
 * a thread that stood still does not make up for it in a burst.
 */
export async function pace({ clock, perS, signal, act }: Paced): Promise<void> {
  const intervalUs = 1_000_000 / perS;
  let dueUs = clock.nowUs();
  while (!signal.aborted) {
    const behindUs = clock.nowUs() - dueUs;
    act(behindUs > intervalUs / 2);
    dueUs += intervalUs * (1 + Math.floor(behindUs / intervalUs));
    await clock.sleepUntil(dueUs, signal, dueUs + intervalUs);
  }
}
