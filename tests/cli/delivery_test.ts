import { join } from "node:path";
import { useColor } from "../../src/cli/color.ts";
import { deliver, type DeliveryOptions } from "../../src/cli/delivery.ts";
import { type CommandLine, parseLine } from "../../src/cli/flags.ts";
import { OutputError } from "../../src/cli/io.ts";
import { readSummary } from "../../src/metrics/read_summary.ts";
import { SummaryLog } from "../../src/metrics/summary_log.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import { randomOf } from "../../src/random.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { concluded, failedRun, passedRun } from "../report/summaries.ts";
import { type Printed, recordingIo, withFolder } from "./in_process.ts";

function commandLine(...args: string[]): CommandLine {
  const flags = [
    { name: "out", value: "DIR", help: "" },
    { name: "quiet", short: "q", help: "" },
  ];
  const parsed = parseLine(args, { flags, positionals: [] });
  assert(parsed.ok);
  return parsed.line;
}

interface Delivery {
  readonly args?: readonly string[];
  readonly options?: (folder: string) => DeliveryOptions;
  /** Standard output takes nothing: it is full, or its reader has gone away. */
  readonly deaf?: "full" | "gone";
  readonly summary?: Summary;
}

async function delivered(
  folder: string,
  { args = [], options = () => ({ reports: [] }), deaf, summary }: Delivery = {},
): Promise<Printed> {
  const { io, printed } = recordingIo();
  const out = (text: string): boolean => {
    if (deaf === "full") throw new OutputError("Cannot write to standard output: it is full");
    return deaf === undefined && io.out(text);
  };
  const line = commandLine("--out", join(folder, "results"), ...args);
  const code = await deliver(summary ?? concluded(passedRun()), line, options(folder), {
    ...io,
    out,
  });
  return { code, ...printed };
}

const ALL_OPTIONS = (folder: string): DeliveryOptions => ({
  reports: [
    { format: "html", path: join(folder, "report.html") },
    { format: "hgrm", path: join(folder, "hgrm") },
  ],
  saveTo: join(folder, "baseline.json"),
  force: true,
});

function read(folder: string, name: string): string | undefined {
  try {
    return Deno.readTextFileSync(join(folder, name));
  } catch {
    return undefined;
  }
}

Deno.test("a passed run is in its files and on stdout, and nothing is said beside it", async () => {
  await withFolder({}, async (folder) => {
    const { code, out, err } = await delivered(folder, { options: ALL_OPTIONS });
    assertEquals([code, err], [0, ""]);
    assertEquals(read(folder, "results/summary.txt"), out);
    for (const name of ["results/summary.json", "report.html", "baseline.json"]) {
      assert(read(folder, name) !== undefined, name);
    }
  });
});

for (const barred of ["summary.json", "summary.txt"]) {
  Deno.test(`where ${barred} is a folder, everything else is written, and that is told`, async () => {
    await withFolder({}, async (folder) => {
      await Deno.mkdir(join(folder, "results", barred), { recursive: true });
      const { code, out, err } = await delivered(folder, { options: ALL_OPTIONS });
      assertEquals(code, 104);
      assertStringIncludes(
        err,
        `Cannot write the results to "${folder}/results/${barred}": it is a`,
      );
      const other = barred === "summary.json" ? "summary.txt" : "summary.json";
      for (const name of [`results/${other}`, "report.html", "baseline.json"]) {
        assert(read(folder, name) !== undefined, name);
      }
      assertMatch(out, /certctl/);
    });
  });
}

Deno.test("a report that cannot be written keeps neither the others nor the baseline from it", async () => {
  await withFolder({}, async (folder) => {
    await Deno.mkdir(join(folder, "report.html"));
    await Deno.writeTextFile(join(folder, "hgrm"), "a file");
    const options = (): DeliveryOptions => ({
      ...ALL_OPTIONS(folder),
      reports: [
        ...ALL_OPTIONS(folder).reports,
        { format: "junit", path: join(folder, "junit.xml") },
      ],
    });
    const { code, err } = await delivered(folder, { options });
    assertEquals(code, 104);
    assertStringIncludes(
      err,
      `Cannot write the html report to "${folder}/report.html": it is a fo`,
    );
    assertMatch(err, /Cannot write the hgrm report to ".*\.hgrm": .*a file.*with --report\n/);
    assert(read(folder, "junit.xml") !== undefined && read(folder, "baseline.json") !== undefined);
  });
});

