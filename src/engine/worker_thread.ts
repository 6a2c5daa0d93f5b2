/** Entry of a load thread: a Worker that carries one shard of the load and draws, writes and reports nothing. */
import process from "node:process";
import { hide } from "../masking/mask.ts";
import { AlarmClock } from "../pacing/wakeup.ts";
import { nowUs } from "../clock.ts";
import { thread } from "../pacing/thread.ts";
import type { FromShard, ToShard } from "./messages.ts";
import { LoadShard } from "./worker.ts";

const TICK_MS = 1000;

let shard: LoadShard | undefined;
let ticking: ReturnType<typeof setInterval> | undefined;

function say(message: FromShard): void {
  thread.postMessage(message);
}

async function prepare(message: ToShard & { kind: "prepare" }): Promise<void> {
  const { plan, alarm, runId } = message;
  hide(plan.secrets);
  const clock = new AlarmClock(alarm, message.shard.index);
  const made = shard = new LoadShard({ plan, shard: message.shard, clock, runId });
  const cpuShare = cpuMeter();
  ticking = setInterval(() => {
    say({ kind: "tick", cpuShare: cpuShare(), scenarios: made.tick() });
  }, TICK_MS);
  const scenarios = await made.prepare((scenario) => say({ kind: "preparing", scenario }));
  say({ kind: "prepared", scenarios });
}

async function start(running: LoadShard, originUs: number): Promise<void> {
  const result = await running.run(originUs);
  clearInterval(ticking);
  say({ kind: "done", result });
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
  say({ kind: "fault", message: error instanceof Error ? error.message : String(error) });
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
  const message = data as ToShard;
  if (message.kind === "prepare") prepare(message).catch(fault);
  else if (message.kind === "start" && shard) start(shard, message.originUs).catch(fault);
  else if (message.kind === "stop") shard?.stop();
  else if (message.kind === "kill") shard?.kill();
});
