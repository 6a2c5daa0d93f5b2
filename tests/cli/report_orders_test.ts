import { renderJson } from "../../src/report/json.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { readSummary } from "../../src/metrics/read_summary.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import { runOf } from "../metrics/runs.ts";
import { concluded, failedRun, interruptedRun, passedRun } from "../report/summaries.ts";
import { certload, withFolder } from "./in_process.ts";

function minute(medianUs: number, seed: number): Summary {
  return concluded(runOf([{ name: "create", ratePerS: 50, durationS: 60, medianUs, seed }]));
}

Deno.test("certload compare exits 93 for a slower server, 0 for the same, 104 for another host", async () => {
  const base = minute(8000, 1);
  const { methodology } = base;
  const elsewhere = { ...methodology, hardware: { ...methodology.hardware, cpu_model: "Other" } };
  const files = {
    "base.json": base,
    "same.json": minute(8000, 2),
    "slow.json": minute(9800, 3),
    "elsewhere.json": { ...base, methodology: elsewhere },
  };
  await withFolder(files, async (folder) => {
    const slow = await certload(folder, "compare", "{}/base.json", "{}/slow.json");
    assertEquals(slow.code, 93);
    assertMatch(slow.out, /^Comparison {2}REGRESSED/);
    const same = await certload(folder, "compare", "{}/base.json", "{}/same.json");
    assertEquals(same.code, 0, same.out);
    const refused = await certload(folder, "compare", "{}/base.json", "{}/elsewhere.json");
    assertEquals(refused.code, 104);
    assertStringIncludes(refused.out, "✗ CPU model differs: Example CPU @ 3.0 GHz and Other");
    const forced = await certload(
      folder,
      "compare",
      "{}/base.json",
      "{}/elsewhere.json",
      "--force",
    );
    assertEquals(forced.code, 0);
    const allowed = await certload(
      folder,
      "compare",
      "{}/base.json",
      "{}/slow.json",
      "--allow",
      "60%",
    );
    assertEquals(allowed.code, 0);
    const json = await certload(
      folder,
      "compare",
      "{}/base.json",
      "{}/slow.json",
      "--format",
      "json",
    );
    assertEquals(JSON.parse(json.out).verdict, "regressed");
  });
});

Deno.test("certload compare tells every problem at once, and exits 104", async () => {
  const files = {
    "cut.json": renderJson(minute(8000, 1)).slice(0, 500),
    "k6.json": '{"root_group":{}}',
  };
  await withFolder(files, async (folder) => {
    const args = ["{}/cut.json", "{}/none.json", "--allow", "lots", "--format", "pdf"];
    const { code, out, err } = await certload(folder, "compare", ...args);
    assertEquals([code, out], [104, ""]);
    assertStringIncludes(err, 'cut.json" as it is cut off after 500');
    assertStringIncludes(err, 'none.json": there is no such file');
    assertStringIncludes(err, 'got "lots"');
    assertStringIncludes(err, 'got "pdf"');
    assertStringIncludes(
      (await certload(folder, "compare", "{}/k6.json", "{}/k6.json")).err,
      "of k6",
    );
  });
});

Deno.test("a report that cannot be written names the flag that named its place", async () => {
  await withFolder({ "summary.json": concluded(passedRun()) }, async (folder) => {
    const args = ["--format", "json", "--out", "{}/summary.json/report.json"];
    const { code, err } = await certload(folder, "report", "{}/summary.json", ...args);
    assertEquals(code, 104);
    assertStringIncludes(err, "name another place with --out");
  });
});