Deno.test("where stdout takes nothing, the files are written, the cause is told, and a pass is none", async () => {
  await withFolder({}, async (folder) => {
    const { code, err } = await delivered(folder, { deaf: "full", options: ALL_OPTIONS });
    assertEquals(code, 104);
    assertMatch(err, /^Cannot write to standard output: it is full\ncertload: not written .*\n$/);
    assert(read(folder, "results/summary.txt") !== undefined);
    assert(read(folder, "baseline.json") !== undefined);
    const failed = await delivered(folder, { deaf: "full", summary: concluded(failedRun()) });
    assertEquals(failed.code, 99, "a verdict wins");
  });
});

for (const deaf of ["full", "gone"] as const) {
  Deno.test(`where stdout takes no text (${deaf}), stderr has the verdict in one line, as -q`, async () => {
    await withFolder({}, async (folder) => {
      const summary = concluded(failedRun());
      const { code, err } = await delivered(folder, { deaf, summary });
      assertEquals(code, 99);
      const { err: quiet } = await delivered(folder, { args: ["-q"], summary });
      assertStringIncludes(quiet, "certload: threshold (exit code 99): ");
      const line = quiet.split("\n").at(-2)!;
      assert(err.endsWith(`${line}\n`) && err.split(line).length === 2, err);
    });
    await withFolder({}, async (folder) => {
      const { code, err } = await delivered(folder, { deaf });
      const last = "certload: not written (exit code 104): ";
      assertEquals([code, err.includes(last)], deaf === "full" ? [104, true] : [0, false]);
    });
  });
}

const UNWRITABLE: readonly [string, Record<string, string>, string[]][] = [
  ["results", { results: "a file" }, []],
  ["a report", { "report.html": "" }, []],
  ["the baseline", { "baseline.json": "" }, []],
  ["results, with -q", { results: "a file" }, ["-q"]],
];
for (const [what, files, args] of UNWRITABLE) {
  Deno.test(`the text ends with the exit code that the process has where ${what} cannot be written`, async () => {
    await withFolder(files, async (folder) => {
      for (const [name, text] of Object.entries(files)) {
        if (text !== "") continue;
        await Deno.remove(join(folder, name));
        await Deno.mkdir(join(folder, name));
      }
      const { code, out } = await delivered(folder, { options: ALL_OPTIONS, args });
      assertEquals(code, 104);
      assertMatch(
        out,
        /\nexit 104: the run passed, and not all of its results could be written\n$/,
      );
      assert(out.startsWith("NOT WRITTEN "), out);
      const failed = await delivered(folder, {
        options: ALL_OPTIONS,
        args,
        summary: concluded(failedRun()),
      });
      assertEquals(failed.code, 99);
      assert(args.length > 0 || /\nexit 99: [^\n]+\n$/.test(failed.out), failed.out);
    });
  });
}

Deno.test("where neither files nor stdout take the text, stderr has it", async () => {
  await withFolder({ results: "a file" }, async (folder) => {
    const { err } = await delivered(folder, { deaf: "full" });
    assertMatch(err, /certctl[\s\S]*p95/);
    const quiet = await delivered(folder, { args: ["-q"] });
    assertMatch(quiet.out, /p95/, "quiet, and nowhere else to be found");
  });
});

Deno.test("a quiet run says nothing when it passed, and its verdict in one line when it did not", async () => {
  await withFolder({}, async (folder) => {
    const passed = await delivered(folder, { args: ["--quiet"] });
    assertEquals([passed.code, passed.out, passed.err], [0, "", ""]);
  });
  await withFolder({}, async (folder) => {
    const summary = concluded(failedRun());
    const failed = await delivered(folder, { args: ["-q"], summary });
    assertEquals([failed.code, failed.out], [99, ""]);
    assertEquals(failed.err, `certload: threshold (exit code 99): ${summary.exit.reason}\n`);
  });
});

Deno.test("former results are not replaced without a word", async () => {
  await withFolder({}, async (folder) => {
    await delivered(folder);
    const { code, err } = await delivered(folder);
    assertEquals(code, 0);
    assertMatch(err, /^Replaced .*\/results\/summary\.json of 20[-\dT:]+Z; with another --out DIR/);
  });
});

