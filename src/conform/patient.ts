/** A client for one who has time: what a server puts off for seconds is sent again then. */
import type { Clock } from "../clock.ts";
import type { HttpClient } from "../http/http.ts";
import { retryAfterMs } from "../http/retry_after.ts";

/** A limiter of requests asks for about a second (certctl's: 1); one of orders for minutes, which is no wait. */
const LONGEST_WAIT_MS = 5000;
/** Whatever a server asks for: a date that has passed, or 0, is no invitation to hurry. */
const SHORTEST_WAIT_MS = 250;
const RETRIES = 5;

/**
 * Sends as `client` does, and again what is answered with 429 and a Retry-After of at most five seconds (RFC 6585
 * section 4), five times at most; the last answer counts.
 */
export function patient(client: HttpClient, clock: Clock): HttpClient {
  return {
    open: (...given) => client.open(...given),
    close: () => client.close(),
    send: async (request, options) => {
      for (let retry = 0;; retry++) {
        const exchange = await client.send(request, options);
        const nowUs = clock.nowUs();
        const waitMs = retryAfterMs(exchange.header("retry-after"), nowUs / 1000);
        const isPutOff = exchange.status === 429 && waitMs !== undefined &&
          waitMs <= LONGEST_WAIT_MS;
        if (!isPutOff || retry === RETRIES || options.signal?.aborted) return exchange;
        await clock.sleepUntil(nowUs + Math.max(waitMs, SHORTEST_WAIT_MS) * 1000, options.signal);
      }
    },
  };
}
