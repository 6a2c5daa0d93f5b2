import { acmeTargets } from "./acme.ts";

for (const { name, run } of acmeTargets) {
  Deno.test(name, () => run({ numRuns: 300 }));
}
