/** Runs to be shared, and texts that try to be more than text. */
import fc from "fast-check";
import type { SharedRun } from "../../src/shards/shared_run.ts";

export const RUN: SharedRun = {
  title: "api tier",
  name: "certload-api-tier",
  count: 4,
  plan: { text: "name: api tier\n", file: "/plans/api.yaml", shipped: "/plans/api.yaml" },
  flags: ["--duration=30s"],
  variables: [
    { name: "CERTCTL_BASE", isSecret: false, value: "https://ca.example:8443", isNeeded: false },
    { name: "CERTCTL_TOKEN", isSecret: true, isNeeded: true },
  ],
  lengthMs: 60_000,
};

const TRICKS = ["'", '"', "`", "$(id)", "${HOME}", "$$", "\\", "\n", "\r", ";", "&", "|", "#", "!"]
  .concat(["{}", "{1}", "{= die =}", ":::", "- ", ": ", "---", "*", "&a", "%", "~", "\u2028", "\t"])
  .concat(["EOF", "#SBATCH --uid=0", "$(CERTCTL_TOKEN)", "é", "証"]);

/** Any text without NUL, which no argument can hold, rich in what shells, YAML and GNU parallel take for theirs. */
export const hostile = fc.array(
  fc.oneof(fc.constantFrom(...TRICKS), fc.string({ unit: "grapheme", maxLength: 5 })),
  { maxLength: 8 },
).map((parts) => parts.join("").replaceAll("\0", "").toWellFormed());
