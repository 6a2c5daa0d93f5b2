/** Result files: written whole or not at all. */
import { join } from "node:path";

/** Puts each file in its place by renaming, so that a reader never sees half of one. */
export async function writeResults(
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeWhole(join(directory, name), text);
}

/**
 * Why files could not be written to a folder, found before a run instead of after it; undefined when they can.
 *
 * @param what How the message calls them, `results`
 * @param flag That names another folder, `--out`
 */
export async function whyUnwritable(
  directory: string,
  what = "results",
  flag = "--out",
): Promise<string | undefined> {
  const trial = join(directory, `.${Deno.pid}.part`);
  try {
    await Deno.mkdir(directory, { recursive: true });
    await Deno.writeTextFile(trial, "");
    await Deno.remove(trial);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `Cannot write ${what} to "${directory}": ${why}. Name another folder with ${flag}`;
  }
}

export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${Deno.pid}.part`;
  try {
    await Deno.writeTextFile(temporary, text);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}
