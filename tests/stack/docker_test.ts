/**
 * The whole of `--stack compose` on a real Docker engine: the shipped compose file, images of Debian's own packages, the
 * lab in certctl's place. One engine serves all tests, because starting it and making images is most of the work.
 */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { join } from "node:path";
import { assertEnded, programCommand } from "../end_to_end/program.ts";
import { firstMissing } from "../programs.ts";
import { type DockerEngine, startDocker } from "./docker.ts";
import { denoFolder, IMAGE_PROGRAMS, makeImages, postgresFolder } from "./images.ts";

interface Finished {
  readonly code: number;
  readonly output: string;
  readonly folder: string;
}

interface RunOptions {
  readonly args: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** Called with every line of progress. */
  readonly onLine?: (line: string, child: Deno.ChildProcess) => void;
}

type Run = (options: RunOptions) => Promise<Finished>;

/** Why there can be no test; an engine is tried for real, since containers may not be allowed here. */
async function whySkipped(): Promise<string | undefined> {
  const missing = firstMissing([...IMAGE_PROGRAMS, "docker-compose"]);
  if (missing) return `${missing} is not installed`;
  if (await postgresFolder() === undefined) return "postgresql is not installed";
  const engine = await startDocker();
  if (typeof engine === "string") return engine;
  await engine[Symbol.asyncDispose]();
  return undefined;
}

const skipped = await whySkipped();

Deno.test({
  name: `the compose stack on a real Docker engine${skipped ? ` (skipped: ${skipped})` : ""}`,
  ignore: skipped !== undefined,
  fn: async (t) => {
    const engine = await startDocker();
    assert(typeof engine !== "string", String(engine));
    await using _ended = engine;
    const images = await makeImages(engine);
    const run: Run = (options) => runCertload(engine, images, options);
    await t.step("a run passes and leaves nothing behind", () => passes(engine, run));
    await t.step("its daemons serve what is deployed to them", () => deploys(engine, run));
    await t.step("SIGINT in a run leaves nothing behind", () => interrupted(engine, run));
    await t.step("a killed tool leaves nothing behind", () => killed(engine, run));
    await t.step("a service that never gets healthy ends the run", () => unhealthy(engine, run));
  },
});

async function passes(engine: DockerEngine, run: Run): Promise<void> {
  const args = ["run", "quickstart", "--stack", "compose", "--duration", "2s"];
  const { code, output, folder } = await run({ args });
  const summary = JSON.parse(await Deno.readTextFile(join(folder, "results", "summary.json")));
  assertEnded({ code, stdout: output, stderr: "", folder, summary }, 0);
  assertStringIncludes(JSON.stringify(summary), "nginx-target nginx:test");
  for (const scenario of Object.values(summary.phases.connector) as { count: number }[]) {
    assert(scenario.count > 0, output);
  }
  await assertNothingLeft(engine, folder);
}

/** By files and a command in the container, and by HAProxy's runtime API. */
async function deploys(engine: DockerEngine, run: Run): Promise<void> {
  const names = ["nginx_deploy", "apache_deploy", "haproxy_deploy"];
  const brief = names.flatMap((name) =>
    ["hold=200ms", "watch_after=200ms"].map((option) => `--set=scenarios.${name}.with.${option}`)
  );
  const only = `--only=${names.join()}`;
  const args = ["run", "lifecycle", "--stack", "compose", "--allow-commands", only, ...brief];
  const { code, output, folder } = await run({ args: [...args, "--duration", "4s"] });
  // On a host that others keep busy a run may be invalid; what was deployed is served all the same.
  assert(code === 0 || code === 95, output);
  const summary = JSON.parse(await Deno.readTextFile(join(folder, "results", "summary.json")));
  for (const name of names) {
    const { deployments } = summary.phases.lifecycle[name] as {
      deployments: { by: string; verdict: string }[];
    };
    assertEquals(deployments.map(({ by, verdict }) => `${by} ${verdict}`), [
      "certload served",
      "certload served",
    ], output);
  }
  assertEquals(summary.not_undone.count, 0);
  await assertNothingLeft(engine, folder);
}

