/** Where a command's plan comes from: a file, or one of the shipped ones by its name. */
import { basename } from "node:path";
import { shippedFiles } from "../shipped.ts";
import { reasonOf } from "./host_error.ts";

export type PlanSource =
  | { readonly ok: true; readonly text: string; readonly source: string }
  | { readonly ok: false; readonly message: string };

/** A file wins over a shipped plan of the same name. */
export async function findPlan(argument: string): Promise<PlanSource> {
  try {
    return { ok: true, text: await Deno.readTextFile(argument), source: argument };
  } catch (error) {
    const plans = await shippedFiles("scenarios");
    const shipped = plans.find(({ path }) => nameOf(path) === argument);
    if (shipped !== undefined) return { ok: true, text: shipped.text, source: argument };
    return { ok: false, message: missing(argument, error, plans.map(({ path }) => nameOf(path))) };
  }
}

function nameOf(path: string): string {
  return basename(path, ".yaml");
}

function missing(argument: string, error: unknown, names: readonly string[]): string {
  const reason = reasonOf(error);
  return `Cannot read the plan "${argument}": ${reason}. Shipped plans, by name: ${
    names.join(", ")
  }`;
}
