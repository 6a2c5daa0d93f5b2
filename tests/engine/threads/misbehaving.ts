/** A worker that does what the plan's name says, when it has told of a part of its load (or while it prepares). */
import "../../../src/engine/worker_thread.ts";
import type { FromWorker, ToWorker } from "../../../src/engine/messages.ts";
import { thread } from "../../../src/pacing/thread.ts";
import { MISDEEDS } from "./misdeeds.ts";

/** Iterations. */
const TOLD = 35;
/** What was posted before is delivered by then. */
const DELIVERED_MS = 300;

let misdeed = "";
let worker = 0;

thread.on("message", (data) => {
  const message = data as ToWorker;
  if (message.kind === "prepare") {
    misdeed = message.plan.name;
    worker = message.share.index;
    if (misdeed === "throw-preparing") setTimeout(MISDEEDS["throw"]!, 100);
  }
});

const post = thread.postMessage.bind(thread);
let told = 0;
thread.postMessage = (posted): void => {
  post(posted);
  const message = posted as FromWorker;
  if (message.kind !== "tick" || worker !== 0 || told >= TOLD) return;
  const slices = message.scenarios.flatMap(({ slices }) => slices.scenario);
  told += slices.reduce((sum, { count }) => sum + count, 0);
  if (told >= TOLD) setTimeout(() => MISDEEDS[misdeed]?.(), DELIVERED_MS);
};
