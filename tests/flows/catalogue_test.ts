import { catalogue } from "../../src/flows/catalogue.ts";
import { flowNamed, FLOWS } from "../../src/flows/registry.ts";
import { DURATION_METRICS } from "../../src/plan/threshold.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";

Deno.test("a flow's line in the registry has the flow's own name, and the catalogue has them all", async () => {
  for (const name of Object.keys(FLOWS)) assertEquals((await flowNamed(name)).name, name);
  assertEquals([...catalogue.keys()], Object.keys(FLOWS));
});

Deno.test("what a flow measures itself has names that a threshold cannot take for anything else", () => {
  const taken = ["count", "rate", "error_rate", "min", "avg", "med", "max", "baseline"];
  for (const { name: flow, measures = {}, steps, options } of catalogue.values()) {
    const { durations = {}, counters = {}, shares = {}, gauges = {} } = measures;
    const given = options.safeParse({});
    const known = new Set<string>([
      ...taken,
      ...DURATION_METRICS,
      ...(given.success ? steps(given.data) : []),
    ]);
    for (const name of [durations, counters, shares, gauges].flatMap((own) => Object.keys(own))) {
      assert(/^[a-z][a-z0-9_]*$/.test(name) && !/^p\d/.test(name), `${flow} ${name}`);
      assert(!known.has(name), `${flow}: "${name}" has two meanings`);
      known.add(name);
    }
    for (const { of, among } of Object.values(shares)) {
      assert(of in counters && among in counters, `${flow}: a share of what is not counted`);
    }
  }
});

Deno.test("a name that no flow has is told", async () => {
  await assertRejects(() => flowNamed("nothing"), RangeError, 'No flow is named "nothing"');
});
