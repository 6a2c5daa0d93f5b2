import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { withProgram } from "./program.ts";

const QUICK = ["run", "quickstart", "--only", "list_certificates", "--duration", "2s", "--quiet"];

const OUTPUTS = [
  "--report",
  "html=out/report.html,junit=out/junit.xml",
  "--report",
  "hgrm=out",
  "--prometheus",
  "out/run.prom",
  "--save-baseline",
  "out/baseline.json",
  "--force",
];

Deno.test("run writes the reports that were asked for, the step summary, and a forced baseline, with which a run of another load is not compared", async () => {
  const env = { GITHUB_STEP_SUMMARY: "step.md" };
  let baseline = "";
  await withProgram([...QUICK, ...OUTPUTS], { env }, async ({ code, stderr, folder }) => {
    assertEquals(code, 0, stderr);
    const read = (name: string): Promise<string> => Deno.readTextFile(`${folder}/${name}`);
    assertStringIncludes(await read("out/report.html"), "list_certificates");
    assertStringIncludes(await read("out/junit.xml"), 'errors="0"');
    assertStringIncludes(await read("out/list_certificates.hgrm"), "#[Mean");
    assertStringIncludes(await read("out/run.prom"), "certload_exit_code");
    assertStringIncludes(await read("step.md"), "PASSED");
    baseline = await read("out/baseline.json");
    const { forced_over } = JSON.parse(baseline).baseline;
    assert(forced_over.some((why: string) => why.includes("lab")));
  });
  const other = ["--baseline", "base.json", "--set", "scenarios.list_certificates.rate=5/s"];
  const files = { "base.json": baseline };
  await withProgram([...QUICK, ...other], { files }, ({ code, summary }) => {
    assertEquals([code, summary.comparison.verdict], [104, "refused"]);
    assertStringIncludes(summary.exit.reason, 'load of "list_certificates" differs');
  });
});

Deno.test("run finds wrong report and baseline flags before it sends anything", async () => {
  const args = [...QUICK, "--report", "pdf=x", "--baseline", "none.json", "--allow", "much"];
  await withProgram(args, {}, ({ code, stderr, summary }) => {
    assertEquals([code, summary], [104, undefined]);
    assertStringIncludes(stderr, 'unknown report format "pdf"');
    assertStringIncludes(stderr, '"none.json": there is no such file');
    assertStringIncludes(stderr, 'got "much"');
  });
});

Deno.test("run finds a report and a baseline that cannot be written before it sends anything", async () => {
  for (
    const [args, what] of [
      [["--report", "html=mine/report.html"], "the html report"],
      [["--save-baseline", "mine/baseline.json"], "the baseline"],
    ] as const
  ) {
    await withProgram([...QUICK, ...args], { files: { mine: "" } }, ({ code, stderr, summary }) => {
      assertEquals([code, summary], [104, undefined]);
      assertStringIncludes(stderr, `Cannot write ${what} to "mine"`);
    });
  }
});
