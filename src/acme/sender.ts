/**
 * Through what a request is sent: an iteration, which measures it, or the plain client while a flow prepares. Both are
 * asked in the same way, so that registering an account is one function.
 */
import type { HttpClient } from "../http/http.ts";
import { type Sender, sendStep } from "../http/step.ts";

export type { Sender };

/** Sends without recording. */
export function unmeasured(
  { client, timeoutMs, signal }: {
    readonly client: HttpClient;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Sender {
  return {
    signal,
    observe: () => {},
    count: () => {},
    step: (_step, request, expect, { fresh, again } = {}) =>
      sendStep(client, request, expect, { timeoutMs, signal, fresh }, again),
  };
}
