/**
 * What a shard leaves in its folder while it is on its way, so that `merge --wait` knows until when there is something to
 * wait for. It is gone with the summary, or with the reason why there is none; a killed shard's stays, and says what was.
 */
import { dirname, join } from "node:path";
import { isoOfUs } from "../start_at.ts";

const NAME = "expected.json";
/** No run is planned farther ahead: such a clock is wrong. */
const FARTHEST_US = 30 * 86_400e6;
const MOST_BYTES = 1_000;

/**
 * A hint only, so that nothing fails of it.
 * @param endUs When the load is over as planned, in microseconds since the Unix epoch.
 * @returns Takes it away again.
 */
export async function leaveNotice(folder: string, endUs: number): Promise<() => Promise<void>> {
  const path = join(folder, NAME);
  const text = `${JSON.stringify({ ends_at: isoOfUs(endUs) })}\n`;
  await Deno.mkdir(dirname(path), { recursive: true }).catch(() => {});
  await Deno.writeTextFile(path, text).catch(() => {});
  return async () => await Deno.remove(path).catch(() => {});
}

/** The latest of what shards have left in the folders of `folder`, in microseconds; undefined where none has. */
export async function noticedEndUs(folder: string, nowUs: number): Promise<number | undefined> {
  const ends: number[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile) continue;
      const endUs = await endIn(join(folder, name, NAME));
      if (endUs <= nowUs + FARTHEST_US) ends.push(endUs);
    }
  } catch {
    // It is not there yet.
  }
  return ends.length === 0 ? undefined : Math.max(...ends);
}

/** Infinity: it tells nothing. */
async function endIn(path: string): Promise<number> {
  try {
    if ((await Deno.stat(path)).size > MOST_BYTES) return Infinity;
    const { ends_at } = JSON.parse(await Deno.readTextFile(path));
    const endMs = typeof ends_at === "string" ? Date.parse(ends_at) : NaN;
    return Number.isFinite(endMs) ? endMs * 1000 : Infinity;
  } catch {
    return Infinity;
  }
}
