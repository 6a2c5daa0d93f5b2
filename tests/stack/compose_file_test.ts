import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { parse } from "yaml";
import { runCommand } from "../../src/command.ts";
import { COMPOSE_COMMANDS } from "../../src/stack/engine.ts";
import { shippedFiles } from "../../src/shipped.ts";

interface Service {
  readonly image?: string;
  readonly healthcheck?: unknown;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly profiles?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly pid?: string;
}

const CERTIFICATES = "${CERTLOAD_CERTIFICATES:-./certificates}";

const files = await shippedFiles("compose");
const text = files.find((file) => file.path === "docker-compose.yml")!.text;
const services = (parse(text, { merge: true }) as { services: Record<string, Service> }).services;
const entries = Object.entries(services);

Deno.test("every service has a health check, ends by itself, or is checked by another", () => {
  for (const [name, service] of entries) {
    const once = service.labels?.["certload.once"] === "true";
    assert(service.healthcheck || once || `${name}-health` in services, name);
  }
});

Deno.test("a dependency is waited for until it is healthy or has ended well", () => {
  for (const [name, service] of entries.filter(([, service]) => !service.profiles)) {
    for (const [dependency, { condition }] of Object.entries(service.depends_on ?? {})) {
      const once = services[dependency]?.labels?.["certload.once"] === "true";
      const expected = once ? "service_completed_successfully" : "service_healthy";
      assertEquals(condition, expected, `${name} on ${dependency}`);
    }
  }
});

Deno.test("ports are published on loopback, free ones unless a variable names one", () => {
  const ports = entries.flatMap(([, service]) => service.ports ?? []);
  assertEquals(ports.length, 7);
  for (const port of ports) assertMatch(port, /^127\.0\.0\.1:\$\{[A-Z0-9_]+_PORT:-\}:\d+$/);
});

Deno.test("every image can be named by a variable", () => {
  for (const [name, service] of entries) {
    assertMatch(service.image ?? "", /^\$\{[A-Z0-9_]+_IMAGE:-[a-z0-9./-]+:[\w.-]+\}$/, name);
  }
});

Deno.test("every address that the old harness knew is handed over", () => {
  const variables = entries.flatMap(([, service]) => service.labels?.["certload.url"] ?? []);
  assertEquals(variables, [
    "CERTCTL_BASE",
    "NGINX_TARGET_URL",
    "APACHE_TARGET_URL",
    "HAPROXY_TARGET_URL",
    "F5_TARGET_URL",
    "PEBBLE_URL",
  ]);
});

Deno.test("each daemon has a folder for its certificate, and a way to have it read again", () => {
  for (const daemon of ["nginx", "apache", "haproxy"]) {
    const { volumes = [], labels = {} } = services[`${daemon}-target`]!;
    const variable = daemon.toUpperCase();
    assertEquals(labels["certload.folder"], `${variable}_CERTIFICATES=${daemon}`);
    assert(volumes.some((volume) => volume.startsWith(`${CERTIFICATES}/${daemon}:/`)), daemon);
    assertMatch(
      labels["certload.command"] ?? labels["certload.address"] ?? "",
      new RegExp(`^${variable}_(RELOAD|RUNTIME)=`),
    );
  }
});

Deno.test("an agent has the processes, the certificate and the row of its daemon", () => {
  const seed = files.find((file) => file.path === "fixtures/seed_demo.sql")!.text;
  for (const daemon of ["nginx", "apache", "haproxy"]) {
    const { pid, profiles, environment, volumes } = services[`certctl-agent-${daemon}`]!;
    assertEquals(profiles, ["agent"]);
    assertEquals(pid, `service:${daemon}-target`);
    const volume = volumes![0]!;
    assert(volume.startsWith(`${CERTIFICATES}/${daemon}:/`), volume);
    const id = environment!["CERTCTL_AGENT_ID"]!;
    const rows = seed.split("\n").filter((line) => line.includes(`'${id}'`));
    assertEquals(rows.length, 2, `rows of agent and target: ${id}`);
    const path = volume.split(":-./certificates}")[1]!.split(":")[1]!;
    assertStringIncludes(seed, `"${path}/target.`);
  }
});

Deno.test("every mounted fixture is there, and every fixture is mounted", () => {
  const mounted = entries.flatMap(([, service]) => service.volumes ?? [])
    .filter((volume) => volume.startsWith("./fixtures/"))
    .map((volume) => volume.slice(2).split(":")[0]!);
  const shipped = files.map((file) => file.path).filter((path) => path.startsWith("fixtures/"));
  assertEquals([...new Set(mounted)].sort(), shipped);
});

Deno.test("the server's encryption key is long enough and its limiter is off", () => {
  const environment = services["certctl-server"]?.environment ?? {};
  const key = environment["CERTCTL_CONFIG_ENCRYPTION_KEY"]?.match(/:-(.*)\}/)?.[1] ?? "";
  assert(key.length >= 32, key);
  assertEquals(environment["CERTCTL_RATE_LIMIT_ENABLED"], "${CERTCTL_RATE_LIMIT_ENABLED:-false}");
  assertEquals(environment["CERTCTL_MAX_BODY_SIZE"], "10485760");
  assertEquals(environment["CERTCTL_DEMO_SEED"], "true");
});

Deno.test("the seed holds no target for the server's network scanner", () => {
  const seed = files.find((file) => file.path === "fixtures/seed_demo.sql")!.text;
  assertEquals(/INSERT INTO network_scan_targets/i.test(seed), false);
});

for (const command of COMPOSE_COMMANDS) {
  const argv = command.split(" ");
  const { code } = await runCommand([...argv, "version"]);
  Deno.test({
    name: `${command} config accepts the file${code === 0 ? "" : " (skipped: not installed)"}`,
    ignore: code !== 0,
    fn: async () => {
      const file = new URL("../../compose/docker-compose.yml", import.meta.url).pathname;
      const config = await runCommand([...argv, "-f", file, "config", "--quiet"]);
      assertEquals(config.code, 0, config.tail.join("\n"));
    },
  });
}
