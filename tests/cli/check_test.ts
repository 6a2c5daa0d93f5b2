import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { certload, withFolder } from "./in_process.ts";

const NEEDY = `
stack: embedded
target: { base_url: "\${CERTCTL_BASE}" }
scenarios:
  always: { flow: http_request, with: { path: / }, rate: 1/s, duration: 2s }
  lab_only:
    flow: http_request
    with: { path: "/lab" }
    rate: 1/s
    duration: 3s
    needs: [CERTLOAD_LAB_CONTROL]
  compose_only:
    flow: http_request
    with: { path: /compose }
    rate: 1/s
    duration: 4s
    needs: [NGINX_RELOAD]
`;

/** Names and iterations of the table of what is planned. */
function plannedIn(out: string): string[] {
  const rows = out.split("\n");
  const from = rows.findIndex((row) => row.startsWith("planned"));
  return rows.slice(from + 1, rows.indexOf("", from)).map((row) => row.trim().split(/ {2,}/))
    .map((cells) => `${cells[0]} ${cells.at(-2)}`);
}

Deno.test("check shows the scenarios that need what the plan's stack will tell, and leaves out others", async () => {
  await withFolder({ "plan.yaml": NEEDY }, async (folder) => {
    const embedded = await certload(folder, "check", "{}/plan.yaml");
    assertEquals(embedded.code, 0, embedded.err);
    assertEquals(plannedIn(embedded.out), ["always 2", "lab_only 3", "all 5"]);
    assertMatch(embedded.err, /compose_only left out: set NGINX_RELOAD to have them too/);
    assertMatch(embedded.out, /^# .*stack\.invalid stand for .* the embedded stack will tell\.\n/);
    assertStringIncludes(embedded.out, "base_url: https://stack.invalid\n");

    const compose = await certload(folder, "check", "{}/plan.yaml", "--stack", "compose");
    assertEquals(plannedIn(compose.out), ["always 2", "compose_only 4", "all 6"]);

    const none = await certload(folder, "check", "{}/plan.yaml", "--target", "https://a.test");
    assertEquals(plannedIn(none.out), ["always 2", "all 2"]);
    assert(!none.out.includes("stack.invalid"), none.out);
  });
});

for (const command of ["check", "run", "doctor"]) {
  Deno.test(`${command} of an unreadable plan tells no variable as unset that the plan's stack will set`, async () => {
    const unset = NEEDY.replace("rate: 1/s", "rat: 1/s").replace("/lab", "/\${NOBODY_SETS_IT}");
    await withFolder({ "plan.yaml": unset }, async (folder) => {
      const { code, err } = await certload(folder, command, "{}/plan.yaml");
      assertEquals(code, 104);
      assertStringIncludes(err, "unknown key `rat`");
      assertStringIncludes(err, "the variable NOBODY_SETS_IT is not set");
      assert(!err.includes("CERTCTL_BASE"), err);
    });
    const alone = { "plan.yaml": unset.replace("stack: embedded", "stack: none") };
    await withFolder(alone, async (folder) => {
      const { err } = await certload(folder, command, "{}/plan.yaml");
      assertStringIncludes(err, "the variable CERTCTL_BASE is not set");
    });
  });
}

Deno.test("a stack that is none is told with the plan's other problems", async () => {
  const plan = NEEDY.replace("stack: embedded", "stack: docker");
  await withFolder({ "plan.yaml": plan }, async (folder) => {
    const { code, err } = await certload(folder, "check", "{}/plan.yaml");
    assertEquals(code, 104);
    assertMatch(err, /plan\.yaml:2:8: .*embedded/);
    assertStringIncludes(err, "the variable CERTCTL_BASE is not set");
  });
});