Deno.test("certload report writes every format, to a file or stdout", async () => {
  await withFolder({ "summary.json": concluded(failedRun()) }, async (folder) => {
    const starts: Record<string, RegExp> = {
      html: /^<!doctype html>/,
      junit: /^<\?xml/,
      markdown: /^## ❌ FAILED/,
      prometheus: /^# HELP certload_run_info/,
      text: /^FAILED {2}certctl load test/,
      json: /^\{\n {2}"schema_version": 2/,
    };
    for (const [format, start] of Object.entries(starts)) {
      const printed = await certload(folder, "report", "{}/summary.json", "--format", format);
      assertEquals([printed.code, printed.err], [0, ""]);
      assertMatch(printed.out, start);
      const file = `{}/new/folder/${format}`;
      await certload(folder, "report", "{}/summary.json", "--format", format, "--out", file);
      assertEquals(await Deno.readTextFile(file.replace("{}", folder)), printed.out);
    }
    const hgrm = await certload(
      folder,
      "report",
      "{}/summary.json",
      "--format",
      "hgrm",
      "--out",
      "{}/h",
    );
    assertEquals(hgrm.code, 0);
    const files = Array.from(Deno.readDirSync(`${folder}/h`), ({ name }) => name).sort();
    assertEquals(files, ["issuance_acceptance.hgrm", "list_certificates.hgrm"]);
  });
});

Deno.test("certload report names unknown formats and missing folders, and writes nothing", async () => {
  await withFolder({ "summary.json": concluded(passedRun()) }, async (folder) => {
    const printed = async (...args: string[]): Promise<string> => {
      const { code, out, err } = await certload(folder, "report", "{}/summary.json", ...args);
      assertEquals([code, out], [104, ""]);
      return err;
    };
    assertStringIncludes(await printed("--format", "htlm"), "did you mean html?");
    assertStringIncludes(await printed("--format", "hgrm"), "name a folder with --out");
    assertStringIncludes(await printed(), "missing --format");
    assertStringIncludes(
      await printed("--format", "html", "--out", "{}/summary.json/x.html"),
      "Cannot write the html report",
    );
  });
});

Deno.test("certload baseline save keeps only what is fit, unless it is forced, and says so", async () => {
  const files = { "good.json": concluded(passedRun()), "bad.json": concluded(interruptedRun()) };
  await withFolder(files, async (folder) => {
    const good = await certload(folder, "baseline", "save", "{}/good.json", "{}/base.json");
    assertEquals([good.code, good.err], [0, ""]);
    const shown = await certload(folder, "baseline", "show", "{}/base.json", "--markdown");
    assertMatch(shown.out, /^### Baseline of \d{4}-\d\d-\d\d: certctl load test/);
    assertStringIncludes(shown.out, "| `list_certificates` | 50/s |");
    const bad = await certload(folder, "baseline", "save", "{}/bad.json", "{}/other.json");
    assertEquals(bad.code, 104);
    assertStringIncludes(bad.err, "The run was interrupted");
    const forced = await certload(
      folder,
      "baseline",
      "save",
      "{}/bad.json",
      "{}/other.json",
      "--force",
    );
    assertEquals(forced.code, 0);
    const kept = readSummary(await Deno.readTextFile(`${folder}/other.json`), "other");
    assertEquals(kept.baseline?.forced_over, ["The run was interrupted"]);
  });
});

Deno.test("certload baseline says how it is used when it is used otherwise", async () => {
  const { code, err } = await certload("", "baseline", "drop", "x");
  assertEquals(code, 104);
  assertStringIncludes(err, "show FILE, or save SUMMARY FILE");
});

Deno.test("certload merge adds shards into a summary of their own", async () => {
  const shard = (index: number): Summary =>
    concluded(runOf([{ name: "create", ratePerS: 20, shard: { index, count: 2 } }]));
  await withFolder({ "a.json": shard(0), "b.json": shard(1) }, async (folder) => {
    const { code, out } = await certload(
      folder,
      "merge",
      "{}/a.json",
      "{}/b.json",
      "--out",
      "{}/sum",
    );
    assertEquals(code, 0, out);
    const merged = readSummary(await Deno.readTextFile(`${folder}/sum/summary.json`), "sum");
    assertEquals(merged.totals.iterations, 200);
    assertEquals(await Deno.readTextFile(`${folder}/sum/summary.txt`), out);
    const one = await certload(folder, "merge", "{}/a.json", "--out", "{}/none");
    assertEquals(one.code, 104);
    assert(!Array.from(Deno.readDirSync(folder), ({ name }) => name).includes("none"));
  });
});

Deno.test("certload schema summary prints the schema of what runs write", async () => {
  const { code, out } = await certload("", "schema", "summary");
  assertEquals(code, 0);
  assert("thresholds" in JSON.parse(out).properties);
  assertEquals((await certload("", "schema", "results")).code, 104);
});

Deno.test("certload schema prints a schema of each kind, for people to read too", async () => {
  for (const kind of [[], ["plan"], ["summary"], ["baseline"]]) {
    const { code, out, err } = await certload("", "schema", ...kind);
    assertEquals([code, err], [0, ""]);
    assertMatch(out, /^\{\n {2}"\$schema": /);
    JSON.parse(out);
  }
});
