/** Compares with a kept file; `UPDATE_GOLDEN=1 deno test -A tests/report` writes the files anew, to be read in the diff. */
import { assertEquals } from "../assert.ts";

export function assertGolden(name: string, actual: string): void {
  const file = new URL(`./golden/${name}`, import.meta.url);
  if (Deno.env.get("UPDATE_GOLDEN")) Deno.writeTextFileSync(file, actual);
  assertEquals(actual, Deno.readTextFileSync(file));
}
