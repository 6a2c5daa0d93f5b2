/**
 * Undoes what was made, the last first and some side by side, within a time that is somebody else's to say. What fails is
 * tried once more, alone, after all others: it may have been what another one hung on.
 */
import type { Failure } from "../http/failure.ts";
import { legible } from "../http/expectation.ts";
import { sleep } from "../timer.ts";
import { messageOf } from "../message_of.ts";
import { aborted } from "./time_limit.ts";

export interface Undo {
  /** The thing, as it is named where it is left behind. */
  readonly what: string;
  readonly action: (signal: AbortSignal) => Promise<Failure | undefined>;
  /** After all that was made later, and before all that was made earlier. */
  readonly alone?: boolean;
}

export interface LeftBehind {
  readonly what: string;
  readonly why: string;
}

interface UndoOptions {
  /** Aborted: the time is up. What is under way gets `graceMs` to say how it ended. */
  readonly signal: AbortSignal;
  readonly graceMs: number;
  readonly onProgress: (done: number, of: number) => void;
}

const AT_ONCE = 8;
const NO_TIME = "there was no time left to undo it";
const NO_END = "undoing it did not end in time";

/** Takes from the end of `stack`, also what is put there meanwhile, until it is empty. Never rejects. */
export async function undoAll(stack: Undo[], options: UndoOptions): Promise<LeftBehind[]> {
  const failed: (LeftBehind & { readonly undo: Undo })[] = [];
  let begun = 0, done = 0;
  const one = async (undo: Undo): Promise<void> => {
    begun++;
    const why = await attempt(undo, options);
    if (why !== undefined) failed.push({ undo, what: undo.what, why });
    options.onProgress(++done, begun + stack.length);
  };
  const some = async (): Promise<void> => {
    while (stack.length > 0 && !stack.at(-1)!.alone) await one(stack.pop()!);
  };
  while (stack.length > 0) {
    await Promise.all(Array.from({ length: AT_ONCE }, some));
    if (stack.at(-1)?.alone) await one(stack.pop()!);
  }
  const left: LeftBehind[] = [];
  for (const { undo, what, why: first } of failed) {
    // The first reason is the better one where there was no time for another.
    const why = options.signal.aborted ? first : await attempt(undo, options);
    if (why !== undefined) left.push({ what, why });
  }
  return left;
}

/** Why it is left behind; undefined where it is not. */
async function attempt(
  { action }: Undo,
  { signal, graceMs }: UndoOptions,
): Promise<string | undefined> {
  if (signal.aborted) return NO_TIME;
  const ended = new AbortController();
  try {
    const failure = await Promise.race([action(signal), tooLate(signal, graceMs, ended.signal)]);
    if (failure === "too late") return NO_END;
    return failure && `${failure.class}: ${legible(failure).message}`;
  } catch (error) {
    return legible({ class: "client", message: messageOf(error) }).message;
  } finally {
    ended.abort();
  }
}

/** Resolves `graceMs` after the time is up, and not at all where nobody waits any more. */
async function tooLate(
  up: AbortSignal,
  graceMs: number,
  ended: AbortSignal,
): Promise<"too late"> {
  await aborted(up, ended);
  await sleep(graceMs, ended);
  return "too late";
}
