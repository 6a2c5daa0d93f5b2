/** `certload baseline show FILE` and `certload baseline save SUMMARY FILE`. */
import { renderBaseline } from "../report/markdown.ts";
import { renderText } from "../report/text.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { saveBaseline } from "./baseline_flags.ts";
import { textOptions } from "./color.ts";
import { type CommandLine, helpText, parseLine } from "./flags.ts";
import type { Command, Io } from "./io.ts";
import { printProblems } from "./problems.ts";
import { openSummary } from "./summary_file.ts";

const FLAGS = [
  { name: "markdown", help: "a table for a README, thresholds beside the measured values" },
  { name: "force", help: "keep a run in spite of all objections; the baseline names them" },
  { name: "no-color", help: "no colour (also: NO_COLOR)" },
];

const SUMMARY = `show FILE prints a baseline; save SUMMARY FILE makes one of a run that is over, as
\`run --save-baseline FILE\` does: only of a valid, complete, passed run against a server that tells
its version and is not the lab.`;

export const baseline: Command = {
  help: helpText("baseline show FILE | save SUMMARY FILE [flags]", SUMMARY, FLAGS),
  async run(args, io): Promise<number> {
    const parsed = parseLine(args, {
      flags: FLAGS,
      positionals: ["show or save", "FILE", "[FILE]"],
    });
    if (!parsed.ok) return printProblems("baseline", parsed.problems, io);
    const { line } = parsed;
    const [action, from = "", to] = line.positionals;
    if (action === "show" && to === undefined) return await show(from, line, io);
    if (action === "save" && to !== undefined) return await save(from, to, line, io);
    return printProblems("baseline", ["it is show FILE, or save SUMMARY FILE"], io);
  },
};

async function show(path: string, line: CommandLine, io: Io): Promise<number> {
  const opened = await openSummary(path);
  if (!opened.ok) return printProblems("baseline", [opened.problem], io);
  const { summary } = opened;
  if (summary.baseline === null) {
    const advice = `keep it with \`certload baseline save ${path} FILE\`, or print it with ` +
      `\`certload report ${path} --format text\``;
    const problem = `Cannot show "${path}" as it was not kept as a baseline: ${advice}`;
    return printProblems("baseline", [problem], io);
  }
  io.out(
    line.has("markdown") ? renderBaseline(summary) : renderText(summary, textOptions(line, io)),
  );
  return EXIT_CODES.passed;
}

async function save(from: string, to: string, line: CommandLine, io: Io): Promise<number> {
  const opened = await openSummary(from);
  if (!opened.ok) return printProblems("baseline", [opened.problem], io);
  const saved = await saveBaseline(opened.summary, to, line.has("force"), io);
  return saved ? EXIT_CODES.passed : EXIT_CODES.bad_input;
}
