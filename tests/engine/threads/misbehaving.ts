/** A worker that does what the plan's name says, some time after it was told to start (or to prepare). */
import "../../../src/engine/worker_thread.ts";
import process from "node:process";
import type { ToWorker } from "../../../src/engine/messages.ts";
import { thread } from "../../../src/pacing/thread.ts";

const AFTER_MS = 2_300;

const MISDEEDS: Record<string, () => void> = {
  loop: () => {
    for (;;);
  },
  throw: () => {
    throw new Error("thrown late");
  },
  reject: () => void Promise.reject(new Error("rejected late")),
  exit: () => process.exit(3),
  memory: () => {
    const kept: unknown[] = [];
    setInterval(() => {
      for (let i = 0; i < 100_000; i++) kept.push({ i, text: `text ${i}` });
    }, 1);
  },
  deaf: () => {
    setInterval(() => {}, 1000);
  },
};

let misdeed = "";
let worker = 0;

thread.on("message", (data) => {
  const message = data as ToWorker;
  if (message.kind === "prepare") {
    misdeed = message.plan.name;
    worker = message.share.index;
    if (misdeed === "loop-preparing") setTimeout(MISDEEDS["loop"]!, 100);
    if (misdeed === "throw-preparing") setTimeout(MISDEEDS["throw"]!, 100);
  }
  if (message.kind === "start" && worker === 0) setTimeout(() => MISDEEDS[misdeed]?.(), AFTER_MS);
});
