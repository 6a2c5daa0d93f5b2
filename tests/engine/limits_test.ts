import { proxyRemark, readHostLimits, shortages } from "../../src/engine/limits.ts";
import type { LoadProfile, Plan } from "../../src/plan/plan.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";

function poissonPlan(rate: number): Plan {
  const even = plan("http_request", rate);
  const [scenario] = even.scenarios;
  const load = { ...scenario!.load, arrivals: "poisson" };
  return { scenarios: [{ ...scenario, load }] } as unknown as Plan;
}

function plan(flow: string, rate: number, maxInFlight = 10_000): Plan {
  const stages = [{ durationMs: 1_000, from: rate, to: rate }];
  const load: LoadProfile = {
    model: "open",
    stages,
    maxInFlight,
    arrivals: "even",
    seed: 1,
    phase: 0,
  };
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

Deno.test("Poisson arrivals may have more open at once than their mean", () => {
  const [told = ""] = shortages(poissonPlan(900), { openFiles: 1_024 });
  assertStringIncludes(told, `${64 + 900 + 120}`);
  assertEquals(shortages(plan("http_request", 900), { openFiles: 1_024 }), []);
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

function to(baseUrl: string): Plan {
  return { target: { baseUrl } } as unknown as Plan;
}

Deno.test("proxy variables are said not to be used, once, with the host that is asked directly", () => {
  const env = { HTTPS_PROXY: "http://proxy.test:3128", all_proxy: "socks://proxy.test" };
  assertEquals(proxyRemark(to("https://certctl.test:8443"), env), [
    "HTTPS_PROXY and all_proxy are set, and certload uses no proxy: it connects to certctl.test directly",
  ]);
  assertEquals(proxyRemark(to("https://certctl.test"), { http_proxy: "http://u:secret@p" }), [
    "http_proxy is set, and certload uses no proxy: it connects to certctl.test directly",
  ]);
});

Deno.test("nothing is said of proxies that are not set, or that no program would use for this host", () => {
  const env = { HTTPS_PROXY: "http://proxy.test" };
  assertEquals(proxyRemark(to("https://certctl.test"), { HTTPS_PROXY: "" }), []);
  for (const url of ["https://localhost:8443", "https://127.0.0.1", "https://[::1]:1"]) {
    assertEquals(proxyRemark(to(url), env), []);
  }
  for (const NO_PROXY of ["certctl.test", "other, .test", "*.test", "*"]) {
    assertEquals(proxyRemark(to("https://certctl.test"), { ...env, NO_PROXY }), [], NO_PROXY);
  }
  assertEquals(proxyRemark(to("https://certctl.test"), { ...env, no_proxy: "certctl.test" }), []);
  for (const NO_PROXY of ["tl.test", "", " , "]) {
    assertEquals(proxyRemark(to("https://certctl.test"), { ...env, NO_PROXY }).length, 1);
  }
});

Deno.test("a limit that is just enough is none, one less is", () => {
  // 5,000 answers of a second, and 64 files of one's own; 60 s of 1,000 connections each.
  const files = (openFiles: number) => shortages(plan("http_request", 5_000), { openFiles }).length;
  assertEquals([files(5_064), files(5_063)], [0, 1]);
  const ports = (ephemeralPorts: number) =>
    shortages(plan("tls_handshake", 1_000), { ephemeralPorts }).length;
  assertEquals([ports(60_000), ports(59_999)], [0, 1]);
});

Deno.test("only handshakes take a port each; other flows keep their connections", () => {
  assertEquals(shortages(plan("http_request", 1_000), { ephemeralPorts: 1 }), []);
});

Deno.test("files are wanted for all scenarios together: users, or what is open at once within max_connections", () => {
  const [open] = plan("http_request", 300.5).scenarios;
  const stages = [{ durationMs: 1_000, from: 0, to: 40.2 }];
  const load: LoadProfile = { model: "closed", stages, thinkTimeMs: 0 };
  const scenarios = [open!, { ...open!, load }, { ...open!, maxConnections: 7 }];
  const [told = ""] = shortages({ scenarios } as unknown as Plan, { openFiles: 100 });
  assertStringIncludes(told, `ulimit -n ${64 + 301 + 41 + 7}`);
});

Deno.test({
  name: "this host's limits are those that the system tells",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    const lines = Deno.readTextFileSync("/proc/self/limits").split("\n");
    const soft = lines.find((line) => line.startsWith("Max open files"))!.split(/\s+/)[3];
    const read = (name: string): string =>
      Deno.readTextFileSync(`/proc/sys/net/ipv4/${name}`).trim();
    const [first, last] = read("ip_local_port_range").split(/\s+/).map(Number);
    const reused = read("tcp_tw_reuse") === "1";
    assertEquals(readHostLimits(), {
      openFiles: Number(soft),
      ...(reused ? {} : { ephemeralPorts: last! - first! + 1 }),
    });
  },
});
