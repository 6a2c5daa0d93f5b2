/**
 * `deno run -A tools/examples.ts`: starts nginx, Apache httpd, HAProxy and Pebble on free ports of this machine, runs
 * docs/examples/plan.yaml against them twice, the second time with the first as its baseline, and keeps the reports.
 */
import { startApache } from "../tests/servers/apache.ts";
import type { Daemon } from "../tests/servers/daemon.ts";
import { startHaproxy } from "../tests/servers/haproxy.ts";
import { startNginx } from "../tests/servers/nginx.ts";
import { findPebble, startPebble } from "../tests/acme/pebble.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const FOLDER = `${ROOT}docs/examples`;

if (import.meta.main) await main();

async function main(): Promise<void> {
  const binary = findPebble();
  if (binary === undefined) throw new Error("pebble is not on the PATH, in GOBIN or in ~/go/bin");
  const daemons = [await startNginx(), await startApache(), await startHaproxy()];
  // Pebble checks no challenge here: what is measured is the protocol, not name resolution.
  const pebble = await startPebble(binary, {
    env: { PEBBLE_VA_ALWAYS_VALID: "1", PEBBLE_VA_NOSLEEP: "1" },
  });
  const work = await Deno.makeTempDir({ prefix: "certload-examples-" });
  try {
    const env = environment(daemons, pebble.directory);
    await certload(["run", "docs/examples/plan.yaml", "--out", work], env, work);
    await Deno.copyFile(`${work}/baseline.json`, `${work}/base.json`);
    await certload([...reports(), "--baseline", `${work}/base.json`], env, work);
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

/** Pebble tells no version, so the baseline is one that had to be forced, and says so. */
async function certload(
  args: readonly string[],
  env: Record<string, string>,
  work: string,
): Promise<void> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "main.ts", ...args, "--save-baseline", `${work}/baseline.json`, "--force"],
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
