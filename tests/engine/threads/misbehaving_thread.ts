/** A worker without a load: gives a sign when it is spoken to, and then does what it was told to. */
import "../../../src/engine/worker_thread.ts";
import type { FromWorker } from "../../../src/engine/messages.ts";
import { thread } from "../../../src/pacing/thread.ts";
import { MISDEEDS } from "./misdeeds.ts";

thread.on("message", (message) => {
  const { misdeed } = message as { misdeed: string };
  const sign: FromWorker = { kind: "preparing", scenario: misdeed };
  thread.postMessage(misdeed === "done" ? { kind: "done" } : sign);
  MISDEEDS[misdeed]?.();
});
