import { commandsOf } from "../../src/deploy/options.ts";
import { deployOptions } from "../../src/deploy/scenario_options.ts";
import { assert, assertEquals } from "../assert.ts";

const LAB = { lab: { control: "http://127.0.0.1:1", target: "nginx" } };
const PEM = "/etc/both.pem";

function problems(given: Record<string, unknown>): string[] {
  const parsed = deployOptions.safeParse({ target_type: "nginx", ...given });
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
}

const installing = (install: unknown): string[] =>
  problems({ targets: [{ url: "https://127.0.0.1:1", install }] });

Deno.test("a target is installed in one way, by whoever deploys", () => {
  assertEquals(installing(LAB), []);
  assertEquals(installing({ files: { pem: PEM } }), []);
  assert(installing({})[0]!.includes("needs one of"));
  assert(installing({ ...LAB, files: { pem: PEM } })[0]!.includes("needs one of"));
  assert(installing({ files: { cert: PEM } })[0]!.includes("new key"));
  assert(installing({ files: { key: PEM } })[0]!.includes("`fullchain`"));
  const url = "https://127.0.0.1:1";
  assert(problems({ targets: [{ url }] })[0]!.startsWith("targets.0 needs `install`"));
  assertEquals(problems({ targets: [{ url }], agent: "external" }), []);
  const both = problems({ targets: [{ url, install: LAB }], agent: "external" });
  assert(both[0]!.startsWith("targets.0.install is for"));
});

Deno.test("a target is there once, however it is written", () => {
  const one = { url: "https://web.test/", install: LAB };
  const again = problems({ targets: [one, { ...one, url: "https://web.test:443/other" }] });
  assert(again[0]!.startsWith("targets.1 is web.test:443 again"), again[0]);
  const called = problems({ targets: [{ ...one, name: "a" }, { ...one, name: "b" }] });
  assert(called[0]!.startsWith("targets.1 is web.test:443 again"), called[0]);
  const other = { url: "https://other.test/", install: LAB, name: "a" };
  const alike = problems({ targets: [{ ...one, name: "a" }, other] });
  assert(alike[0]!.startsWith("targets.1 is called a as another one is"), alike[0]);
  const install = { lab: { ...LAB.lab, target: "nginx-2" } };
  const elsewhere = { ...one, connect_to: "127.0.0.1:443", install };
  assertEquals(problems({ targets: [one, elsewhere] }), []);
});

Deno.test("a target without an address is told as that, along with whatever else is wrong", () => {
  const targets = [{ url: "", install: LAB }, { url: "", install: { files: { pem: PEM } } }, {
    url: "https://web.test",
  }];
  const told = problems({ targets });
  assertEquals(told.length, 3, told.join());
  assert(told.slice(0, 2).every((each, n) => each.startsWith(`targets.${n}.url must be`)));
  assert(told[2]!.startsWith("targets.2 needs `install`"));
});

Deno.test("no two deployments meet in one file, Secret or certificate, and no file is two things", () => {
  const at = (port: number, install: unknown): unknown => ({
    url: `https://127.0.0.1:${port}`,
    install,
  });
  const kubernetes = { secret: "tls" };
  const haproxy = { socket: "/run/haproxy.sock", certificate: PEM };
  for (const install of [LAB, { files: { pem: PEM } }, { haproxy }, { kubernetes }]) {
    const found = problems({ targets: [at(1, install), at(2, install)] });
    assertEquals(found.length, 1);
    assert(/^targets\.1\.install writes .* as targets\.0 does/.test(found[0]!), found[0]);
  }
  const shared = problems({
    targets: [at(1, { files: { pem: PEM } }), at(2, { files: { pem: "/b", chain: PEM } })],
  });
  assert(shared[0]!.startsWith(`targets.1.install writes ${PEM}, as`), shared[0]);
  assert(installing({ files: { key: PEM, fullchain: PEM } })[0]!.includes("one file twice"));
});

Deno.test("a Secret and its namespace are names, and no way to somewhere else", () => {
  const secret = (name: string, namespace = "web"): string[] =>
    installing({ kubernetes: { secret: name, namespace } });
  assertEquals(secret("web-1.tls"), []);
  for (const bad of ["..", "a/../b", "A", "a?b", "", "-a", "a".repeat(254)]) {
    assert(secret(bad)[0]!.includes("must be a Secret's name"), bad);
    assert(secret("a", bad)[0]!.includes("must be a namespace"), bad);
  }
});

Deno.test("limits that contradict one another, and a watch that would be a load, are problems", () => {
  const targets = [{ url: "https://127.0.0.1:1", install: LAB }];
  assert(problems({ targets, served_within: "2m" })[0]!.startsWith("deadline must not be shorter"));
  assert(problems({ targets, watch: "2000/s" })[0]!.startsWith("watch must be 1000/s at most"));
});

Deno.test("a command is parted at its blanks, or taken as it is listed; the same one is told once", () => {
  const target = (port: number, reload: unknown): Record<string, unknown> => ({
    url: `https://127.0.0.1:${port}`,
    install: { files: { pem: `/etc/${port}.pem`, reload } },
  });
  const { targets } = deployOptions.parse({
    target_type: "nginx",
    targets: [
      target(1, " nginx  -s reload "),
      target(2, ["nginx", "-s", "reload"]),
      target(3, [
        "a b",
      ]),
    ],
  });
  assertEquals(commandsOf(targets), [["nginx", "-s", "reload"], ["a b"]]);
  assertEquals(installing({ files: { pem: PEM, reload: "  " } }).length, 1);
  assertEquals(installing({ files: { pem: PEM, reload: [] } }).length, 1);
});
