import { readHostLimits, shortages } from "../../src/engine/limits.ts";
import type { Load, Plan } from "../../src/plan/plan.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";

function plan(flow: string, rate: number, maxInFlight = 10_000): Plan {
  const stages = [{ durationMs: 1_000, from: rate, to: rate }];
  const load: Load = { model: "open", stages, maxInFlight };
  return { scenarios: [{ name: "shake", flow, steps: ["one"], load }] } as unknown as Plan;
}

Deno.test("a load within the host's limits has no shortage", () => {
  assertEquals(
    shortages(plan("tls_handshake", 10), { openFiles: 1_024, ephemeralPorts: 28_000 }),
    [],
  );
});

Deno.test("too few open files are named with both numbers and the command that helps", () => {
  const [told = ""] = shortages(plan("http_request", 5_000), { openFiles: 1_024 });
  for (const each of ["5064", "1024", "ulimit -n"]) assertStringIncludes(told, each);
});

Deno.test("what may be in flight bounds the files that are wanted", () => {
  assertEquals(shortages(plan("http_request", 5_000, 500), { openFiles: 1_024 }), []);
});

Deno.test("too few ephemeral ports for a handshake load are named with the setting that helps", () => {
  const [told = ""] = shortages(plan("tls_handshake", 1_000), { ephemeralPorts: 28_232 });
  for (const each of ["shake", "60000", "28232", "ip_local_port_range"]) {
    assertStringIncludes(told, each);
  }
});

Deno.test("limits that cannot be read are no shortage", () => {
  assertEquals(shortages(plan("tls_handshake", 100_000), {}), []);
});

Deno.test({
  name: "this host's limit of open files can be read",
  ignore: Deno.build.os !== "linux",
  fn: () => assert((readHostLimits().openFiles ?? 0) > 0),
});
