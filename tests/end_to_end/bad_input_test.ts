import { assert, assertEquals, assertFalse, assertStringIncludes } from "../assert.ts";
import { testWith } from "../programs.ts";
import { programCommand, withProgram } from "./program.ts";

const PLAN = `name: bad
target:
  base_url: https://127.0.0.1:1
scenarios:
  one:
    flow: list_certificates
    rate: 10/s
    duration: 1s
`;

function badPlan(name: string, text: string, ...expected: string[]): void {
  Deno.test(`bad plan: ${name} is told with its place, exit 104`, async () => {
    const files = { "plan.yaml": text, "results/summary.json": "{}" };
    await withProgram(["run", "plan.yaml"], { files }, async ({ code, stdout, stderr, folder }) => {
      assertEquals([code, stdout], [104, ""], stderr);
      for (const each of expected) assertStringIncludes(stderr, each);
      assertFalse(/\n\s+at /.test(stderr), `a stack trace: ${stderr}`);
      const untouched = await Deno.readTextFile(`${folder}/results/summary.json`);
      assertEquals(untouched, "{}", "results were touched");
    });
  });
}

badPlan("malformed YAML", "name: [unclosed\nscenarios: {", "plan.yaml:");
badPlan(
  "a misspelt key",
  PLAN.replace("duration:", "duraton:"),
  "plan.yaml:8:5",
  "did you mean",
  "duration",
);
badPlan("a negative rate", PLAN.replace("10/s", "-10/s"), "plan.yaml:7:", "-10/s");
badPlan("a zero rate", PLAN.replace("10/s", "0/s"), "plan.yaml:7:");
badPlan("a wrong unit", PLAN.replace("1s", "1 parsec"), "plan.yaml:8:", "1 parsec");
badPlan(
  "an unknown flow",
  PLAN.replace("list_certificates", "list_certificate"),
  "plan.yaml:6:",
  "list_certificates",
);
badPlan(
  "a threshold over a step that the flow does not have",
  `${PLAN}    thresholds: [lisst p95 < 1s]\n`,
  "plan.yaml:9:",
  "lisst",
);
badPlan(
  "an unreadable CA file",
  PLAN.replace("  base_url", "  tls: { ca_file: nowhere.pem }\n  base_url"),
  "nowhere.pem",
);
badPlan(
  "an unset variable without a default",
  PLAN.replace("https://127.0.0.1:1", "${CERTLOAD_TEST_UNSET}"),
  "plan.yaml:3:",
  "CERTLOAD_TEST_UNSET",
);

Deno.test("every problem of a plan is told at once", async () => {
  const text = PLAN.replace("10/s", "often").replace("1s", "soon").replace("one:", "one two:");
  await withProgram(["run", "plan.yaml"], { files: { "plan.yaml": text } }, ({ code, stderr }) => {
    assertEquals(code, 104);
    for (const each of ["often", "soon", "one two"]) assertStringIncludes(stderr, each);
  });
});

testWith("bash")("a plan may come through a pipe, which is read once", async () => {
  // Nothing listens there: 94 means that the plan was understood.
  const { code, stderr } = await new Deno.Command("bash", {
    args: ["-c", '"$@" <(printf %s "$PLAN") --quiet', "bash", ...programCommand(), "run"],
    env: { PLAN, NO_COLOR: "1" },
  }).output();
  assertEquals(code, 94, new TextDecoder().decode(stderr));
});

Deno.test("a missing plan file names the shipped plans", async () => {
  await withProgram(["run", "nothing.yaml"], {}, ({ code, stderr }) => {
    assertEquals(code, 104);
    for (const each of ["nothing.yaml", "quickstart"]) assertStringIncludes(stderr, each);
  });
});

Deno.test("bad flags are all told, with the near miss", async () => {
  const args = ["run", "quickstart", "--targt", "x", "--nonsense"];
  await withProgram(args, {}, ({ code, stderr }) => {
    assertEquals(code, 104);
    for (const each of ["--targt", "--target", "--nonsense"]) assertStringIncludes(stderr, each);
  });
});

Deno.test("an unknown command and none at all are told, exit 104", async () => {
  await withProgram(["rum"], {}, ({ code, stderr }) => {
    assertEquals(code, 104);
    assertStringIncludes(stderr, "rum");
  });
  await withProgram([], {}, ({ code, stderr }) => {
    assertEquals(code, 104);
    assert(stderr.includes("certload run quickstart"));
  });
});
