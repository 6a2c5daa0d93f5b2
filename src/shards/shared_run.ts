/** A run that several machines share, as every engine has to be told of it. Pure: instants and folders are handed in. */
import type { PlanVariable } from "./variables.ts";

export interface SharedRun {
  /** The plan's own name: any text. */
  readonly title: string;
  /** For jobs and files: small letters, digits and -, at most 52 of them, beginning and ending with one of the former. */
  readonly name: string;
  readonly count: number;
  readonly plan: SharedPlan;
  /** The certificate authorities that the plan or `--ca` names. */
  readonly ca?: SharedFile;
  /** Flags of `certload run` that change the plan, each one word: `--duration=30s`. */
  readonly flags: readonly string[];
  /** In the order in which the plan has them. */
  readonly variables: readonly PlanVariable[];
  /** From the common instant to the end of the load, requests that are still under way included. */
  readonly lengthMs: number;
}

export interface SharedPlan {
  /** Without what is secret in it. */
  readonly text: string;
  /** undefined: it is shipped in the executable, under this name. */
  readonly file: string | undefined;
  readonly shipped: string;
}

export interface SharedFile {
  readonly path: string;
  readonly text: string;
}

/** Variables that the plan has no default for, which whoever starts the run has to have. */
export function neededSecrets({ variables }: Pick<SharedRun, "variables">): string[] {
  return variables.filter(({ isSecret, isNeeded }) => isSecret && isNeeded).map(({ name }) => name);
}

const LONGEST_NAME = 52;

/**
 * A name that says what it is the run of, and that no other run of it has: `certload-api-tier-20261128t050000z`.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const at = new Date("2026-11-28T05:00:00.250Z");
 * assertEquals(runName("API tier: 50/s!", at), "certload-api-tier-50-s-20261128t050000z");
 * assertEquals(runName("\u8a3c\u660e\u66f8"), "certload");
 * ```
 */
export function runName(title: string, at?: Date): string {
  const stamp = at?.toISOString().replace(/[-:]|\.\d+/g, "").toLowerCase() ?? "";
  const room = LONGEST_NAME - "certload--".length - stamp.length;
  const words = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|^certload-|-$/g, "")
    .replace(/^-/, "").slice(0, room).replace(/-$/, "");
  return ["certload", words, stamp].filter((part) => part !== "").join("-");
}
