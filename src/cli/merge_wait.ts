/** Summaries that come into a folder one by one, as the machines of a run get ready with theirs. */
import type { Clock } from "../clock.ts";
import { formatSeconds } from "../metrics/format.ts";
import type { Merge } from "../verdict/merge.ts";
import { shardsText } from "../verdict/shard_findings.ts";
import { isoOfUs } from "../start_at.ts";
import { reasonOf } from "./host_error.ts";
import { noticedEndUs } from "./shard_notice.ts";
import { replaced, summariesIn, takeFile, type Taken } from "./merge_sources.ts";

interface FolderWatch {
  readonly folder: string;
  readonly merge: Merge;
  /** The folder that the result goes to. */
  readonly out: string;
  /** How long nothing may have come, and all shards that are known of be over, before it is given up. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onTaken: (taken: Taken) => void;
  /** What is there, and who is awaited; one line. */
  readonly tell: (text: string) => void;
}

/** Folders on networks tell nobody what is new in them: they are looked at. */
const LOOK_MS = 500;

/**
 * Until all machines' summaries are here, or none has come for so long, or `signal` aborts. Shards that are still to run
 * are waited for: patience begins when the last that is known of is over, as it is planned. One that is half there, as a
 * slow copy is, is looked at again when it has changed; only at the end is it told.
 */
export async function takeAsTheyCome(watch: FolderWatch): Promise<void> {
  const { merge, clock, signal, patienceMs, tell, onTaken } = watch;
  const looks = new Map<string, { readonly state: string; readonly taken: Taken }>();
  const patience = formatSeconds(patienceMs / 1000);
  tell(`Waiting for summaries in ${watch.folder}, ${patience} for each that is due`);
  let newsUs = clock.nowUs();
  let toldUs = newsUs;
  for (;;) {
    const before = merge.added;
    await look(watch, looks);
    const refused = [...looks.values()].some(({ taken }) => taken.kind === "refused");
    const nowUs = clock.nowUs();
    if (merge.added > before) {
      newsUs = nowUs;
      tell(hereText(merge));
    }
    const endUs = Math.max(await noticedEndUs(watch.folder, nowUs) ?? 0, merge.plannedEndUs ?? 0);
    if (endUs > toldUs) {
      toldUs = endUs;
      tell(`Shards run until ${isoOfUs(endUs)}, as planned: they are waited for`);
    }
    const untilUs = Math.max(newsUs, endUs) + patienceMs * 1000;
    if (refused || isComplete(merge) || signal.aborted || clock.nowUs() >= untilUs) break;
    await clock.sleepUntil(Math.min(untilUs, clock.nowUs() + LOOK_MS * 1000), signal);
  }
  for (const { taken } of looks.values()) onTaken(taken);
}

function isComplete(merge: Merge): boolean {
  return merge.count !== undefined && merge.missing().length === 0;
}

/** `5 of 8 shards are here; awaited: shards 3, 4 and 8 of 8` */
function hereText(merge: Merge): string {
  const { count } = merge;
  if (count === undefined) return `${merge.added} runs are here`;
  const missing = merge.missing();
  const here = `${count - missing.length} of ${count} shards are here`;
  return missing.length === 0 ? here : `${here}; awaited: ${shardsText(missing, count)}`;
}

/** Takes what is new, or is not as it was when it could not be read. */
async function look(
  { folder, merge, out }: FolderWatch,
  looks: Map<string, { readonly state: string; readonly taken: Taken }>,
): Promise<void> {
  for (const path of await pathsIn(folder, looks)) {
    const there = looks.get(path);
    if (there !== undefined && there.taken.kind !== "unreadable") continue;
    const state = await stateOf(path);
    if (state === undefined || state === there?.state) continue;
    looks.set(path, {
      state,
      taken: replaced(path, out) ?? await takeFile(merge, path, "own"),
    });
  }
}

/** A folder that is not there yet, or not at this moment, is none to give up for. */
async function pathsIn(
  folder: string,
  looks: Map<string, { readonly state: string; readonly taken: Taken }>,
): Promise<string[]> {
  try {
    const paths = await summariesIn(folder);
    looks.delete(folder);
    return paths;
  } catch (error) {
    const problem = `Cannot read the folder "${folder}": ${reasonOf(error)}`;
    looks.set(folder, { state: "", taken: { kind: "unreadable", problem } });
    return [];
  }
}

async function stateOf(path: string): Promise<string | undefined> {
  try {
    const { size, mtime } = await Deno.stat(path);
    return `${size} ${mtime?.getTime()}`;
  } catch {
    return undefined;
  }
}
