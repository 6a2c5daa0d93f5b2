import { join } from "node:path";
import type { Clock } from "../../src/clock.ts";
import { takeAsTheyCome } from "../../src/cli/merge_wait.ts";
import type { Taken } from "../../src/cli/merge_sources.ts";
import { framed } from "../../src/metrics/summary_log.ts";
import { readSummary } from "../../src/metrics/read_summary.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import { renderJson } from "../../src/report/json.ts";
import { isoOfUs } from "../../src/start_at.ts";
import { leaveNotice, noticedEndUs } from "../../src/cli/shard_notice.ts";
import { Merge, mergeSummaries } from "../../src/verdict/merge.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { runOf } from "../metrics/runs.ts";
import { concluded } from "../report/summaries.ts";
import { madeShards, START_AT } from "../verdict/made_shards.ts";
import { certload, certloadIn, withFolder } from "./in_process.ts";

const shards = madeShards(8);
const whole = concluded(runOf([{ name: "x" }]));

/** As engines leave them: a folder for each machine. */
async function bring(folder: string, those: readonly Summary[]): Promise<void> {
  for (const shard of those) {
    const { index } = shard.shards!.parts[0]!;
    const place = join(folder, `shard-${index}-of-8`);
    await Deno.mkdir(place, { recursive: true });
    await Deno.writeTextFile(join(place, "summary.json"), renderJson(shard));
  }
}

async function mergedIn(folder: string): Promise<Summary> {
  return readSummary(await Deno.readTextFile(join(folder, "out/summary.json")), "merged");
}

const logOf = (those: readonly Summary[]): string =>
  those.map((shard) => {
    const { index } = shard.shards!.parts[0]!;
    return framed(JSON.stringify(shard), { index, count: 8 });
  }).join("progress\n");

Deno.test("certload merge DIR merges the summaries of its folders, and says which shard is missing", async () => {
  await withFolder({}, async (folder) => {
    await bring(join(folder, "shards"), shards.filter((_, i) => i !== 2));
    const { code, out } = await certload(folder, "merge", "{}/shards", "--out", "{}/out");
    assertEquals(code, 95, out);
    assertStringIncludes(out, "Shard 3 of 8 is missing: 12.5 % of the load was not offered");
    const merged = await mergedIn(folder);
    assertEquals(merged.totals.iterations, 350);
    await bring(join(folder, "shards"), shards);
    const all = await certload(folder, "merge", "{}/shards", "--out", "{}/out");
    assertEquals(all.code, 0, all.out + all.err);
  });
});

Deno.test("certload merge --logs finds the shards in logs, and one that is cut in half is told and missing", async () => {
  const text = logOf(shards);
  await withFolder({ "a.log": text }, async (folder) => {
    const args = ["merge", "--logs", "{}/a.log", "--out", "{}/out", "-q"];
    const { code, err } = await certload(folder, ...args);
    assertEquals([code, err], [0, ""]);
    assertEquals((await mergedIn(folder)).totals.iterations, 400);

    await Deno.writeTextFile(join(folder, "a.log"), text.slice(0, text.length - 3_000));
    const cut = await certload(folder, ...args);
    assertEquals(cut.code, 95);
    assertStringIncludes(cut.err, "! The summary of shard 8 of 8 in the log is not whole, ");
    assertStringIncludes(cut.err, "Shard 8 of 8 is missing");
  });
});

Deno.test("certload merge --logs - reads standard input, with kubectl's prefixes and line ends of any kind", async () => {
  await withFolder({}, async (folder) => {
    const main = new URL("../../main.ts", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", main, "merge", "--logs", "-", "--out", `${folder}/out`],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    const log = logOf(shards).replaceAll(/^/gm, "[pod/load-3-x/certload] ").replaceAll(
      "\n",
      "\r\n",
    );
    await writer.write(new TextEncoder().encode(log));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    assertEquals(code, 0, decoder.decode(stderr));
    assertStringIncludes(decoder.decode(stdout), "PASSED");
    assertEquals((await mergedIn(folder)).shards?.parts.length, 8);
  });
});

