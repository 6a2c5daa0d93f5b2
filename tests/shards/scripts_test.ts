/** The printed scripts in a real shell, with programs in Slurm's and ssh's places that write down what they were told. */
import fc from "fast-check";
import { join } from "node:path";
import { sbatchScript } from "../../src/shards/slurm.ts";
import { sshCommand, sshProblems } from "../../src/shards/ssh.ts";
import type { SharedRun } from "../../src/shards/shared_run.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { testWith } from "../programs.ts";
import { hostile, RUN } from "./shared_runs.ts";

const START = { at: new Date("2026-11-28T05:00:00Z"), waitMs: 60_000 };
const SLURM = {
  name: "certload-api-tier",
  executable: "/shared/certload",
  cpus: 2,
  memoryMib: 1024,
  start: START,
};

/** A folder with programs of these names, first on the PATH of what is run in it. */
async function withPrograms(
  programs: Readonly<Record<string, string>>,
  use: (folder: string, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "certload-scripts-" });
  try {
    await Deno.mkdir(join(folder, "bin"));
    for (const [name, text] of Object.entries(programs)) {
      await Deno.writeTextFile(join(folder, "bin", name), text, { mode: 0o755 });
    }
    const PATH = `${join(folder, "bin")}:${Deno.env.get("PATH")}`;
    await use(folder, { PATH, TMPDIR: folder, HOME: folder });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function shell(
  script: string,
  cwd: string,
  env: Record<string, string>,
): Promise<{ code: number; out: string; err: string }> {
  const file = join(cwd, "script");
  await Deno.writeTextFile(file, script);
  const { code, stdout, stderr } = await new Deno.Command("sh", { args: [file], cwd, env })
    .output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, err: err! };
}

async function lines(path: string): Promise<string[]> {
  return (await Deno.readTextFile(path)).split("\0").slice(0, -1);
}

/** Writes what it was called with, NUL between words, into the folder that holds `bin`. */
const RECORDER = (name: string): string =>
  `#!/bin/sh\nprintf '%s\\0' "$@" >>"$(dirname "$0")/../${name}"\n`;

