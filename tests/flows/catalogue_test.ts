import { catalogue } from "../../src/flows/catalogue.ts";
import { flowNamed, FLOWS } from "../../src/flows/registry.ts";
import { assertEquals, assertRejects } from "../assert.ts";

Deno.test("a flow's line in the registry has the flow's own name, and the catalogue has them all", async () => {
  for (const name of Object.keys(FLOWS)) assertEquals((await flowNamed(name)).name, name);
  assertEquals([...catalogue.keys()], Object.keys(FLOWS));
});

Deno.test("a name that no flow has is told", async () => {
  await assertRejects(() => flowNamed("nothing"), RangeError, 'No flow is named "nothing"');
});
