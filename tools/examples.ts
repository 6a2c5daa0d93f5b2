/**
 * `deno run -A tools/examples.ts [reports] [capacity] [fleet]`: makes what docs/examples shows anew, all of it or what is
 * named.
 *
 * - `reports`: starts nginx, Apache httpd, HAProxy and Pebble on free ports of this machine, runs docs/examples/plan.yaml
 *   against them twice, the second time with the first as its baseline, and keeps the reports.
 * - `capacity`: searches what the embedded lab holds with docs/examples/capacity/plan.yaml.
 * - `fleet`: asks whether the embedded lab holds 50,000 certificates.
 *
 * The last two take some minutes each, and say of a host that others keep busy that it is: let it be idle.
 */
import type { CapacityLimit } from "../src/lab/capacity.ts";
import { startApache } from "../tests/servers/apache.ts";
import type { Daemon } from "../tests/servers/daemon.ts";
import { startHaproxy } from "../tests/servers/haproxy.ts";
import { startNginx } from "../tests/servers/nginx.ts";
import { findPebble, startPebble } from "../tests/acme/pebble.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const FOLDER = `${ROOT}docs/examples`;

const EXAMPLES: Readonly<Record<string, () => Promise<void>>> = {
  reports: makeReports,
  capacity: makeCapacity,
  fleet: makeFleet,
};

if (import.meta.main) {
  const names = Deno.args.length > 0 ? Deno.args : Object.keys(EXAMPLES);
  const unknown = names.filter((name) => !Object.hasOwn(EXAMPLES, name));
  if (unknown.length > 0) {
    throw new Error(`no such example: ${unknown}; there are ${Object.keys(EXAMPLES)}`);
  }
  for (const name of names) await EXAMPLES[name]!();
}

/** Twenty servers of 100 ms, by exponential service: M/M/20. */
async function makeCapacity(): Promise<void> {
  const station = { servers: 20, serviceMs: 100 };
  const plan = "docs/examples/capacity/plan.yaml";
  await ofLab(["capacity", plan, "--out", `${FOLDER}/capacity`], { prefix: "/api", station });
}

/** A limiter of what creates certificates. */
async function makeFleet(): Promise<void> {
  const fleet = ["--certificates", "50000", "--lifetime", "47d", "--at-most", "5m"];
  const limit = { method: "POST", rate: { perS: 40 } };
  await ofLab(["fleet", "loadtest", ...fleet, "--out", `${FOLDER}/fleet`], limit);
}

async function ofLab(args: readonly string[], limit: CapacityLimit): Promise<void> {
  const lab = JSON.stringify({ capacity: { limits: [limit] } });
  await certload([...args, "--stack", "embedded", "--quiet"], { CERTLOAD_LAB: lab });
}

async function makeReports(): Promise<void> {
  const binary = findPebble();
  if (binary === undefined) throw new Error("pebble is not on the PATH, in GOBIN or in ~/go/bin");
  const daemons = [await startNginx(), await startApache(), await startHaproxy()];
  // Pebble checks no challenge here: what is measured is the protocol, not name resolution.
  const pebble = await startPebble(binary, {
    env: { PEBBLE_VA_ALWAYS_VALID: "1", PEBBLE_VA_NOSLEEP: "1" },
  });
  const work = await Deno.makeTempDir({ prefix: "certload-examples-" });
  // Pebble tells no version, so the baseline is one that had to be forced, and says so.
  const save = ["--save-baseline", `${work}/baseline.json`, "--force"];
  try {
    const env = environment(daemons, pebble.directory);
    await certload(["run", "docs/examples/plan.yaml", "--out", work, ...save], env);
    await Deno.copyFile(`${work}/baseline.json`, `${work}/base.json`);
    await certload([...reports(), "--baseline", `${work}/base.json`, ...save], env);
    await keepBaseline(work);
  } finally {
    await Promise.all([...daemons.map((daemon) => daemon.stop()), pebble.stop()]);
    await Deno.remove(work, { recursive: true });
  }
}

function environment(daemons: readonly Daemon[], directory: string): Record<string, string> {
  const [nginx, apache, haproxy] = daemons.map(({ port }) => `https://127.0.0.1:${port}/`);
  return {
    NGINX_TARGET_URL: nginx!,
    APACHE_TARGET_URL: apache!,
    HAPROXY_TARGET_URL: haproxy!,
    PEBBLE_URL: directory.replace(/\/dir$/, ""),
  };
}

function reports(): string[] {
  const files = `html=${FOLDER}/report.html,markdown=${FOLDER}/report.md,junit=${FOLDER}/junit.xml`;
  const further = `prometheus=${FOLDER}/run.prom,hgrm=${FOLDER}/hgrm`;
  return ["run", "docs/examples/plan.yaml", "--out", FOLDER, "--report", `${files},${further}`];
}

async function certload(args: readonly string[], env: Record<string, string>): Promise<void> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "main.ts", ...args],
    cwd: ROOT,
    env,
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`certload exited with ${code}`);
}

async function keepBaseline(work: string): Promise<void> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "main.ts", "baseline", "show", `${work}/base.json`, "--markdown"],
    cwd: ROOT,
  }).output();
  await Deno.writeFile(`${FOLDER}/baseline.md`, stdout);
}
