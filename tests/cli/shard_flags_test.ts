import { lateText, shardOptions, waitingLine } from "../../src/cli/shard_flags.ts";
import { parseLine } from "../../src/cli/flags.ts";
import { BASELINE_FLAGS } from "../../src/cli/baseline_flags.ts";
import { SHARD_FLAGS } from "../../src/cli/shard_flags.ts";
import { STACK_FLAGS } from "../../src/cli/stacked_plan.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";
import { certload, certloadIn, withFolder } from "./in_process.ts";

type Options = ReturnType<typeof shardOptions>;

function optionsOf(args: readonly string[], env: Record<string, string> = {}): Options {
  const flags = [...SHARD_FLAGS, ...BASELINE_FLAGS, ...STACK_FLAGS];
  const parsed = parseLine(args, { flags, positionals: [] });
  assert(parsed.ok, JSON.stringify(parsed));
  return shardOptions(parsed.line, env);
}

const SOON = new Date(Date.now() + 3_600_000).toISOString();

Deno.test("a shard and its instant are read from the flags", () => {
  assertEquals(optionsOf(["--shard", "3/8", "--start-at", SOON]), {
    options: {
      shard: { index: 3, count: 8 },
      by: "--shard",
      startAtUs: Date.parse(SOON) * 1000,
    },
    problems: [],
  });
  assertEquals(optionsOf([]), { options: {}, problems: [] });
});

Deno.test("CERTLOAD_SHARDS is enough for an engine that tells its index", () => {
  const env = { CERTLOAD_SHARDS: "8", JOB_COMPLETION_INDEX: "2" };
  const { options, problems } = optionsOf(["--start-at", SOON], env);
  assertEquals([options.shard, options.by, problems], [
    { index: 3, count: 8 },
    "JOB_COMPLETION_INDEX and CERTLOAD_SHARDS",
    [],
  ]);
});

Deno.test("machines that share a run need one instant: without, that is the problem, with an example", () => {
  const { problems } = optionsOf(["--shard", "3/8"]);
  assertEquals(problems.length, 1);
  assertMatch(
    problems[0]!,
    /^shard 3 of 8 has to begin with the others, and no machine tells another one: give all the same --start-at, an instant by which each is ready, for example \d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/,
  );
  assertEquals(optionsOf(["--shard", "1/1"]).problems, []);
});

Deno.test("what asks for a verdict or for servers of one's own does not go with a part", () => {
  const { problems } = optionsOf([
    ...["--shard", "3/8", "--start-at", SOON, "--baseline", "b.json", "--save-baseline", "c.json"],
    ...["--stack", "embedded"],
  ]);
  assertEquals(problems.map((problem) => problem.split(":")[0]), [
    "--baseline is of a whole run, and this is shard 3 of 8",
    "--save-baseline is of a whole run, and this is shard 3 of 8",
    'the stack "embedded" starts servers of this machine\'s own, and machines that share a run load the same',
  ]);
});

Deno.test("all that is wrong with a shard is told at once", () => {
  const { problems } = optionsOf(["--shard", "9/8", "--start-at", "soon"]);
  assertEquals(problems.map((problem) => problem.slice(0, 30)), [
    "--shard is 9 of 8: the last is",
    "--start-at must be an instant ",
  ]);
});

Deno.test("who waits says for what, and who is late by how much and what to do", () => {
  const shard = { index: 3, count: 8 };
  const startAtUs = Date.UTC(2026, 10, 28, 4, 30) * 1000;
  assertEquals(
    waitingLine({ shard, startAtUs }, 43_210),
    "Ready: shard 3 of 8 starts at 2026-11-28T04:30:00.000000Z, in 43.2 s\n",
  );
  assertMatch(
    lateText({ shard, startAtUs }, 3_200_000),
    /^Shard 3 of 8 was ready 3.2 s late, after 2026-11-28T04:30:00.000000Z: no load was sent\nGive all machines a later --start-at: /,
  );
});

const plan = (url: string): string => `
name: shared
target: { base_url: "${url}" }
workers: 1
scenarios: { one: { flow: http_request, with: { path: "/" }, rate: 10/s, duration: 1s } }
`;

/** Who counts what it is asked. */
async function withCounter(
  use: (url: string, count: () => number) => Promise<void>,
): Promise<void> {
  let requests = 0;
  const answer = (): Response => {
    requests++;
    return new Response("ok");
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  await use(`http://127.0.0.1:${server.addr.port}`, () => requests);
  await server.shutdown();
}

Deno.test("a late shard asks the server nothing at all, writes nothing, and exits with 94", () =>
  withCounter((url, count) =>
    withFolder({ "plan.yaml": plan(url) }, async (folder) => {
      const at = new Date(Date.now() - 3_200).toISOString();
      const args = ["--shard", "3/8", "--start-at", at, "--out", "{}/out"];
      const { code, out, err } = await certload(folder, "run", "{}/plan.yaml", ...args);
      assertEquals([code, out, count()], [94, "", 0]);
      assertMatch(err, /^Shard 3 of 8 was ready \d[\d.]* s late, /);
      const written = await Deno.stat(`${folder}/out/summary.json`).catch(() => undefined);
      assertEquals(written, undefined);
    })
  ));

Deno.test("a plain run in a Slurm job is the whole run", () =>
  withCounter((url, count) =>
    withFolder({ "plan.yaml": plan(url) }, async (folder) => {
      const env = { SLURM_PROCID: "1", SLURM_NTASKS: "8" };
      const args = ["--set", "warmup=off", "--no-probe", "--out", "{}/out"];
      const { err } = await certloadIn({ env }, folder, "run", "{}/plan.yaml", ...args);
      const summary = JSON.parse(await Deno.readTextFile(`${folder}/out/summary.json`));
      assertEquals([summary.shards, summary.totals.offered], [null, 10], err);
      // And what the server is asked for its version.
      assert(count() >= 10, `${count()}`);
    })
  ));

Deno.test("a shard that is interrupted delivers what it has by then, and exits with 105", () =>
  withCounter((url) =>
    withFolder({ "plan.yaml": plan(url).replace("1s", "60s") }, async (folder) => {
      const soft = new AbortController();
      const interrupt = { soft: soft.signal, hard: new AbortController().signal };
      const args = ["--shard", "1/1", "--no-probe", "--out", "{}/out"];
      let lines = "";
      const err = (text: string): void => {
        lines += text;
        // Ten seconds into the load.
        if (/ of 1:00 /.test(text)) soft.abort();
      };
      const { code } = await certloadIn({ interrupt, err }, folder, "run", "{}/plan.yaml", ...args);
      const summary = JSON.parse(await Deno.readTextFile(`${folder}/out/summary.json`));
      assertEquals([code, summary.exit.code, summary.interrupted], [105, 105, true], lines);
      assertMatch(summary.exit.reason, /^Shard 1 of 1 was ended before its time; certload merge/);
      assert(summary.totals.offered > 0 && summary.totals.offered < 600);
    })
  ));
