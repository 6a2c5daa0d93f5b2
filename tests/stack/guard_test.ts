import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { join } from "node:path";
import { testWith } from "../programs.ts";
import { Guard, guardCommand } from "../../src/stack/guard.ts";

/** A folder whose neighbour `down` is created by the teardown. */
async function scratch(): Promise<{ folder: string; mark: string; down: string[] }> {
  const root = await Deno.makeTempDir();
  const folder = join(root, "run");
  await Deno.mkdir(folder);
  const mark = join(root, "down");
  return { folder, mark, down: ["sh", "-c", `echo down >>'${mark}'`] };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Polls a condition that another process makes true. */
async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!await condition()) {
    assert(performance.now() < deadline, `never saw: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const test = testWith("sh", "touch", "sleep");

test("a guard takes the stack down once and removes the run's folder", async () => {
  const { folder, mark, down } = await scratch();
  const guard = new Guard({ down, folder });
  assertEquals(await guard.tearDown(), undefined);
  assertEquals(await guard.tearDown(), undefined);
  assertEquals(await Deno.readTextFile(mark), "down\n");
  assertEquals(await exists(folder), false);
});

test("a guard that is told to keep the stack leaves everything", async () => {
  const { folder, mark, down } = await scratch();
  const guard = new Guard({ down, folder });
  await guard.keep();
  assertEquals(await guard.tearDown(), undefined);
  assertEquals(await exists(mark), false);
  assertEquals(await exists(folder), true);
});

test(
  "a teardown that fails is tried three times and reported with its log",
  async () => {
    const { folder, mark } = await scratch();
    const down = ["sh", "-c", `echo tried >>'${mark}'; echo daemon is gone, token=hunter2; exit 1`];
    const left = await new Guard({ down, folder }).tearDown();
    assertStringIncludes(left ?? "", "failed three times");
    assertStringIncludes(left ?? "", "down.log");
    assertEquals(await Deno.readTextFile(mark), "tried\ntried\ntried\n");
    assertEquals(await Deno.readTextFile(join(folder, "down.log")), "daemon is gone, token=***\n");
  },
);

test("what is still creating things is ended before the teardown", async () => {
  const { folder, mark } = await scratch();
  const slow =
    `trap 'echo ended >>"${mark}"; exit 0' TERM; touch '${mark}'; while :; do sleep 0.1; done`;
  const creating = new Deno.Command("sh", {
    args: ["-c", slow],
    stderr: "null",
    detached: true,
  }).spawn();
  await until(() => exists(mark), "the creating process");
  const guard = new Guard({ down: ["sh", "-c", `echo down >>'${mark}'`], folder });
  guard.watch(creating.pid);
  assertEquals(await guard.tearDown(), undefined);
  assertEquals(await Deno.readTextFile(mark), "ended\ndown\n");
  await creating.status;
});

/** A program that starts a guard and then waits; its process id is on its standard output. */
function victim(down: string[], folder: string): Deno.ChildProcess {
  const module = new URL("../../src/stack/guard.ts", import.meta.url);
  const code = `
    import { Guard } from ${JSON.stringify(module.href)};
    new Guard(${JSON.stringify({ down, folder })});
    await Deno.writeTextFile(${JSON.stringify(join(folder, "started"))}, "");
    setInterval(() => {}, 1000);
  `;
  const args = ["eval", "--quiet", "--no-check", "--ext=ts", code];
  return new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "null" }).spawn();
}

for (const signal of ["SIGKILL", "SIGINT", "SIGTERM"] as const) {
  test(`a tool ended by ${signal} leaves nothing behind`, async () => {
    const { folder, mark, down } = await scratch();
    const tool = victim(down, folder);
    await until(() => exists(join(folder, "started")), "the tool's start");
    tool.kill(signal);
    await tool.status;
    await until(async () => await exists(mark) && !await exists(folder), "the teardown");
  });
}

Deno.test("on Windows the guard is a PowerShell script with quoted arguments", () => {
  const [program, ...args] = guardCommand({
    down: ["docker", "compose", "-f", "C:\\it's\\a.yml", "down"],
    folder: "C:\\run",
    platform: "windows",
  });
  assertEquals(program, "powershell");
  assertStringIncludes(args.at(-1)!, "& 'docker' 'compose' '-f' 'C:\\it''s\\a.yml' 'down' *>");
});

test("a teardown that takes too long is left to itself, which is told, and it ends what it began", async () => {
  const { folder, mark } = await scratch();
  const down = ["sh", "-c", `sleep 1; echo down >>'${mark}'`];
  const left = await new Guard({ down, folder, timeoutMs: 200 }).tearDown();
  assertStringIncludes(left ?? "", "has not ended after 0.2 s; it goes on by itself");
  await until(() => exists(mark), "the teardown's end");
});
