/** Everything that is fuzzed. */
import { acmeTargets } from "./acme.ts";
import { captureTargets } from "./capture.ts";
import { labHttpTargets } from "./lab_http.ts";
import { planTargets } from "./plan.ts";
import { summaryTargets } from "./summary.ts";
import type { AnyTarget } from "./target.ts";
import { textTargets } from "./text.ts";
import { httpTargets } from "./http.ts";

export const targets: readonly AnyTarget[] = [
  ...planTargets,
  ...summaryTargets,
  ...httpTargets,
  ...captureTargets,
  ...acmeTargets,
  ...textTargets,
  ...labHttpTargets,
];
