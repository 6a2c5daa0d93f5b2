/**
 * Files that come with the program: beside the sources in a checkout, inside the executable otherwise. They are read
 * through this module's own address, which holds for both.
 */
import { dirname, join } from "node:path";

/** Folders that are shipped whole. */
type ShippedFolder = "compose" | "scenarios";

export interface ShippedFile {
  /** Relative to the folder, with forward slashes: `fixtures/nginx.conf`. */
  readonly path: string;
  readonly text: string;
}

/** All files of a shipped folder, in the order of their paths. */
export async function shippedFiles(folder: ShippedFolder): Promise<ShippedFile[]> {
  const root = new URL(`../${folder}/`, import.meta.url);
  const paths = await listFiles(root, "");
  return await Promise.all(
    paths.sort().map(async (path) => ({
      path,
      text: await Deno.readTextFile(new URL(path, root)),
    })),
  );
}

async function listFiles(root: URL, prefix: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of Deno.readDir(new URL(prefix, root))) {
    const path = prefix + entry.name;
    if (entry.isDirectory) paths.push(...await listFiles(root, `${path}/`));
    else paths.push(path);
  }
  return paths;
}

/**
 * Writes files below `destination`, making folders as needed. Existing files are replaced. Where one cannot be written,
 * what was new is taken away again.
 */
export async function writeFiles(
  files: readonly ShippedFile[],
  destination: string,
): Promise<void> {
  const added: string[] = [];
  try {
    for (const file of files) {
      const path = join(destination, file.path);
      const missing = await firstMissing(path);
      if (missing !== undefined) added.push(missing);
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeTextFile(path, file.text);
    }
  } catch (error) {
    for (const path of added) await Deno.remove(path, { recursive: true }).catch(() => {});
    throw error;
  }
}

/** The outermost folder on the way to a file that is not there, or the file itself; undefined where it is there. */
async function firstMissing(path: string): Promise<string | undefined> {
  if (await Deno.lstat(path).then(() => true, () => false)) return undefined;
  const folder = dirname(path);
  return folder === path ? undefined : await firstMissing(folder) ?? path;
}
