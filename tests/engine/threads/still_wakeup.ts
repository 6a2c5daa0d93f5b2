/** A wake-up thread that says that it runs, and does nothing. */
import { thread } from "../../../src/pacing/thread.ts";

thread.on("message", () => thread.postMessage("running"));