Deno.test("the step summary is added to what other steps have put there", async () => {
  await withFolder({ step: "before\n" }, async (folder) => {
    const { io, printed } = recordingIo();
    const line = commandLine("--out", join(folder, "results"));
    const env = { GITHUB_STEP_SUMMARY: join(folder, "step") };
    const code = await deliver(concluded(passedRun()), line, { reports: [] }, { ...io, env });
    assertEquals([code, printed.err], [0, ""]);
    assertMatch(read(folder, "step") ?? "", /^before\n[\s\S]*PASSED/);
    const nowhere = { GITHUB_STEP_SUMMARY: join(folder, "none", "step") };
    await deliver(concluded(passedRun()), commandLine("--out", join(folder, "r2")), {
      reports: [],
    }, { ...io, env: nowhere });
    assertMatch(
      printed.err,
      /^Cannot write the step summary to ".*": there is no such file or folder\n$/,
    );
  });
});

Deno.test("results are coloured on a terminal, unless nobody wants that", () => {
  const { io } = recordingIo();
  const flags = [{ name: "no-color", help: "" }];
  const line = (...args: string[]): CommandLine => {
    const parsed = parseLine(args, { flags, positionals: [] });
    assert(parsed.ok);
    return parsed.line;
  };
  const noColor = { ...io, env: { NO_COLOR: "1" } };
  assertEquals(useColor(line(), io, true), true);
  assertEquals(useColor(line(), io, false), false);
  assertEquals(useColor(line("--no-color"), io, true), false);
  assertEquals(useColor(line(), noColor, true), false);
  assertEquals(useColor(line(), { ...io, env: { NO_COLOR: "" } }, true), true);
});

Deno.test("machines that share a run may be given one folder: each has its own in it", async () => {
  await withFolder({}, async (folder) => {
    for (const index of [1, 3]) {
      const shard = { index, count: 8 };
      await delivered(folder, { options: () => ({ reports: [], shard }) });
      assert(read(folder, `results/shard-${index}-of-8/summary.json`) !== undefined);
    }
    assertEquals(read(folder, "results/summary.json"), undefined);
    const own = join(folder, "shard-3-of-8");
    const line = commandLine("--out", own);
    const shard = { index: 3, count: 8 };
    await deliver(concluded(passedRun()), line, { reports: [], shard }, recordingIo().io);
    assert(read(own, "summary.json") !== undefined);
    const alone = { index: 1, count: 1 };
    await delivered(folder, { options: () => ({ reports: [], shard: alone }) });
    assert(read(folder, "results/summary.json") !== undefined);
  });
});

Deno.test("a summary for the log is the last that is printed, in a quiet run too", async () => {
  await withFolder({}, async (folder) => {
    const options = (): DeliveryOptions => ({ reports: [], toLog: true });
    for (const args of [[], ["--quiet"]]) {
      const { code, out } = await delivered(folder, { args, options });
      assertEquals(code, 0);
      assertEquals(out.includes("PASSED"), args.length === 0);
      assertMatch(out.trimEnd().split("\n").at(-1)!, /^certload-shard 1-of-1 \w{8} end-of-/);
      const found = new SummaryLog().push(new TextEncoder().encode(out));
      assertEquals(readSummary(found[0]!.text, "log"), concluded(passedRun()));
    }
  });
});

Deno.test("a summary that is too large for a log is not delivered there, and that is the exit code", async () => {
  await withFolder({}, async (folder) => {
    const random = randomOf(1);
    const description = Array.from(
      { length: 9_500_000 },
      () => String.fromCharCode(33 + 90 * random()),
    )
      .join("");
    const passed = concluded(passedRun());
    const summary = { ...passed, plan: { ...passed.plan, description } };
    const options = (): DeliveryOptions => ({ reports: [], toLog: true });
    const { code, out, err } = await delivered(folder, { args: ["-q"], options, summary });
    assertEquals(code, 104);
    assert(!out.includes("certload-shard"));
    assertMatch(err, /Cannot print the summary for the log as it takes 1\d(\.\d)? MB there/);
    assert(read(folder, "results/summary.json") !== undefined);
  });
});
