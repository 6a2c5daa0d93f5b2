/** Where the summaries of a run's machines come from: files, folders, logs. One is read, added and let go, then the next. */
import { join, resolve } from "node:path";
import { damaged, readSummary, SummaryError } from "../metrics/read_summary.ts";
import { MARK, SummaryLog } from "../metrics/summary_log.ts";
import { isMerged, type Merge, MergeError } from "../verdict/merge.ts";
import { messageOf } from "../message_of.ts";
import { reasonOf } from "./host_error.ts";
import { readSummaryText, type ReadText } from "./summary_file.ts";

/** What became of one text. */
export type Taken =
  | { readonly kind: "added" }
  /** It was merged of several: whether of those that are here is not known before all are. */
  | { readonly kind: "merged"; readonly problem: string }
  /** A former result of what is merged here. */
  | { readonly kind: "left out"; readonly problem: string }
  /** It cannot be read: as if it had not come. */
  | { readonly kind: "unreadable"; readonly problem: string }
  /** It is no part of this run, or is here already: nothing can be merged with it. */
  | { readonly kind: "refused"; readonly problem: string };

/**
 * What is found in a folder may be a former result of the merge: `own` takes summaries of one machine or run, `rest` those
 * that were merged and are no result of what is here. What was named is meant: `any`.
 */
type Wanted = "any" | "own" | "rest";

/** Adds a summary's text. */
export function take(merge: Merge, text: string, name: string, wanted: Wanted = "any"): Taken {
  try {
    const summary = readSummary(text, name, { histograms: "unchecked" });
    if (wanted === "own" && isMerged(summary)) {
      const problem =
        `Left out "${name}", which was merged of several: --wait is for machines' own`;
      return { kind: "merged", problem };
    }
    if (wanted === "rest" && merge.isResultOf(summary)) {
      return { kind: "left out", problem: `Left out "${name}": it was merged of these` };
    }
    merge.add(summary, name);
    return { kind: "added" };
  } catch (error) {
    const problem = messageOf(error);
    if (error instanceof MergeError) return { kind: "refused", problem };
    if (error instanceof SummaryError) return { kind: "unreadable", problem };
    if (error instanceof RangeError) {
      return { kind: "unreadable", problem: damaged(name, problem).message };
    }
    throw error;
  }
}

export async function takeFile(
  merge: Merge,
  path: string,
  wanted: Wanted = "any",
): Promise<Taken> {
  return takeRead(merge, path, await readSummaryText(path), wanted);
}

function takeRead(merge: Merge, path: string, read: ReadText, wanted: Wanted): Taken {
  if (!read.ok) return { kind: "unreadable", problem: read.problem };
  if (!read.text.trimStart().startsWith("{") && read.text.includes(MARK)) {
    const problem =
      `"${path}" is a log with a summary packed in it, and no summary: --logs reads it`;
    return { kind: "unreadable", problem };
  }
  return take(merge, read.text, path, wanted);
}

/** Of a file that is no source, as it is what the merge itself is to write; undefined of all others. */
export function replaced(path: string, out: string): Taken | undefined {
  return resolve(path) === resolve(join(out, "summary.json"))
    ? { kind: "left out", problem: `Left out "${path}", which this merge writes anew` }
    : undefined;
}

/**
 * Adds what is in a folder.
 * @param out The folder that the result goes to.
 * @returns Summaries that were merged themselves, to be looked at when all others are here.
 */
export async function takeFolder(
  merge: Merge,
  folder: string,
  out: string,
  onTaken: (taken: Taken) => void,
): Promise<string[]> {
  const later: string[] = [];
  try {
    const paths = await summariesIn(folder);
    const own = join(folder, "summary.json");
    if (paths.length === 0 && await isFile(own)) paths.push(own);
    let next: Promise<ReadText> | undefined;
    for (const [at, path] of paths.entries()) {
      const read = await (next ?? readSummaryText(path));
      // A thousand of them are some gigabytes: the next one comes while this one is added.
      next = at + 1 < paths.length ? readSummaryText(paths[at + 1]!) : undefined;
      const taken = replaced(path, out) ?? takeRead(merge, path, read, "own");
      if (taken.kind === "merged") later.push(path);
      else onTaken(taken);
    }
  } catch (error) {
    const problem = `Cannot read the folder "${folder}": ${reasonOf(error)}`;
    onTaken({ kind: "unreadable", problem });
  }
  return later;
}

export async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
}

/** Of a folder that has a folder for each machine, with a `summary.json` in it: their paths, by name. */
export async function summariesIn(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name, "summary.json");
    if (!entry.isFile && await isFile(path)) paths.push(path);
  }
  return paths.sort();
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isFile, () => false);
}

/** Adds all that is found in a log (`-`: standard input), and tells each problem with it. */
export async function takeLog(
  merge: Merge,
  path: string,
  onTaken: (taken: Taken) => void,
): Promise<void> {
  const name = path === "-" ? "the log" : path;
  const log = new SummaryLog();
  const takeAll = (found: ReturnType<SummaryLog["push"]>): void => {
    for (const { shard: { index, count }, text } of found) {
      onTaken(take(merge, text, `${name}: shard ${index} of ${count}`));
    }
  };
  try {
    const octets = path === "-" ? Deno.stdin.readable : (await Deno.open(path)).readable;
    for await (const piece of octets) takeAll(log.push(piece));
  } catch (error) {
    onTaken({ kind: "unreadable", problem: `Cannot read "${path}": ${reasonOf(error)}` });
  }
  const { found, problems } = log.end();
  takeAll([...found]);
  for (const problem of problems) onTaken({ kind: "unreadable", problem });
}
