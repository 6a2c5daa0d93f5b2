/** `certload baseline show FILE` and `certload baseline save SUMMARY FILE`. */
import { renderBaseline } from "../report/markdown.ts";
import { renderText } from "../report/text.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { command, type Outcome } from "./command.ts";
import { saveBaseline } from "./baseline_flags.ts";
import { textOptions } from "./color.ts";
import type { CommandLine } from "./flags.ts";
import type { Io } from "./io.ts";
import { openSummary } from "./summary_file.ts";

const FLAGS = [
  { name: "markdown", help: "a table for a README, thresholds beside the measured values" },
  { name: "force", help: "keep a run in spite of all objections; the baseline names them" },
  { name: "no-color", help: "no colour (also: NO_COLOR)" },
];

const SUMMARY = `show FILE prints a baseline; save SUMMARY FILE makes one of a run that is over, as
\`run --save-baseline FILE\` does: only of a valid, complete, passed run against a server that tells
its version and is not the lab.`;

export const baseline = command({
  usage: "baseline show FILE | save SUMMARY FILE [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  positionals: ["show or save", "FILE", "[FILE]"],
  async run(line, io): Promise<Outcome> {
    const [action, from = "", to] = line.positionals;
    if (action === "show" && to === undefined) return await show(from, line, io);
    if (action === "save" && to !== undefined) return await save(from, to, line, io);
    return ["it is show FILE, or save SUMMARY FILE"];
  },
});

async function show(path: string, line: CommandLine, io: Io): Promise<Outcome> {
  const opened = await openSummary(path);
  if (!opened.ok) return [opened.problem];
  const { summary } = opened;
  if (summary.baseline === null) {
    const advice = `keep it with \`certload baseline save ${path} FILE\`, or print it with ` +
      `\`certload report ${path} --format text\``;
    return [`Cannot show "${path}" as it was not kept as a baseline: ${advice}`];
  }
  io.out(
    line.has("markdown") ? renderBaseline(summary) : renderText(summary, textOptions(line, io)),
  );
  return EXIT_CODES.passed;
}

async function save(from: string, to: string, line: CommandLine, io: Io): Promise<Outcome> {
  const opened = await openSummary(from);
  if (!opened.ok) return [opened.problem];
  const saved = await saveBaseline(opened.summary, to, line.has("force"), io);
  return saved ? EXIT_CODES.passed : EXIT_CODES.bad_input;
}
