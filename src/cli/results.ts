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