Deno.test("the batch script asks for tasks, nodes, cores, memory and time, in lines that Slurm reads", () => {
  const script = sbatchScript(RUN, SLURM);
  const asked = script.split("\n").filter((line) => line.startsWith("#SBATCH "));
  assertEquals(asked.map((line) => line.slice("#SBATCH ".length)), [
    "--job-name=certload-api-tier",
    "--ntasks=4",
    "--nodes=1-4",
    "--spread-job",
    "--cpus-per-task=2",
    "--mem-per-cpu=512M",
    "--time=7",
    "--no-requeue",
    "--output=certload-api-tier-%j.log",
  ]);
  assertMatch(script, /^#!\/bin\/sh\n/);
});

Deno.test("without an instant of its own, the script makes one when it starts", () => {
  const script = sbatchScript(RUN, { ...SLURM, start: { waitMs: 30_000 } });
  assertStringIncludes(script, "\nstart_at=$(($(date +%s) + 31))\n");
});

testWith("sh", "date")("an instant is so far ahead as was said", async () => {
  const script = sbatchScript(RUN, { ...SLURM, start: { waitMs: 90_000 } });
  const line = script.split("\n").find((each) => each.startsWith("start_at="))!;
  await withPrograms({}, async (folder, env) => {
    const before = Date.now();
    const { out } = await shell(`${line}\nprintf %s "$start_at"`, folder, {
      ...env,
      TZ: "Asia/Tokyo",
    });
    const instant = Number(out) * 1000;
    assert(instant >= before + 90_000 && instant <= Date.now() + 92_000, out);
  });
});

testWith("sh")("a secret that is not set stops the script before anything is started", async () => {
  for (
    const script of [
      sbatchScript(RUN, SLURM),
      sshCommand(RUN, { hosts: ["a"], executable: "/c", start: START }),
    ]
  ) {
    await withPrograms(
      { srun: RECORDER("called"), parallel: RECORDER("called") },
      async (folder, env) => {
        const { code, err } = await shell(script, folder, env);
        assert(code !== 0);
        assertStringIncludes(err, "CERTCTL_TOKEN: is a secret that the plan needs");
        assertEquals(await Deno.stat(join(folder, "called")).catch(() => "none"), "none");
      },
    );
  }
});

/** As moreutils' does. */
const OTHER_PARALLEL = `#!/bin/sh
echo "parallel [OPTIONS] command -- arguments" >&2
exit 1
`;

testWith("sh")("another program that is called parallel, or none, starts nothing", async () => {
  const script = sshCommand(RUN, { hosts: ["a"], executable: "/c", start: START });
  const cases: Record<string, string>[] = [{ parallel: OTHER_PARALLEL }, {}];
  for (const programs of cases) {
    await withPrograms(programs, async (folder, env) => {
      // So that a real one is not found.
      const alone = `PATH="$PWD/bin"\n${script}`;
      const { code, err } = await shell(alone, folder, { ...env, CERTCTL_TOKEN: "t" });
      assertEquals(code, 104);
      assertStringIncludes(err, "This wants GNU parallel");
      const left = Array.from(Deno.readDirSync(folder), ({ name }) => name);
      assertEquals(left.filter((name) => name.startsWith("certload")), []);
    });
  }
});

testWith("sh")(
  "whatever is in titles, paths, flags and values, Slurm's tasks get it as it is",
  async () => {
    const cases = fc.sample(fc.tuple(hostile, hostile, hostile, hostile), 30);
    for (const [title, file, flag, value] of cases) {
      const run: SharedRun = {
        ...RUN,
        title,
        plan: { ...RUN.plan, file: `/plans/${file}.yaml` },
        flags: [`--set=${flag}`],
        variables: [{ name: "CERTCTL_BASE", isSecret: false, value, isNeeded: false }],
      };
      await withPrograms({ srun: SRUN, certload: RECORDER("$1") }, async (folder, env) => {
        const executable = join(folder, "bin", "certload");
        const script = sbatchScript(run, { ...SLURM, executable });
        const { code, err } = await shell(script, folder, { ...env, SLURM_JOB_ID: "7" });
        assertEquals([code, err], [0, ""]);
        const results = join(await Deno.realPath(folder), "certload-api-tier-7");
        assertEquals(await lines(join(folder, "run")), [
          "run",
          `/plans/${file}.yaml`,
          `--set=${flag}`,
          "--shard=auto",
          "--start-at=2026-11-28T05:00:00.000Z",
          `--out=${results}/shards/shard-3-of-4`,
          "--quiet",
        ]);
        assertEquals(await lines(join(folder, "base")), [value]);
        assertEquals(await lines(join(folder, "merge")), [
          "merge",
          `${results}/shards`,
          `--out=${results}`,
        ]);
      });
    }
  },
);

/** In place of srun: one task, the third. */
const SRUN = `#!/bin/sh
printf '%s\\0' "$CERTCTL_BASE" >"$(dirname "$0")/../base"
while [ "$1" != sh ]; do shift; done
SLURM_PROCID=2 SLURM_NTASKS=4 exec "$@"
`;

/** In place of ssh: the other host's login shell, here. */
const SSH = `#!/bin/sh
while [ "\${1#-}" != "$1" ]; do shift 2; done
printf '%s\\n' "$1" >>"$(dirname "$0")/../destinations"
shift
exec sh -c "$*"
`;

/** In place of certload: its results are what it was told and what it found around it. */
const CERTLOAD = `#!/bin/sh
if [ "$1" = merge ]; then printf '%s\\0' "$@" >merge.args; exit 99; fi
for argument; do case $argument in --out=*) out=\${argument#--out=};; --shard=*) shard=\${argument#--shard=};; esac; done
folder=$out; mkdir -p "$folder"
printf '%s\\0' "$@" >"$folder/args"
printf '%s\\0' "$CERTCTL_TOKEN" "$CERTCTL_BASE" >"$folder/variables"
ls >"$folder/files"
echo '{}' >"$folder/summary.json"
[ "$shard" != 2/3 ] || exit 94
`;

testWith("sh", "parallel", "tar")(
  "each host gets executable, plan, variables and secrets, and its results come back, whatever names there are",
  async () => {
    const names = [
      "plan.yaml",
      "{= system('touch planted') =}.yaml",
      "a'b $(touch planted) {} {1}.yaml",
    ]
      .concat([
        "line\nfeed;`touch planted`.yaml",
        "-rf.yaml",
        ...fc.sample(hostile, 2).map((text) => `${text.replaceAll("/", "_")}.yaml`),
      ]);
    for (const name of names) {
      await withPrograms({ ssh: SSH, "certload it's": CERTLOAD }, async (folder, env) => {
        await Deno.mkdir(join(folder, "plans {2}"));
        const file = join(folder, "plans {2}", name);
        await Deno.writeTextFile(file, "name: x\n");
        const value = "https://it's {1}; touch planted";
        const run: SharedRun = {
          ...RUN,
          plan: { ...RUN.plan, file },
          variables: [{ ...RUN.variables[0]!, value }, RUN.variables[1]!],
        };
        const hosts = ["a", "ops@b", "ops@c:2222"];
        const executable = join(folder, "bin", "certload it's");
        const script = sshCommand(run, { hosts, executable, start: START });
        const secret = "t'k $x {} s3cret";
        const { code, err } = await shell(script, folder, { ...env, CERTCTL_TOKEN: secret });
        assertEquals(code, 99, err);
        const destinations = (await Deno.readTextFile(join(folder, "destinations"))).trim().split(
          "\n",
        );
        assertEquals(destinations.sort(), ["a", "ops@b", "ssh://ops@c:2222"]);
        const merged = await lines(join(folder, "merge.args"));
        assertEquals(merged[1]?.endsWith("/shards"), true, merged.join(" "));
        for (const at of [0, 1, 2]) {
          const here = join(folder, merged[1]!, `shard-${at + 1}-of-3`);
          const args = await lines(join(here, "args"));
          assertEquals(args.slice(0, 3), ["run", `./${name}`, "--duration=30s"]);
          assert(args.includes(`--shard=${at + 1}/3`), args.join(" "));
          assert(args.includes("--start-at=2026-11-28T05:00:00.000Z"), args.join(" "));
          assertEquals(await lines(join(here, "variables")), [secret, value]);
        }
        const left = [...Deno.readDirSync(folder)].map((entry) => entry.name);
        assertEquals(left.filter((each) => each.startsWith("tmp.") || each === "planted"), []);
        assert(!script.includes(secret));
      });
    }
  },
);

testWith("sh", "parallel", "tar")(
  "a plan's variables have the names of the script's own, and reach the load alone",
  async () => {
    await withPrograms({ ssh: SSH, certload: CERTLOAD }, async (folder, env) => {
      const file = join(folder, "plan.yaml");
      await Deno.writeTextFile(file, "name: x\n");
      const precious = join(folder, "precious");
      await Deno.mkdir(precious);
      const names = ["folder", "shard", "start_at", "above", "parent", "code", "IFS", "PATH"];
      const variables = names.map((name) => (
        { name, isSecret: false, value: name === "PATH" ? env.PATH! : precious, isNeeded: false }
      ));
      const run: SharedRun = {
        ...RUN,
        plan: { ...RUN.plan, file },
        variables: [...variables, RUN.variables[0]!, RUN.variables[1]!],
      };
      const executable = join(folder, "bin", "certload");
      const script = sshCommand(run, { hosts: ["a", "b"], executable, start: START });
      const { code, err } = await shell(script, folder, { ...env, CERTCTL_TOKEN: "t0ken" });
      assertEquals(code, 99, err);
      const merged = await lines(join(folder, "merge.args"));
      const args = await lines(join(folder, merged[1]!, "shard-2-of-2", "args"));
      assert(args.includes("--shard=2/2"), args.join(" "));
      assert(args.includes("--start-at=2026-11-28T05:00:00.000Z"), args.join(" "));
      assert((await Deno.stat(precious)).isDirectory);
      const left = [...Deno.readDirSync(folder)].map((entry) => entry.name);
      assertEquals(left.filter((each) => each.startsWith("tmp.")), []);
    });
  },
);

Deno.test("two files of one name cannot both go to a host", () => {
  const ca = { path: "/etc/certload", text: "" };
  assertEquals(sshProblems(RUN, { executable: "/opt/certload" }), []);
  assertStringIncludes(
    sshProblems({ ...RUN, ca }, { executable: "/opt/certload" })[0]!,
    "/etc/certload",
  );
});
