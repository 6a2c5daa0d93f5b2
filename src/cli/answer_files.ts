/** What a search has answered: in its files, and on stdout. */
import { join } from "node:path";
import type { Summary } from "../metrics/summary_schema.ts";
import { EXIT_CODES, verdictLine } from "../verdict/exit.ts";
import type { CommandLine } from "./flags.ts";
import type { Io } from "./io.ts";
import { type Destination, writeFile } from "./output_file.ts";

export interface AnswerFiles {
  /** By the file's name, secrets masked. */
  readonly texts: Readonly<Record<string, string>>;
  /** On stdout, unless it is to be quiet. */
  readonly shown: () => string;
  readonly exit: Summary["exit"];
}

export function answerPlaces(line: CommandLine, names: readonly string[]): Destination[] {
  const directory = line.value("out") ?? "results";
  return names.map((name) => ({
    path: join(directory, name),
    what: "the answer",
    flag: "--out",
  }));
}

/** Gives the exit code: an answer that passed, and is not where it was to be, has not done what was asked. */
export async function deliverAnswer(
  { texts, shown, exit }: AnswerFiles,
  line: CommandLine,
  io: Io,
): Promise<number> {
  const places = answerPlaces(line, Object.keys(texts));
  const written = await Promise.all(
    Object.values(texts).map((text, at) => writeFile(places[at]!, text)),
  );
  const problems = written.filter((problem) => problem !== undefined);
  const taken = !line.has("quiet") && io.out(shown());
  for (const problem of problems) io.err(`${problem}\n`);
  const passed = exit.code === EXIT_CODES.passed;
  if (!taken && !passed) io.err(verdictLine(exit));
  return problems.length > 0 && passed ? EXIT_CODES.bad_input : exit.code;
}
