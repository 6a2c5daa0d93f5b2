/** A probe that tells of the first scenario, and loops in the second. */
import type { FromProbe } from "../../../src/engine/probing.ts";
import { thread } from "../../../src/pacing/thread.ts";

thread.on("message", () => {
  const first: FromProbe = { kind: "probed", result: { steps: [] } };
  thread.postMessage(first);
  setTimeout(() => {
    for (;;);
  }, 50);
});
