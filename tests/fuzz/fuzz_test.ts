/** Some hundred cases of each target; `deno task fuzz` runs as many as one likes. */
import { assert, assertEquals } from "../assert.ts";
import { CHUNK } from "./order.ts";
import { targets } from "./targets.ts";

for (const { kind, name, run } of targets) {
  Deno.test(`${kind}: ${name}`, () => run({ numRuns: 200 }));
}

Deno.test("the fuzzers end when their time is up, in the middle of what one seed makes", async () => {
  const main = new URL("./main.ts", import.meta.url).pathname;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", main, "--only", "plan: a plan", "--seconds", "2"],
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stdout);
  assertEquals(code, 0, said);
  const [, cases, targets] = /^(\d+) cases of (\d+) targets$/m.exec(said) ?? [];
  assertEquals(targets, "2", said);
  // Milliseconds each: a whole chunk would take many times as long.
  assert(Number(cases) >= 2 && Number(cases) < 2 * CHUNK, said);
});
