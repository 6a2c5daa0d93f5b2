/** All flows at once: what plans are checked against. */
import type { Catalogue } from "../plan/catalogue.ts";
import { loadPatterns } from "../http/pattern.ts";
import { FLOWS } from "./registry.ts";

// For the options of `sequence`.
await loadPatterns();

const flows = await Promise.all(Object.values(FLOWS).map((load) => load()));

export const catalogue: Catalogue = new Map(flows.map((flow) => [flow.name, flow]));
