import { labHttpTargets } from "./lab_http.ts";

for (const { name, run } of labHttpTargets) {
  Deno.test(name, () => run({ numRuns: 300 }));
}
