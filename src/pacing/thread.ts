/** This thread's side of the channel to the thread that started it; null on the main thread. */
import { parentPort } from "node:worker_threads";

interface ThreadPort {
  on(event: "message", onMessage: (message: unknown) => void): void;
  postMessage(message: unknown): void;
}

export const thread = parentPort as unknown as ThreadPort;
