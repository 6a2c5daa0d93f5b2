import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { certload, type Printed, withFolder } from "./in_process.ts";

const PLAN = `name: mine
target: { base_url: "https://127.0.0.1:1", token: t0k3n-t0k3n-t0k3n }
stack: none
scenarios:
  web:
    flow: deploy_loop
    rate: 1/s
    duration: 1s
    with:
      target_type: nginx
      targets:
        - url: https://127.0.0.1:2
          install: { files: { pem: "{}/both.pem", reload: "touch {}/one" } }
        - url: https://127.0.0.1:3
          install: { files: { pem: "{}/b.pem", reload: [touch, "{}/a b", t0k3n-t0k3n-t0k3n] } }
  other: { flow: list_certificates, rate: 1/s, duration: 1s }
`;

async function withPlan(use: (folder: string) => Promise<void>): Promise<void> {
  await withFolder({}, async (folder) => {
    await Deno.writeTextFile(`${folder}/plan.yaml`, PLAN.replaceAll("{}", folder));
    await use(folder);
  });
}

const called = (folder: string, command: string, ...flags: string[]): Promise<Printed> =>
  certload(folder, command, "{}/plan.yaml", ...flags);

Deno.test("check shows the commands that a plan runs, argument by argument, secrets hidden", async () => {
  await withPlan(async (folder) => {
    const { code, out } = await called(folder, "check");
    assertEquals(code, 0);
    assertStringIncludes(out, `web: ["touch","${folder}/one"]`);
    assertStringIncludes(out, `web: ["touch","${folder}/a b","***"]`);
    assert(!out.includes("t0k3n"), out);
  });
});

for (const command of ["run", "doctor"]) {
  Deno.test(`${command} refuses a plan with commands that nobody allowed, all of them at once, and runs none`, async () => {
    await withPlan(async (folder) => {
      const { code, err } = await called(folder, command);
      assertEquals(code, 104);
      assertStringIncludes(err, `scenario web runs ["touch","${folder}/one"] on this host`);
      assertStringIncludes(err, "--allow-commands");
      assertEquals(err.match(/on this host/g)?.length, 2);
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["plan.yaml"]);
    });
  });
}
