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

Deno.test("check shows how each scenario's arrivals are spaced, beside how many they are", async () => {
  await withFolder({}, async (folder) => {
    await Deno.writeTextFile(`${folder}/plan.yaml`, SPACED);
    const { code, out } = await called(folder, "check");
    assertEquals(code, 0);
    const rows = out.split("\n").map((line) => line.split(/ {2,}/));
    const from = rows.findIndex(([first]) => first === "planned");
    assertEquals(rows.slice(from, from + 5), [
      ["planned", "arrivals", "iterations", "requests"],
      ["a", "even", "60", "60"],
      ["b", "even, phase 41.4%", "60", "60"],
      ["c", "Poisson, seed 7", POISSON_COUNT, POISSON_COUNT],
      ["d", "users", "at most 66", "at most 66"],
    ]);
  });
});

const SPACED = `name: spaced
target: { base_url: "https://127.0.0.1:1" }
seed: 7
scenarios:
  a: { flow: list_certificates, rate: 10/s, duration: 6s }
  b: { flow: list_certificates, rate: 10/s, duration: 6s }
  c: { flow: list_certificates, rate: 10/s, duration: 6s, arrivals: poisson }
  d: { flow: list_certificates, users: 6, think_time: 600ms, duration: 6s }
`;
/** Of the process with this seed and name, whose mean is 60. */
const POISSON_COUNT = "53";

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
