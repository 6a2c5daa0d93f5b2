/** A probe that ends without a word. */
import { thread } from "../../../src/pacing/thread.ts";
import { MISDEEDS } from "./misdeeds.ts";

thread.on("message", () => MISDEEDS["exit"]?.());
