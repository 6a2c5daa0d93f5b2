/** Entry of a worker's thread: it sends its share of the load and tells the coordinator, and prints nothing. */
import process from "node:process";
import { hide } from "../masking/mask.ts";
import { WakeupClock } from "../pacing/wakeup.ts";
import { nowUs } from "../clock.ts";
import { thread } from "../pacing/thread.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { LoadWorker } from "./worker.ts";
import { messageOf } from "../message_of.ts";

const TICK_MS = 1000;

let worker: LoadWorker | undefined;
let ticking: ReturnType<typeof setInterval> | undefined;

function post(message: FromWorker): void {
  thread.postMessage(message);
}

async function prepare(message: ToWorker & { kind: "prepare" }): Promise<void> {
  const { plan, share, machine, wakeup, runId, made } = message;
  hide(plan.secrets);
  const clock = new WakeupClock(wakeup, share.index);
  const loading = worker = new LoadWorker({ plan, share, machine, clock, runId, made });
  const cpuShare = cpuMeter();
  ticking = setInterval(() => {
    post({ kind: "tick", cpuShare: cpuShare(), scenarios: loading.tick() });
  }, TICK_MS);
  const scenarios = await loading.prepare((scenario) => post({ kind: "preparing", scenario }));
  post({ kind: "prepared", scenarios });
}

async function rehearse(waiting: LoadWorker): Promise<void> {
  post({ kind: "rehearsed", scenarios: await waiting.rehearse() });
}

async function start(running: LoadWorker, originUs: number): Promise<void> {
  const result = await running.run(originUs);
  clearInterval(ticking);
  post({ kind: "done", result });
}

/** This thread's CPU time as a share of the wall time since the last call. */
function cpuMeter(): () => number {
  let before = { cpu: process.threadCpuUsage(), atUs: nowUs() };
  return () => {
    const cpu = process.threadCpuUsage(before.cpu);
    const wallUs = nowUs() - before.atUs;
    before = { cpu: process.threadCpuUsage(), atUs: nowUs() };
    return (cpu.user + cpu.system) / Math.max(1, wallUs);
  };
}

function fault(error: unknown): void {
  post({ kind: "fault", message: messageOf(error) });
}

// What nobody has caught is told in one line; the runtime would print its stack and end the thread.
globalThis.addEventListener("error", (event) => {
  event.preventDefault();
  fault(event.error ?? event.message);
});
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  fault(event.reason);
});

thread.on("message", (data) => {
  const message = data as ToWorker;
  if (message.kind === "prepare") prepare(message).catch(fault);
  else if (message.kind === "rehearse" && worker) rehearse(worker).catch(fault);
  else if (message.kind === "start" && worker) start(worker, message.originUs).catch(fault);
  else if (message.kind === "stop") worker?.stop();
  else if (message.kind === "kill") worker?.kill();
});
