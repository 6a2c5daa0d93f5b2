/** How a run is compared with a baseline, and kept as one, from the command line. */
import type { Summary } from "../metrics/summary_schema.ts";
import { parseShare } from "../plan/units.ts";
import { renderJson } from "../report/json.ts";
import { baselineOf, objectionsTo } from "../verdict/baseline.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";
import { type Destination, writeFile } from "./output_file.ts";
import { openSummary } from "./summary_file.ts";

export const ALLOW_FLAG: FlagSpec = {
  name: "allow",
  value: "SHARE",
  help: "change of a time that is taken for the same (default 10%)",
};

export const BASELINE_FLAGS: readonly FlagSpec[] = [
  { name: "baseline", value: "FILE", help: "compare with this baseline; 93 on a regression" },
  ALLOW_FLAG,
  { name: "save-baseline", value: "FILE", help: "keep a passed, valid run as a baseline" },
  {
    name: "force",
    help: "compare, and keep, in spite of all objections; the baseline names them",
  },
];

export interface BaselineOptions {
  readonly baseline?: Summary;
  readonly allow?: number;
  readonly force: boolean;
  readonly saveTo?: string;
}

/** What the flags ask for, with the baseline read; every problem with them where there are any. */
export async function baselineOptions(
  line: CommandLine,
): Promise<{ options: BaselineOptions; problems: string[] }> {
  const problems: string[] = [];
  const allow = allowOf(line, problems);
  const path = line.value("baseline");
  const opened = path === undefined ? undefined : await openSummary(path);
  if (opened && !opened.ok) problems.push(opened.problem);
  const baseline = opened?.ok ? opened.summary : undefined;
  const saveTo = line.value("save-baseline");
  return { options: { baseline, allow, force: line.has("force"), saveTo }, problems };
}

export function allowOf(line: CommandLine, problems: string[]): number | undefined {
  const text = line.value("allow");
  if (text === undefined) return undefined;
  const share = parseShare(text);
  if (share === undefined) problems.push(`--allow needs a share such as 10%: got "${text}"`);
  return share;
}

/** Keeps the run, or says why not; false where it was not kept. */
export async function saveBaseline(
  summary: Summary,
  path: string,
  force: boolean,
  io: Io,
): Promise<boolean> {
  const objections = objectionsTo(summary);
  if (objections.length > 0 && !force) {
    io.err(`Not kept as a baseline (--force keeps it, and says so in it):\n`);
    for (const objection of objections) io.err(`  ${objection}\n`);
    return false;
  }
  const savedAt = new Date().toISOString();
  const baseline = baselineOf(summary, { savedAt, forcedOver: objections });
  const problem = await writeFile(baselineAt(path), renderJson(baseline));
  if (problem !== undefined) io.err(`${problem}\n`);
  return problem === undefined;
}

export function baselineAt(path: string): Destination {
  return { path, what: "the baseline", flag: "--save-baseline" };
}
