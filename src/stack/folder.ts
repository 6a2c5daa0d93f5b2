/**
 * A run's own folder below TMPDIR. While its owner lives it holds a lock on a file in it, which the system takes away
 * from a process however that ended: who can have the lock knows that the folder is nobody's, on whatever host or in
 * whatever container that shares TMPDIR the owner was. Numbers of processes could not tell that.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../message_of.ts";

const LOCK = "owner.lock";

/** Between a folder's making and its locking it looks like nobody's. */
const SWEEP_AFTER_MS = 60_000;

export interface RunFolder {
  readonly path: string;
  /** Removes it; a folder that has gone already is no failure. Returns what went wrong otherwise. */
  remove(): Promise<string | undefined>;
}

/** Throws an Error for the user where there is no place for it. */
export async function makeRunFolder(prefix: string): Promise<RunFolder> {
  try {
    const path = await Deno.makeTempDir({ prefix });
    const lock = await Deno.open(join(path, LOCK), { create: true, write: true });
    await lock.tryLock(true);
    return {
      path,
      remove: () => {
        lock.close();
        return removeFolder(path);
      },
    };
  } catch (error) {
    throw new Error(noFolder(error));
  }
}

/** For the user: which folder was wanted, why there is none, what to do. */
export function noFolder(error: unknown): string {
  const named = Deno.env.get("TMPDIR") ? " (TMPDIR)" : "";
  return `Cannot make a folder in ${tmpdir()}${named}: ${messageOf(error)}. ` +
    "Set TMPDIR to a folder that exists and can be written to";
}

/** Removes the folders of that prefix whose owners have ended without doing so (SIGKILL, a crash of the host). */
export async function sweepRunFolders(prefix: string, nowMs: number = Date.now()): Promise<void> {
  try {
    for await (const { name, isDirectory } of Deno.readDir(tmpdir())) {
      if (isDirectory && name.startsWith(prefix)) await sweep(join(tmpdir(), name), nowMs);
    }
  } catch {
    // No TMPDIR, or one that may not be listed: making a folder there says so better.
  }
}

async function sweep(path: string, nowMs: number): Promise<void> {
  try {
    const { mtime } = await Deno.stat(path);
    if (nowMs - (mtime?.getTime() ?? nowMs) < SWEEP_AFTER_MS) return;
    using lock = await Deno.open(join(path, LOCK), { write: true });
    if (await lock.tryLock(true)) await Deno.remove(path, { recursive: true });
  } catch {
    // Somebody else's, without a lock of ours, or just swept by another run.
  }
}

async function removeFolder(path: string): Promise<string | undefined> {
  try {
    await Deno.remove(path, { recursive: true });
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    return `Cannot remove ${path}: ${messageOf(error)}`;
  }
}
