/** Where a command's plan comes from: a file, or one of the shipped ones by its name. */
import { basename } from "node:path";

const SHIPPED = new URL("../../scenarios/", import.meta.url);

export type PlanSource =
  | { readonly ok: true; readonly text: string; readonly source: string }
  | { readonly ok: false; readonly message: string };

/** A file wins over a shipped plan of the same name. */
export function findPlan(argument: string): PlanSource {
  try {
    return { ok: true, text: Deno.readTextFileSync(argument), source: argument };
  } catch (error) {
    if (/^[a-z0-9_-]+$/.test(argument)) {
      const text = readShipped(argument);
      if (text !== undefined) return { ok: true, text, source: argument };
    }
    return { ok: false, message: missing(argument, error) };
  }
}

function readShipped(name: string): string | undefined {
  try {
    return Deno.readTextFileSync(new URL(`${name}.yaml`, SHIPPED));
  } catch {
    return undefined;
  }
}

export function shippedPlans(): string[] {
  return Array.from(Deno.readDirSync(SHIPPED), ({ name }) => basename(name, ".yaml")).sort();
}

function missing(argument: string, error: unknown): string {
  const why = error instanceof Deno.errors.NotFound
    ? "there is no such file"
    : error instanceof Error
    ? error.message
    : String(error);
  return `Cannot read the plan "${argument}": ${why}. Shipped plans, by name: ${
    shippedPlans().join(", ")
  }`;
}
