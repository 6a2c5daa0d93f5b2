/** Some hundred cases of each target; `deno task fuzz` runs as many as one likes. */
import { targets } from "./targets.ts";

for (const { kind, name, run } of targets) {
  Deno.test(`${kind}: ${name}`, () => run({ numRuns: 200 }));
}
