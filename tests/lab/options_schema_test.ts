import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { SHIPPED_FAULT_NAMES } from "../../src/lab/as_shipped.ts";
import { LAB_OPTIONS_SCHEMA } from "../../src/lab/options_schema.ts";
import { targetNames } from "../../src/lab/target_name.ts";

Deno.test("options of the lab are taken as they are, in whole and in part", () => {
  const options = {
    targets: { nginx: 4, f5: 1 },
    keygen: "server",
    scheduler: { concurrency: 5, wallMs: 500 },
    agents: { count: 3, pollMs: 100 },
    capacity: {
      limits: [
        { method: "POST", prefix: "/api", rate: { perS: 137, burst: 10, beyond: "queue" } },
        { server: "nginx", station: { servers: 4, serviceMs: 20, service: "constant", queue: 0 } },
      ],
      signer: { servers: 1, serviceMs: 50, seed: 7 },
    },
    asShipped: SHIPPED_FAULT_NAMES,
  };
  assertEquals(LAB_OPTIONS_SCHEMA.parse(options) as unknown, options);
  assertEquals(LAB_OPTIONS_SCHEMA.parse({}), {});
});

Deno.test("a misspelt option, a kind that is none, a fault of nobody's and a period of 0 are refused", () => {
  for (
    const wrong of [
      { targetz: {} },
      { targets: { iis: 1 } },
      { targets: { nginx: 0 } },
      { asShipped: ["all"] },
      { scheduler: { intervalMs: 0 } },
      { agents: { count: 1, poll: 1 } },
      { capacity: { limits: [{ prefix: "/api" }] } },
      { capacity: { limits: [{ rate: { perS: 0 } }] } },
      { capacity: { limits: [{ station: { servers: 0, serviceMs: 1 } }] } },
      { capacity: { signer: { servers: 1, serviceMs: 1, service: "normal" } } },
    ]
  ) assert(!LAB_OPTIONS_SCHEMA.safeParse(wrong).success, JSON.stringify(wrong));
});

Deno.test("the first of a kind has the kind's name, the others their number", () => {
  assertEquals(targetNames({ nginx: 3, f5: 1 }), [
    "nginx",
    "nginx-2",
    "nginx-3",
    "apache",
    "haproxy",
    "f5",
  ]);
});

Deno.test("each of certctl's faults is told in docs/lab.md", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/lab.md", import.meta.url));
  for (const name of SHIPPED_FAULT_NAMES) assertStringIncludes(page, `| \`${name}\``);
});
