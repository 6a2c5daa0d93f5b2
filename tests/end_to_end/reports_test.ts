import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { testWith } from "../programs.ts";
import { assertEnded, programCommand, withProgram } from "./program.ts";

const QUICK = [
  ...["run", "quickstart", "--only", "list_certificates", "--duration", "1s"],
  ...["--set", "scenarios.list_certificates.start_after=0s", "--quiet"],
];

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
  await withProgram([...QUICK, ...OUTPUTS], { env }, async (finished) => {
    assertEnded(finished, 0);
    const { code, folder } = finished;
    const read = (name: string): Promise<string> => Deno.readTextFile(`${folder}/${name}`);
    assertStringIncludes(await read("out/report.html"), "list_certificates");
    assertStringIncludes(await read("out/junit.xml"), 'name="list_certificates"');
    assertStringIncludes(await read("out/list_certificates.hgrm"), "#[Mean");
    assertStringIncludes(await read("out/run.prom"), "certload_exit_code");
    assertStringIncludes(await read("step.md"), code === 0 ? "PASSED" : `${code}`);
    baseline = await read("out/baseline.json");
    const { forced_over } = JSON.parse(baseline).baseline;
    assert(forced_over.some((why: string) => why.includes("lab")));
  });
  const other = ["--baseline", "base.json", "--set", "scenarios.list_certificates.rate=5/s"];
  const files = { "base.json": baseline };
  await withProgram([...QUICK, ...other], { files }, (finished) => {
    assertEnded(finished, 104);
    const { code, summary } = finished;
    assertEquals(summary.comparison.verdict, "refused");
    const { differences } = summary.comparison;
    const told = code === 104 ? summary.exit.reason : JSON.stringify(differences);
    assertMatch(told, /load of \\?"list_certificates\\?" differs/);
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

Deno.test("run finds every place that cannot be written to before it sends anything", async () => {
  const args = ["--report", "html=mine/report.html", "--save-baseline", "mine/baseline.json"];
  const files = { mine: "", "results/summary.json/x": "" };
  await withProgram([...QUICK, ...args], { files }, ({ code, stderr, summary }) => {
    assertEquals([code, summary], [104, undefined]);
    for (
      const problem of [
        'Cannot write the html report to "mine/report.html": ',
        'Cannot write the baseline to "mine/baseline.json": ',
        'Cannot write the results to "results/summary.json": it is a folder. ',
      ]
    ) assertStringIncludes(stderr, problem);
  });
});

const FULL = `"$@" >/dev/full`;

testWith("sh")(
  "a full standard output costs a passed run its exit code, and nothing else",
  async () => {
    const folder = await Deno.makeTempDir();
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", FULL, "sh", ...programCommand(), ...QUICK.slice(0, -1)],
      cwd: folder,
    }).output();
    const told = new TextDecoder().decode(stderr);
    const summary = JSON.parse(await Deno.readTextFile(`${folder}/results/summary.json`));
    assertEnded({ code, stdout: "", stderr: told, folder, summary }, 104);
    assertStringIncludes(told, "Cannot write to standard output: no space is left on the disk\n");
    // What it is that the full output costs; a run that did not pass keeps its own.
    assertEquals(summary.exit.code, code === 104 ? 0 : code);
    await Deno.remove(folder, { recursive: true });
  },
);

testWith("sh")(
  "what cannot be printed is no fault of certload's, whichever command prints it",
  async () => {
    for (const args of [["version"], ["help"], ["schema"], ["run", "--help"], ["check", "acme"]]) {
      const { code, stderr } = await new Deno.Command("sh", {
        args: ["-c", FULL, "sh", ...programCommand(), ...args],
      }).output();
      const told = "certload: Cannot write to standard output: no space is left on the disk\n";
      assertEquals([code, new TextDecoder().decode(stderr)], [104, told], args.join(" "));
    }
  },
);

Deno.test("a missing folder for temporary files is the host's, and told", async () => {
  const env = { TMPDIR: "/nowhere/at/all" };
  await withProgram(QUICK, { env }, ({ code, stderr }) => {
    assertEquals(code, 94, stderr);
    assertStringIncludes(stderr, "TMPDIR");
  });
});
