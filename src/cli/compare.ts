/** `certload compare BASE NEW`: two summaries or baselines side by side. */
import type { Comparison } from "../metrics/summary_schema.ts";
import { renderComparison } from "../report/comparison.ts";
import { jsonText } from "../report/json.ts";
import { comparisonSection } from "../report/markdown.ts";
import type { TextOptions } from "../report/text/page.ts";
import { compare as compareRuns } from "../verdict/compare.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { command, type Outcome } from "./command.ts";
import { ALLOW_FLAG, allowOf } from "./baseline_flags.ts";
import { textOptions } from "./color.ts";
import { openSummaries } from "./summary_file.ts";

const FLAGS = [
  ALLOW_FLAG,
  { name: "force", help: "compare in spite of other hosts, other loads, unfit runs" },
  { name: "format", value: "NAME", help: "text (default), markdown or json" },
  { name: "no-color", help: "no colour (also: NO_COLOR)" },
];

const SUMMARY =
  `Compares p50, p95, p99 and error rate of each scenario and step of two summary.json or
baselines, with an interval for every change. Exits with 0 (no regression found), 93 (regression:
an interval lies wholly beyond what is allowed) or 104 (the runs must not be compared).`;

const RENDERERS: Readonly<
  Record<string, (comparison: Comparison, options: TextOptions) => string>
> = {
  text: renderComparison,
  markdown: (comparison) => `${comparisonSection(comparison)}\n`,
  json: (comparison) => `${jsonText(comparison)}\n`,
};

export const compare = command({
  usage: "compare BASE NEW [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  positionals: ["BASE", "NEW"],
  async run(line, io): Promise<Outcome> {
    const { summaries, problems } = await openSummaries(line.positionals);
    const allow = allowOf(line, problems);
    const format = line.value("format") ?? "text";
    const render = Object.hasOwn(RENDERERS, format) ? RENDERERS[format] : undefined;
    if (!render) problems.push(`--format is text, markdown or json: got "${format}"`);
    const [base, next] = summaries;
    if (!base || !next || !render || problems.length > 0) return problems;
    const comparison = compareRuns(base, next, { allow, force: line.has("force") });
    io.out(render(comparison, textOptions(line, io)));
    return codeOf(comparison);
  },
});

function codeOf({ verdict }: Comparison): number {
  if (verdict === "refused") return EXIT_CODES.bad_input;
  return verdict === "regressed" ? EXIT_CODES.regression : EXIT_CODES.passed;
}
