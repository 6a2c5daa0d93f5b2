/** `certload schema`: the JSON Schema of a plan, or of what a run writes. */
import { catalogue } from "../flows/catalogue.ts";
import { baselineJsonSchema, summaryJsonSchema } from "../metrics/summary_schema.ts";
import { fleetJsonSchema } from "../fleet/document.ts";
import { capacityJsonSchema } from "../report/capacity/document.ts";
import { planJsonSchema } from "../plan/json_schema.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { command, type Outcome } from "./command.ts";

const SUMMARY =
  `Prints the JSON Schema of a plan, for editors; with "summary" that of summary.json, with
"baseline" that of a summary that was kept as a baseline, with "fleet" that of a fleet's demand,
with "capacity" that of capacity.json.`;

const SCHEMAS: Readonly<Record<string, () => Record<string, unknown>>> = {
  plan: () => planJsonSchema(catalogue),
  summary: summaryJsonSchema,
  baseline: baselineJsonSchema,
  fleet: fleetJsonSchema,
  capacity: capacityJsonSchema,
};

export const schema = command({
  usage: "schema [plan|summary|baseline|fleet|capacity]",
  summary: SUMMARY,
  positionals: ["[OF]"],
  run(line, io): Outcome {
    const [of = "plan"] = line.positionals;
    const schemaOf = Object.hasOwn(SCHEMAS, of) ? SCHEMAS[of] : undefined;
    if (!schemaOf) {
      return [`there are schemas of plan, summary, baseline, fleet and capacity: got "${of}"`];
    }
    io.out(`${JSON.stringify(schemaOf(), null, 2)}\n`);
    return EXIT_CODES.passed;
  },
});
