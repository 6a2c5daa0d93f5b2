import type { Summary } from "../../src/metrics/summary_schema.ts";
import { differencesOf } from "../../src/verdict/comparability.ts";
import { assertEquals } from "../assert.ts";
import { runOf } from "../metrics/runs.ts";
import { concluded } from "../report/summaries.ts";

Deno.test("differencesOf() remarks on whatever differs, and refuses where that decides how fast the same code runs", () => {
  const base = concluded(runOf([{ name: "create" }]));
  const { methodology: m } = base;
  const create = base.phases.api!.create!;
  const as = (parts: Partial<Summary["methodology"]>): Summary => (
    { ...base, methodology: { ...m, ...parts } }
  );
  const of = (parts: Partial<typeof create>): Summary => (
    { ...base, phases: { api: { create: { ...create, ...parts } } } }
  );
  const cases: [Summary, code: string, refusal: boolean][] = [
    [as({ target: { ...m.target, base_url: "https://other" } }), "target", false],
    [as({ stack: { name: "compose", description: "" } }), "stack", false],
    [as({ os: { ...m.os, name: "darwin" } }), "os", true],
    [as({ os: { ...m.os, container: "docker" } }), "container", true],
    [as({ os: { ...m.os, kernel: "6.2" } }), "kernel", false],
    [
      as({ hardware: { ...m.hardware, memory_bytes: 2 * m.hardware.memory_bytes } }),
      "memory",
      false,
    ],
    [
      as({ hardware: { ...m.hardware, memory_bytes: m.hardware.memory_bytes / 2 } }),
      "memory",
      false,
    ],
    [as({ runtime: { ...m.runtime, deno: "2.9.7" } }), "runtime", false],
    [{ ...base, tool: { ...base.tool, version: "0.2.0" } }, "tool", false],
    [{ ...base, plan: { ...base.plan, sha256: "f".repeat(64) } }, "plan", false],
    [of({ flow: "other" }), "flow", true],
    [of({ protocol: "h2" }), "protocol", true],
    [of({ client: "undici" }), "client", true],
    [of({ server: "nginx/1.29.0" }), "server", false],
  ];
  for (const [next, code, refusal] of cases) {
    const differences = differencesOf(base, next);
    assertEquals(differences.map((one) => [one.code, one.refusal]), [[code, refusal]], code);
  }
  const nearly = as({ hardware: { ...m.hardware, memory_bytes: 1.3 * m.hardware.memory_bytes } });
  assertEquals(differencesOf(base, nearly), []);
});
