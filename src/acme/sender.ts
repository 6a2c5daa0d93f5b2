/**
 * Through what a request is sent: an iteration, which measures it, or the plain client while a flow prepares. Both are
 * asked in the same way, so that registering an account is one function.
 */
import { legible } from "../flows/expectation.ts";
import type { FlowContext, Iteration } from "../flows/flow.ts";

export type Sender = Pick<Iteration, "step" | "observe" | "count" | "signal">;

/** Sends without recording. */
export function unmeasured(
  { client, timeoutMs, signal }: Pick<FlowContext<unknown>, "client" | "timeoutMs" | "signal">,
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
