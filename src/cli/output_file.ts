/** Files that the user asked for: written whole or not at all, or why that cannot be. */
import { basename, dirname, join } from "node:path";
import { reasonOf } from "./host_error.ts";

/** A place to write to, and how messages speak of it. */
export interface Destination {
  readonly path: string;
  /** `the html report` */
  readonly what: string;
  /** Names another place, `--report`. */
  readonly flag: string;
}

/** Writes, making the folders on the way. Gives what went wrong and what to do; undefined when all is well. */
export async function writeFile(to: Destination, text: string): Promise<string | undefined> {
  try {
    await Deno.mkdir(dirname(to.path), { recursive: true });
    await writeWhole(to.path, text);
    return undefined;
  } catch (error) {
    return problemWith(to, error);
  }
}

/**
 * Why there could be no writing, found before a run instead of after it. Nothing is left behind, no folder either: what
 * is tried is the nearest folder that there is.
 */
export async function whyUnwritable(to: Destination): Promise<string | undefined> {
  try {
    const there = await kindOf(to.path);
    if (there === "folder") throw new Error("it is a folder");
    if (there === "device") return undefined;
    const trial = temporaryIn(await nearestFolder(dirname(to.path)));
    await Deno.writeTextFile(trial, "certload").finally(() => Deno.remove(trial).catch(() => {}));
    return undefined;
  } catch (error) {
    return problemWith(to, error);
  }
}

/** Of all of them. */
export async function whyAllUnwritable(all: readonly Destination[]): Promise<string[]> {
  const found = await Promise.all(all.map(whyUnwritable));
  return [...new Set(found.filter((problem) => problem !== undefined))];
}

function problemWith({ path, what, flag }: Destination, error: unknown): string {
  return `Cannot write ${what} to "${path}": ${
    reasonOf(error)
  }. Mend that, or name another place with ${flag}`;
}

/** Renames a new file over the old one, so that a reader never sees half of it, and a full disk leaves the old one. */
async function writeWhole(path: string, text: string): Promise<void> {
  // A terminal, a pipe, /dev/null: there is nothing to replace.
  if (await kindOf(path) === "device") return await Deno.writeTextFile(path, text);
  const place = await Deno.realPath(path).catch(() => path);
  await sweep(dirname(place));
  const temporary = temporaryIn(dirname(place));
  try {
    await Deno.writeTextFile(temporary, text);
    await Deno.rename(temporary, place);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

const TEMPORARY = /^\.certload-[0-9a-f-]{36}\.part$/;

/** Unique on every host: folders are shared by machines and containers, where process numbers are not. */
function temporaryIn(folder: string): string {
  return join(folder, `.certload-${crypto.randomUUID()}.part`);
}

/** No writing takes as long; by then the writer was killed. */
const LEFT_OVER_MS = 10 * 60_000;

async function sweep(folder: string): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (!TEMPORARY.test(name)) continue;
      const { mtime } = await Deno.lstat(join(folder, name));
      if (mtime !== null && Date.now() - mtime.getTime() > LEFT_OVER_MS) {
        await Deno.remove(join(folder, name));
      }
    }
  } catch {
    // Tidying up for another must not keep this one from writing.
  }
}

async function kindOf(path: string): Promise<"file" | "folder" | "device" | undefined> {
  try {
    const { isFile, isDirectory } = await Deno.stat(path);
    return isFile ? "file" : isDirectory ? "folder" : "device";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function nearestFolder(path: string): Promise<string> {
  if (await kindOf(path) !== undefined || basename(path) === "") return path;
  return await nearestFolder(dirname(path));
}