Deno.test("certload merge refuses what it cannot count on: twice the same, nothing, half of what was named", async () => {
  await withFolder(
    { "1.json": shards[0]!, "2.json": shards[1]!, "a.json": whole, "b.json": whole },
    async (folder) => {
      const problem = async (...args: string[]): Promise<string> => {
        const { code, err } = await certload(folder, "merge", ...args, "--out", "{}/out");
        assertEquals(code, 104, err);
        return err;
      };
      assertStringIncludes(
        await problem("{}/1.json", "{}/2.json", "{}/1.json"),
        "as shard 1 of 8 is there already, from ",
      );
      assertStringIncludes(await problem("{}/a.json", "{}/b.json"), "it is the same run as");
      assertStringIncludes(await problem("{}/a.json", "{}/1.json"), "shard 1 of 8");
      assertStringIncludes(await problem("{}/a.json"), "fewer than two");
      assertStringIncludes(await problem(), "missing SUMMARY, DIR or --logs FILE");
      assertStringIncludes(await problem("{}/1.json", "{}/none.json"), "Cannot read");
      assertStringIncludes(await problem("{}"), "No summary in");
      assertStringIncludes(await problem("--logs", "{}/1.json"), "No summary in");
      assertStringIncludes(await problem("--logs", "{}/none.log"), "Cannot read");
      await Deno.writeTextFile(join(folder, "1.log"), framed("{}", { index: 1, count: 8 }));
      assertStringIncludes(await problem("{}/1.log"), "is a log with a summary packed in it");
      assertStringIncludes(await problem("{}", "--wait", "soon"), "--wait needs a time");
      assertStringIncludes(await problem("{}", "{}", "--wait", "1s"), "watches one folder");
      await Deno.writeTextFile(join(folder, "2.json"), renderJson(shards[1]!).slice(0, -2_000));
      assertStringIncludes(await problem("{}/1.json", "{}/2.json"), "is cut off");
    },
  );
});

Deno.test("a folder that is a shard's own is that shard, beside others of the kind", async () => {
  await withFolder({}, async (folder) => {
    await bring(join(folder, "shards"), shards.slice(0, 3));
    await bring(join(folder, "more"), shards.slice(3));
    const own = [1, 2, 3].map((index) => `{}/shards/shard-${index}-of-8`);
    const { code, err, out } = await certload(
      folder,
      "merge",
      ...own,
      "{}/more",
      "--out",
      "{}/out",
    );
    assertEquals([code, err], [0, ""], out);
    assertEquals((await mergedIn(folder)).shards?.parts.length, 8);
  });
});

Deno.test("a former result in the folder is left out and told, whatever it is called, and one of another run is not", async () => {
  await withFolder({}, async (folder) => {
    await bring(folder, shards);
    const first = await certload(folder, "merge", "{}", "--out", "{}/a", "-q");
    assertEquals([first.code, first.err], [0, ""]);
    const text = await Deno.readTextFile(join(folder, "a/summary.json"));
    const again = await certload(folder, "merge", "{}", "--out", "{}/a", "-q");
    assertEquals(again.code, 0, again.err);
    assertStringIncludes(again.err, 'a/summary.json", which this merge writes anew');
    const other = await certload(folder, "merge", "{}", "--out", "{}/z", "-q");
    assertEquals(other.code, 0, other.err);
    assertStringIncludes(other.err, 'a/summary.json": it was merged of these');
    for (const name of ["a", "z"]) {
      assertEquals(await Deno.readTextFile(join(folder, name, "summary.json")), text);
    }
    // Of fewer than are here it is no result that could be told from another.
    await Deno.remove(join(folder, "z"), { recursive: true });
    await Deno.remove(join(folder, "shard-8-of-8"), { recursive: true });
    const { code, err } = await certload(folder, "merge", "{}", "--out", "{}/x", "-q");
    assertEquals(code, 104);
    assertStringIncludes(err, "as shard 1 of 8 is there already");
  });
});

Deno.test("runs that knew of no others, and what was merged of them, are not counted twice", async () => {
  const [a, b, c] = [1, 2, 3].map((seed) => concluded(runOf([{ name: "x", seed }])));
  await withFolder({ "a.json": a!, "b.json": b!, "c.json": c! }, async (folder) => {
    const merged = async (out: string, ...paths: string[]): Promise<[number, string]> => {
      const { code, err } = await certload(folder, "merge", ...paths, "--out", `{}/${out}`, "-q");
      return [code, err];
    };
    assertEquals(await merged("ab", "{}/a.json", "{}/b.json"), [0, ""]);
    assertEquals(await merged("bc", "{}/b.json", "{}/c.json"), [0, ""]);
    const [ab, bc] = ["{}/ab/summary.json", "{}/bc/summary.json"];
    for (const paths of [[ab, "{}/a.json"], ["{}/b.json", ab], [ab, bc], [ab, ab]]) {
      const [code, err] = await merged("no", ...paths);
      assertEquals(code, 104);
      assertStringIncludes(err, "is in it, too: its load would count twice");
    }
    assertEquals(await merged("abc", ab, "{}/c.json"), [0, ""]);
    const abc = readSummary(await Deno.readTextFile(join(folder, "abc/summary.json")), "abc");
    assertEquals([abc.merged?.length, abc.totals.iterations], [3, 3 * whole.totals.iterations]);
    assertStringIncludes((await merged("no", "{}/abc", "{}/c.json"))[1], "is in it, too");
    // Its folder is looked through for what was merged of these.
    assertEquals((await merged("again", "{}/a.json", "{}/b.json", "{}/ab"))[0], 0);
  });
});

