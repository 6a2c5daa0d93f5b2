import { join } from "node:path";
import { assertEquals, assertMatch } from "../assert.ts";
import { withServer } from "../acme/harness.ts";
import { testWith } from "../programs.ts";
import { COMPOSE, ENGINE, inspected, standIn } from "../stack/stand_in.ts";
import { certload, withFolder } from "./in_process.ts";

testWith("sh", "cat", "sleep")(
  "a stack that cannot be taken down ends what passed with 94, and stderr says so last",
  async () => {
    await using tools = await standIn();
    const docker = `if [ "$1" = compose ]; then shift; ${COMPOSE} else ${ENGINE} fi`;
    await tools.program("docker", docker);
    const labels = { "certload.url": "CERTCTL_BASE", "certload.port": "8443" };
    const ports = { "8443/tcp": "1" };
    await tools.containers([
      inspected({ service: "certctl-server", health: "healthy", labels, ports }),
    ]);
    await Deno.writeTextFile(join(tools.folder, "down.sh"), "echo network in use; exit 1");
    await withServer(() => new Response("fine"), async (origin) => {
      const plan = `target: { base_url: "${origin}" }
scenarios:
  one: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s }
`;
      await withFolder({ "plan.yaml": plan }, async (folder) => {
        const args = ["doctor", "{}/plan.yaml", "--stack", "compose"];
        const { code, out, err } = await certload(folder, ...args);
        assertEquals(code, 94, err);
        assertMatch(out, /one: /);
        assertMatch(err, /failed three times; .*\ncertload: not_ready \(exit code 94\): [^\n]+\n$/);
        const [left] = err.match(/\S+(?=\/down\.log)/)!;
        await Deno.remove(left, { recursive: true });
      });
    });
  },
);

Deno.test("a scenario that the stack's variables do not bring in is not waited for, nor its stack started", async () => {
  const { code, err } = await certload(
    "",
    "run",
    "lifecycle",
    "--stack",
    "embedded",
    "--only",
    "nginx_deploy",
  );
  assertEquals(code, 104);
  assertMatch(err, /nginx_deploy left out: set NGINX_CERTIFICATES, NGINX_RELOAD to have them too/);
  assertEquals(err.includes("embedded lab"), false, err);
});

Deno.test("a command that a stack will tell is refused before the stack is started", async () => {
  const { code, err } = await certload("", "run", "lifecycle", "--stack", "compose");
  assertEquals(code, 104);
  assertMatch(err, /scenario nginx_deploy runs .*docker.*nginx.*reload.*--allow-commands/);
  assertEquals(err.includes("project"), false, err);
});
