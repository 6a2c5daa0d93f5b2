/**
 * Through what a request is sent: an iteration, which measures it, or the plain client while a flow prepares. Both are
 * asked in the same way, so that registering an account is one function.
 */
import { legible } from "../http/expectation.ts";
import type { HttpClient } from "../http/http.ts";
import type { Sender } from "../http/step.ts";

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
    step: async (_step, request, expect, options) => {
      let exchange = await client.send(request, { timeoutMs, signal });
      for (;;) {
        const again = await options?.again?.(exchange);
        if (again === undefined) break;
        exchange = await client.send(again, { timeoutMs, signal });
      }
      const said = exchange.failure ?? expect.check?.(exchange);
      const failure = typeof said === "string"
        ? { class: "unexpected_body" as const, message: said }
        : said;
      return { exchange, failure: failure && legible(failure) };
    },
  };
}