Deno.test("a merged run is kept as a baseline, and compared with one", async () => {
  await withFolder({}, async (folder) => {
    await bring(join(folder, "shards"), shards);
    const base = `${folder}/base.json`;
    const args = ["merge", "{}/shards", "--out", "{}/out"];
    const saved = await certload(folder, ...args, "--save-baseline", base);
    assertEquals(saved.code, 0, saved.err);
    const compared = await certload(folder, ...args, "--baseline", base, "--force");
    assertEquals(compared.code, 0, compared.err + compared.out);
    assertEquals((await mergedIn(folder)).comparison?.base.started_at, whole.started_at);
    const report = await certload(folder, "report", "{}/out/summary.json", "--format", "markdown");
    assertEquals(report.code, 0, report.err);
  });
});

/** Whose sleeps are what happens meanwhile. */
class ScriptedClock implements Clock {
  readonly #script: (() => Promise<void>)[];
  #nowUs: number;

  constructor(script: (() => Promise<void>)[], startUs: number) {
    this.#script = script;
    this.#nowUs = startUs;
  }

  nowUs(): number {
    return this.#nowUs;
  }

  async sleepUntil(instantUs: number): Promise<void> {
    this.#nowUs = Math.max(this.#nowUs, instantUs);
    await this.#script.shift()?.();
  }
}

/** When the shards' load was over. */
const OVER_US = Date.parse(START_AT) * 1000 + 10e6;

async function watched(
  script: (folder: string) => (() => Promise<void>)[],
  startUs = OVER_US,
): Promise<{ merge: Merge; told: string[]; taken: Taken[]; atS: number }> {
  const [told, taken, merge]: [string[], Taken[], Merge] = [[], [], new Merge()];
  let atS = 0;
  await withFolder({}, async (folder) => {
    const clock = new ScriptedClock(script(folder), startUs);
    await takeAsTheyCome({
      folder,
      merge,
      out: join(folder, "out"),
      patienceMs: 90_000,
      clock,
      signal: new AbortController().signal,
      onTaken: (one) => taken.push(one),
      tell: (text) => told.push(text),
    });
    atS = (clock.nowUs() - startUs) / 1e6;
  });
  return { merge, told, taken, atS };
}

Deno.test("merge --wait ends as soon as all shards are there, and tells who is awaited", async () => {
  const { merge, told, atS } = await watched((folder) => [
    () => bring(folder, shards.slice(0, 5)),
    () => Promise.resolve(),
    () => bring(folder, shards.slice(5, 7)),
    () => bring(folder, shards.slice(7)),
  ]);
  assertEquals([merge.added, atS], [8, 2]);
  assertEquals(told.slice(1), [
    "5 of 8 shards are here; awaited: shards 6, 7 and 8 of 8",
    "7 of 8 shards are here; awaited: shard 8 of 8",
    "8 of 8 shards are here",
  ]);
});

Deno.test("merge --wait gives up a killed shard when nothing has come for so long", async () => {
  const { merge, atS } = await watched((folder) => [
    () => bring(folder, shards.slice(0, 5)),
    ...Array.from({ length: 100 }, () => () => Promise.resolve()),
    () => bring(folder, shards.slice(6)),
  ]);
  // The last came 51 s after the beginning.
  assertEquals([merge.missing(), atS], [[6], 51 + 90]);
});

