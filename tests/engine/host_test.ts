import os from "node:os";
import process from "node:process";
import { busyShare, hostCpu, hostFacts } from "../../src/engine/host.ts";
import { assert, assertEquals } from "../assert.ts";

Deno.test("the host's busy share is that of the time between two readings", () => {
  const before = { busyMs: 1_000, totalMs: 4_000 };
  assertEquals(busyShare(before, { busyMs: 1_900, totalMs: 5_000 }), 0.9);
  assertEquals(busyShare(before, { busyMs: 1_000, totalMs: 6_000 }), 0);
});

Deno.test("a host that does not tell its CPU time has no busy share", () => {
  const nothing = { busyMs: 0, totalMs: 0 };
  assertEquals(busyShare(nothing, nothing), undefined);
});

Deno.test("a host that computes is busy", async () => {
  const before = hostCpu();
  const untilMs = performance.now() + 200;
  while (performance.now() < untilMs);
  // Linux counts in hundredths of a second, each core by itself.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const share = busyShare(before, hostCpu());
  assert(share !== undefined && share > 0 && share <= 1, `${share}`);
});

Deno.test("busy is all that is not idle, of all cores together", () => {
  const core = { user: 10, nice: 20, sys: 30, idle: 400, irq: 5 };
  assertEquals(hostCpu([core, { ...core, idle: 100 }]), { busyMs: 130, totalMs: 630 });
  assertEquals(hostCpu([]), { busyMs: 0, totalMs: 0 });
});

Deno.test("the host's facts are the system's own", () => {
  const facts = hostFacts();
  assertEquals([facts.cpuCount, facts.memoryBytes], [os.cpus().length, os.totalmem()]);
  assertEquals([facts.os, facts.kernel], [Deno.build.os, os.release()]);
  assertEquals(facts.cpuModel, os.cpus()[0]!.model.trim() || "unknown");
  const { openssl, ...versions } = facts.runtime;
  assertEquals(versions, { ...Deno.version });
  assertEquals(openssl, process.versions.openssl ?? "unknown");
});

Deno.test({
  name: "a container is known by the files that its runtime leaves, or by its cluster's variable",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    const has = (folder: string, name: string): boolean =>
      [...Deno.readDirSync(folder)].some((entry) => entry.name === name);
    const byFile = has("/run", ".containerenv")
      ? "podman"
      : has("/", ".dockerenv")
      ? "docker"
      : undefined;
    const before = Deno.env.get("KUBERNETES_SERVICE_HOST");
    try {
      Deno.env.delete("KUBERNETES_SERVICE_HOST");
      assertEquals(hostFacts().container, byFile);
      Deno.env.set("KUBERNETES_SERVICE_HOST", "10.0.0.1");
      assertEquals(hostFacts().container, byFile ?? "kubernetes");
    } finally {
      if (before === undefined) Deno.env.delete("KUBERNETES_SERVICE_HOST");
      else Deno.env.set("KUBERNETES_SERVICE_HOST", before);
    }
  },
});
