/** Real engines on this host: each runs a plan on four machines, and the server's own log says what they did. */
import { join } from "node:path";
import { assert, assertEquals } from "../assert.ts";
import { certloadIn } from "../cli/in_process.ts";
import { findProgram, testWith } from "../programs.ts";
import { run, type Said, until } from "./process.ts";
import {
  assertWhole,
  type CountingServer,
  countingServer,
  PLAN,
  startSpreadMs,
  summariesBelow,
  TOKEN,
  writeExecutable,
} from "./shared_plan.ts";
import { startSlurm } from "./slurm.ts";
import { startSshd } from "./sshd.ts";

const MACHINES = 4;
/** Until four programs have started on a host with two busy cores. */
const START_IN = "10s";
/** The machines are one host: what separates their starts is how late a timer fires. A busy host gets a second try. */
const MOST_SPREAD_MS = 50;

const SECRET = { CERTCTL_TOKEN: TOKEN };

interface Place {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Prints what the engine is to run, in an empty folder with a plan and an executable. */
async function printed(
  { folder, env }: Place,
  engine: readonly string[],
): Promise<string> {
  const executable = await writeExecutable(join(folder, "certload"));
  const plan = join(folder, "plan.yaml");
  await Deno.writeTextFile(plan, PLAN);
  const args = ["shards", ...engine, plan, "--executable", executable, "--start-in", START_IN];
  const { code, out, err } = await certloadIn({ env }, "", ...args);
  assertEquals(code, 0, err);
  assert(!out.includes(TOKEN), out);
  const script = join(folder, "script");
  await Deno.writeTextFile(script, out);
  return script;
}

/** What an engine does with four machines: once more where the host was too busy to fire timers in time. */
async function assertShared(
  work: (place: Place, server: CountingServer) => Promise<Said | undefined>,
): Promise<void> {
  for (const attempt of [1, 2]) {
    const folder = await Deno.makeTempDir({ prefix: "certload-engine-" });
    try {
      await using server = countingServer();
      const env = { ...SECRET, CERTCTL_BASE: server.url };
      const said = await work({ folder, env }, server);
      const summaries = await summariesBelow(folder);
      const merged = summaries.find((path) => !path.includes("/shards/"));
      assert(merged !== undefined, `nothing was merged\n${said?.stdout}${said?.stderr}`);
      const parts = summaries.filter((path) => path !== merged);
      await assertWhole(MACHINES, server, merged, parts);
      const spreadMs = startSpreadMs(MACHINES, server);
      if (spreadMs < MOST_SPREAD_MS) return;
      assert(attempt === 1, `the machines began ${spreadMs} ms apart`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
}

/** Whatever a busy host makes of the figures, all came home and were judged. */
function assertJudged(code: number, said: string): void {
  assert([0, 95, 99].includes(code), `exit ${code}\n${said}`);
}

/** Only root may start daemons that start processes as others. */
function testAsRootWith(...programs: string[]): (name: string, fn: () => Promise<void>) => void {
  const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;
  if (isRoot) return testWith(...programs);
  return (name, fn) => Deno.test({ name: `${name} (skipped: it wants root)`, ignore: true, fn });
}

testAsRootWith("slurmctld", "slurmd", "munged", "sbatch", "srun")(
  "Slurm runs a plan on four nodes as one run",
  async () => {
    await assertShared(async (place) => {
      const script = await printed(place, ["slurm", "--count", String(MACHINES)]);
      const slurm = await Deno.makeTempDir({ prefix: "certload-slurm-" });
      try {
        await using cluster = await startSlurm(MACHINES, slurm);
        const code = await cluster.submit(script, { cwd: place.folder, env: SECRET });
        assertJudged(code, await logsOf(place.folder));
      } finally {
        await Deno.remove(slurm, { recursive: true });
      }
      return undefined;
    });
  },
);

async function logsOf(folder: string): Promise<string> {
  const logs = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".log"));
  return (await Promise.all(logs.map(({ name }) => Deno.readTextFile(join(folder, name))))).join(
    "\n",
  );
}

const HOSTS = ["load-1", "load-2", "load-3", "load-4"];

testAsRootWith("sshd", "ssh", "ssh-keygen", "parallel", "tar")(
  "GNU parallel runs a plan on four hosts over sshd as one run",
  async () => {
    await assertShared(async (place) => {
      const script = await printed(place, ["ssh", HOSTS.join(",")]);
      const ssh = await Deno.makeTempDir({ prefix: "certload-sshd-" });
      try {
        await using hosts = await startSshd(HOSTS, ssh);
        const PATH = `${hosts.bin}:${Deno.env.get("PATH")}`;
        const said = await run([findProgram("sh")!, script], {
          cwd: place.folder,
          env: { ...SECRET, PATH, HOME: place.folder },
        });
        assertJudged(said.code, said.stdout + said.stderr);
        return said;
      } finally {
        await Deno.remove(ssh, { recursive: true });
      }
    });
  },
);

testAsRootWith("sshd", "ssh", "ssh-keygen", "parallel", "tar", "ps", "setsid")(
  "interrupted here, the load ends on the hosts, and nothing is left on them",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "certload-engine-" });
    const tmp = await Deno.makeTempDir({ prefix: "certload-hosts-" });
    const ssh = await Deno.makeTempDir({ prefix: "certload-sshd-" });
    try {
      await using server = countingServer();
      const env = { ...SECRET, CERTCTL_BASE: server.url };
      const script = await printed({ folder, env }, ["ssh", "load-1,load-2", "--duration", "60s"]);
      await using hosts = await startSshd(["load-1", "load-2"], ssh, { TMPDIR: tmp });
      const PATH = `${hosts.bin}:${Deno.env.get("PATH")}`;
      const command = new Deno.Command("setsid", {
        args: ["sh", script],
        cwd: folder,
        env: { ...SECRET, PATH, HOME: folder },
        stdin: "null",
        stdout: "null",
        stderr: "null",
      });
      const child = command.spawn();
      await until("the load", () => server.log.length > 0, 30_000);
      // As a terminal does it: to all that was started.
      Deno.kill(-child.pid, "SIGINT");
      await child.status;
      await until("the hosts' folders to be gone", () => [...Deno.readDirSync(tmp)].length === 0);
      const sent = server.log.length;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assertEquals(server.log.length, sent);
    } finally {
      for (const each of [folder, tmp, ssh]) await Deno.remove(each, { recursive: true });
    }
  },
);