Deno.test("merge --wait waits for shards that are still to run, by what they left and by what the first tells", async () => {
  const idle = Array.from({ length: 3_000 }, () => () => Promise.resolve());
  // Ten minutes before the load is over there is nothing, and a minute later shards are on their way.
  const early = OVER_US - 600e6;
  const noticed = await watched((folder) => [
    ...idle.slice(0, 120),
    async () => void await leaveNotice(join(folder, "shard-3-of-8"), OVER_US),
    ...idle,
  ], early);
  assertEquals([noticed.merge.added, noticed.atS], [0, 600 + 90]);
  assertEquals(noticed.told.slice(1), [
    `Shards run until ${isoOfUs(OVER_US)}, as planned: they are waited for`,
  ]);
  // One that was ended before its time knows of the others'.
  const told = await watched((folder) => [() => bring(folder, shards.slice(0, 1)), ...idle], early);
  assertEquals([told.merge.added, told.atS], [1, 600 + 90]);
  const nothing = await watched(() => idle, early);
  assertEquals(nothing.atS, 90);
  const damaged = await watched((folder) => [
    async () => {
      await bring(folder, []);
      for (const [name, text] of [["a", "{"], ["b", '{"ends_at":7}'], ["c", "x".repeat(2_000)]]) {
        await Deno.mkdir(join(folder, name!));
        await Deno.writeTextFile(join(folder, name!, "expected.json"), text!);
      }
      await leaveNotice(join(folder, "d"), OVER_US + 1e15);
    },
    ...idle,
  ], early);
  assertEquals(damaged.atS, 90);
});

Deno.test("what a shard leaves while it runs is gone afterwards, and nothing fails of a folder that cannot be written to", async () => {
  await withFolder({ file: "" }, async (folder) => {
    const takeAway = await leaveNotice(join(folder, "shard-1-of-2"), OVER_US);
    assertEquals(await noticedEndUs(folder, OVER_US), OVER_US);
    await takeAway();
    assertEquals(await noticedEndUs(folder, OVER_US), undefined);
    await (await leaveNotice(join(folder, "file", "shard-1-of-2"), OVER_US))();
  });
});

Deno.test("merge --wait leaves out what was merged before, and what it is to replace itself", async () => {
  const { merge, taken } = await watched((folder) => [
    async () => {
      for (const name of ["out", "former"]) {
        await Deno.mkdir(join(folder, name));
        const path = join(folder, name, "summary.json");
        await Deno.writeTextFile(path, renderJson(mergeSummaries(shards)));
      }
    },
    () => bring(folder, shards),
  ]);
  assertEquals([merge.added, taken.filter(({ kind }) => kind === "added").length], [8, 8]);
  const problems = taken.flatMap((one) => "problem" in one ? [one.problem] : []).sort();
  assertStringIncludes(problems[0]!, "was merged of several: --wait is for machines' own");
  assertStringIncludes(problems[1]!, "which this merge writes anew");
});

Deno.test("merge --wait does not take a file that is half there for a bad one, unless it stays so", async () => {
  const half = async (folder: string): Promise<void> => {
    await bring(folder, shards.slice(0, 1));
    const path = join(folder, "shard-1-of-8/summary.json");
    await Deno.writeTextFile(path, renderJson(shards[0]!).slice(0, 5_000));
  };
  const healed = await watched((folder) => [
    () => half(folder),
    () => Promise.resolve(),
    () => bring(folder, shards),
  ]);
  assertEquals([healed.merge.added, healed.taken.map(({ kind }) => kind)], [
    8,
    new Array(8).fill("added"),
  ]);
  const stays = await watched((folder) => [
    () => half(folder),
    () => bring(folder, shards.slice(1)),
  ]);
  assertEquals(stays.merge.missing(), [1]);
  const [problem] = stays.taken.filter(({ kind }) => kind === "unreadable");
  assert(problem !== undefined && "problem" in problem);
  assertStringIncludes(problem.problem, "is cut off after");
});

Deno.test("merge --wait is ended by what is no part of the run, and by a signal", async () => {
  const { taken, atS } = await watched((folder) => [
    () => bring(folder, shards.slice(0, 1)),
    async () => {
      const other = { ...shards[1]!, plan: { ...whole.plan, sha256: "cd".repeat(32) } };
      await bring(folder, [other]);
    },
  ]);
  assertEquals([atS, taken.map(({ kind }) => kind)], [1, ["added", "refused"]]);
  await withFolder({}, async (folder) => {
    await bring(join(folder, "shards"), shards.slice(0, 7));
    const soft = AbortSignal.abort();
    const { code, err } = await certloadIn(
      { interrupt: { soft, hard: new AbortController().signal } },
      folder,
      "merge",
      "{}/shards",
      "--wait",
      "1h",
      "--out",
      "{}/out",
      "-q",
    );
    assertEquals(code, 95);
    assertStringIncludes(err, "7 of 8 shards are here; awaited: shard 8 of 8");
  });
});
