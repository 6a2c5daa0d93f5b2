/** `certload schema`: the JSON Schema of a plan, or of what a run writes. */
import { catalogue } from "../flows/registry.ts";
import { summaryJsonSchema } from "../metrics/summary_schema.ts";
import { planJsonSchema } from "../plan/json_schema.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { helpText, parseLine } from "./flags.ts";
import type { Command } from "./io.ts";
import { printProblems } from "./problems.ts";

const SUMMARY = `Prints the JSON Schema of a plan, for editors; with "summary" that of summary.json,
which a baseline keeps too.`;

export const schema: Command = {
  help: helpText("schema [plan|summary]", SUMMARY, []),
  run(args, io): Promise<number> {
    const parsed = parseLine(args, { flags: [], positionals: ["[OF]"] });
    if (!parsed.ok) return Promise.resolve(printProblems("schema", parsed.problems, io));
    const [of = "plan"] = parsed.line.positionals;
    if (of !== "plan" && of !== "summary") {
      const problem = `there are schemas of plan and summary: got "${of}"`;
      return Promise.resolve(printProblems("schema", [problem], io));
    }
    const found = of === "plan" ? planJsonSchema(catalogue) : summaryJsonSchema();
    io.out(`${JSON.stringify(found, null, 2)}\n`);
    return Promise.resolve(EXIT_CODES.passed);
  },
};