async function interrupted(engine: DockerEngine, run: Run): Promise<void> {
  const { code, output, folder } = await run({
    args: ["run", "quickstart", "--stack", "compose", "--duration", "60s"],
    onLine: (line, child) => {
      if (line.includes("8 of 8 services ready")) setTimeout(() => kill(child, "SIGINT"), 2_000);
    },
  });
  assertEquals(code, 105, output);
  await assertNothingLeft(engine, folder);
}

async function killed(engine: DockerEngine, run: Run): Promise<void> {
  const { code, output, folder } = await run({
    args: ["run", "quickstart", "--stack", "compose"],
    onLine: (line, child) => {
      // In the middle of bringing it up: there are containers, and there are to be more.
      if (line.includes("of 4 services ready")) kill(child, "SIGKILL");
    },
  });
  assertEquals(code, 137, output);
  await until(async () => await isEmpty(join(folder, "tmp")), "the end of the teardown");
  await assertNothingLeft(engine, folder);
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended already, and its exit code tells why.
  }
}

const NEVER_HEALTHY = `
services:
  nginx-target:
    command: ["sh", "-c", "echo no certificate today; exec sleep 600"]
    healthcheck: { test: ["CMD", "false"], interval: 1s, retries: 2, start_period: 0s }
`;

async function unhealthy(engine: DockerEngine, run: Run): Promise<void> {
  const base = new URL("../../compose/docker-compose.yml", import.meta.url).pathname;
  const files = ["--compose-file", base, "--compose-file", "never.yml"];
  const { code, output, folder } = await run({
    args: ["run", "quickstart", "--stack", "compose", ...files],
    files: { "never.yml": NEVER_HEALTHY },
  });
  assertEquals(code, 94, output);
  assertStringIncludes(output, 'service "nginx-target" is not ready: unhealthy');
  assertStringIncludes(output, "no certificate today");
  await assertNothingLeft(engine, folder);
}

/** certload in an empty folder with an empty home, in the engine's network, which ends at loopback. */
async function runCertload(
  engine: DockerEngine,
  images: Readonly<Record<string, string>>,
  { args, files = {}, onLine }: RunOptions,
): Promise<Finished> {
  const folder = await Deno.makeTempDir({ prefix: "certload-test-" });
  for (const name of ["home", "tmp"]) await Deno.mkdir(join(folder, name));
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(folder, name), text);
  }
  const [program, ...rest] = engine.inNetwork([...programCommand(), ...args]);
  const child = new Deno.Command(program!, {
    args: rest,
    cwd: folder,
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH")!,
      NO_COLOR: "1",
      HOME: join(folder, "home"),
      TMPDIR: join(folder, "tmp"),
      DENO_DIR: await denoFolder(),
      HEALTH_INTERVAL: "1s",
      ...engine.environment,
      ...images,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [stdout, stderr, { code }] = await Promise.all([
    new Response(child.stdout).text(),
    lines(child.stderr, (line) => onLine?.(line, child)),
    child.status,
  ]);
  return { code, output: stderr + stdout, folder };
}

async function lines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<string> {
  let all = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    all += text;
    text.split("\n").forEach(onLine);
  }
  return all;
}

/** No container, volume, network, file or process of the run; then the run's folder may go. */
async function assertNothingLeft(engine: DockerEngine, folder: string): Promise<void> {
  assertEquals(await engine.docker("ps", "--all", "--quiet"), "");
  assertEquals(await engine.docker("volume", "ls", "--quiet"), "");
  const networks = await engine.docker("network", "ls", "--format", "{{.Name}}");
  assertEquals(networks.split("\n").sort(), ["host", "none"]);
  assert(await isEmpty(join(folder, "tmp")), "temporary files are left");
  await until(async () => (await processesOf(folder)).length === 0, "the end of every process");
  await Deno.remove(folder, { recursive: true });
}

async function isEmpty(folder: string): Promise<boolean> {
  for await (const _ of Deno.readDir(folder)) return false;
  return true;
}

/** Processes that were started in that folder's environment, found by it. */
async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await Deno.readTextFile(`/proc/${name}/environ`).catch(() => "");
    if (environment.includes(`TMPDIR=${folder}`)) found.push(name);
  }
  return found;
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!await condition()) {
    assert(performance.now() < deadline, `never saw: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
