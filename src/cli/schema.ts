/** `certload schema`: the JSON Schema of a plan, for editors. */
import { catalogue } from "../flows/registry.ts";
import { planJsonSchema } from "../plan/json_schema.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { helpText, parseLine } from "./flags.ts";
import type { Command } from "./io.ts";
import { printProblems } from "./problems.ts";

export const schema: Command = {
  help: helpText("schema", "Prints the JSON Schema of a plan, for editors.", []),
  run(args, io): Promise<number> {
    const parsed = parseLine(args, { flags: [], positionals: [] });
    if (!parsed.ok) return Promise.resolve(printProblems("schema", parsed.problems, io));
    io.out(`${JSON.stringify(planJsonSchema(catalogue), null, 2)}\n`);
    return Promise.resolve(EXIT_CODES.passed);
  },
};
