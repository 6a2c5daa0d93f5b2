/**
 * V8's first full collection of a load thread would fall into the first seconds of the load: 4 ms at once and as much
 * again in steps, which is all that p99 of that second can hold.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects this thread's garbage now; false where the runtime lets no program ask for it (Deno 2.7). */
export function collectGarbage(): boolean {
  try {
    setFlagsFromString("--expose-gc");
    runInNewContext('gc({ type: "major" })');
    return true;
  } catch {
    return false;
  }
}
