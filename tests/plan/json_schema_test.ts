import { planJsonSchema } from "../../src/plan/json_schema.ts";
import { assert, assertEquals } from "../assert.ts";
import { catalogue } from "./catalogue.ts";

type Schema = { [key: string]: Schema } & { [key: number]: Schema };

const schema = planJsonSchema(catalogue) as unknown as Schema;
const scenario = schema["properties"]!["scenarios"]!["additionalProperties"]!;

Deno.test("planJsonSchema() is JSON Schema 2020-12, strict about keys", () => {
  assertEquals(String(schema["$schema"]), "https://json-schema.org/draft/2020-12/schema");
  assertEquals(schema["additionalProperties"] as unknown, false);
  assertEquals(scenario["additionalProperties"] as unknown, false);
  assertEquals(schema["required"] as unknown, ["target", "scenarios"]);
  assertEquals(JSON.parse(JSON.stringify(schema)), schema);
});

Deno.test("planJsonSchema() names every flow with its summary, and gives it its options", () => {
  const flows = scenario["properties"]!["flow"]!["anyOf"] as unknown as Record<string, string>[];
  assertEquals(flows.slice(0, -1).map(({ const: name }) => name), [...catalogue.keys()]);
  assertEquals(flows[0]?.["description"], "POST a certificate");
  const rules = scenario["allOf"] as unknown as Schema[];
  const rule = rules.find((each) =>
    String(each["if"]?.["properties"]?.["flow"]?.["const"]) === "tls_handshake"
  );
  const options = rule?.["then"]?.["properties"]?.["with"];
  assertEquals(Object.keys(options?.["properties"] ?? {}), ["target_type", "url", "expect"]);
  assertEquals(rule?.["then"]?.["required"] as unknown, ["with"]);
});

Deno.test("planJsonSchema() lets a variable stand for any value that is not free text", () => {
  const per = scenario["properties"]!["users"]!["anyOf"] as unknown as unknown[];
  assertEquals(per[1], { type: "string", pattern: "\\$\\{" });
  const rate = scenario["properties"]!["rate"]!["anyOf"] as unknown as Schema[];
  assertEquals(JSON.stringify(rate).match(/\\{/g)?.length, 1);
});

Deno.test("planJsonSchema() describes every key of a scenario and of the target", () => {
  for (const part of [scenario, schema["properties"]!["target"]!]) {
    for (const [key, value] of Object.entries(part["properties"] as object)) {
      assert("description" in (value as object), key);
    }
  }
});

Deno.test("planJsonSchema() takes the shares that some flow measures as thresholds of a scenario", () => {
  const [flow] = catalogue.values();
  const measures = { shares: { reset_share: { of: "reset", among: "kept", meaning: "cut off" } } };
  const pattern = (flows: typeof catalogue): RegExp => {
    const all = planJsonSchema(flows) as unknown as Schema;
    const one = all["properties"]!["scenarios"]!["additionalProperties"]!;
    const { items } = one["properties"]!["thresholds"] as unknown as {
      items: { anyOf: [{ pattern: string }] };
    };
    return new RegExp(items.anyOf[0].pattern);
  };
  assertEquals(pattern(catalogue).test("reset_share < 0.1%"), false);
  const flows = new Map([...catalogue, ["deploy", { ...flow!, name: "deploy", measures }]]);
  assertEquals(pattern(flows).test("reset_share < 0.1%"), true);
  assertEquals(pattern(flows).test("reset_shar < 0.1%"), false);
});
