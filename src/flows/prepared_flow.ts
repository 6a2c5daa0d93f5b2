/** Flows that cannot send anything before they have a directory, accounts and keys. */
import { type Failure, isFailure } from "../http/failure.ts";
import type { Flow, Iteration } from "./flow.ts";

/** What a flow works with between `prepare` and `close`. */
interface Work {
  prepare(iterations: number): Promise<Failure | undefined>;
  close?(): Promise<void>;
}

/** A flow whose work is opened in `prepare` and handed to every iteration. */
export function preparedFlow<Opened extends Work>(
  open: () => Promise<Opened | Failure>,
  iterate: (opened: Opened, iteration: Iteration) => Promise<Failure | undefined>,
): Flow {
  let opened: Opened | undefined;
  return {
    prepare: async (iterations) => {
      const work = await open();
      if (isFailure(work)) return work;
      opened = work;
      return await work.prepare(iterations);
    },
    run: (iteration) => {
      if (opened === undefined) throw new Error("The flow runs before it is prepared");
      return iterate(opened, iteration);
    },
    close: async () => await opened?.close?.(),
  };
}
