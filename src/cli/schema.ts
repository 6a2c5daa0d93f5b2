/** `certload schema`: the JSON Schema of a plan, or of what a run writes. */
import { catalogue } from "../flows/registry.ts";
import { baselineJsonSchema, summaryJsonSchema } from "../metrics/summary_schema.ts";
import { planJsonSchema } from "../plan/json_schema.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { helpText, parseLine } from "./flags.ts";
import type { Command } from "./io.ts";
import { printProblems } from "./problems.ts";

const SUMMARY =
  `Prints the JSON Schema of a plan, for editors; with "summary" that of summary.json, with
"baseline" that of a summary that was kept as a baseline.`;

const SCHEMAS: Readonly<Record<string, () => Record<string, unknown>>> = {
  plan: () => planJsonSchema(catalogue),
  summary: summaryJsonSchema,
  baseline: baselineJsonSchema,
};

export const schema: Command = {
  help: helpText("schema [plan|summary|baseline]", SUMMARY, []),
  run(args, io): Promise<number> {
    const parsed = parseLine(args, { flags: [], positionals: ["[OF]"] });
    if (!parsed.ok) return Promise.resolve(printProblems("schema", parsed.problems, io));
    const [of = "plan"] = parsed.line.positionals;
    const schemaOf = Object.hasOwn(SCHEMAS, of) ? SCHEMAS[of] : undefined;
    if (!schemaOf) {
      const problem = `there are schemas of plan, summary and baseline: got "${of}"`;
      return Promise.resolve(printProblems("schema", [problem], io));
    }
    io.out(`${JSON.stringify(schemaOf(), null, 2)}\n`);
    return Promise.resolve(EXIT_CODES.passed);
  },
};
