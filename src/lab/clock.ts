/** The system's time, by timers: to the millisecond, which is enough for a server. */
import { type Clock, nowUs } from "../schedule/clock.ts";

export const timerClock: Clock = {
  nowUs,
  sleepUntil: (instantUs, signal) => {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, (instantUs - nowUs()) / 1000));
      signal?.addEventListener("abort", done);
    });
  },
};
