import { embeddedStack } from "../../src/stack/embedded.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";

const quiet = { progress: (): void => {}, signal: new AbortController().signal };

/** Folders in a TMPDIR of the test's own, after `use`. */
async function leftAfter(use: (temp: string) => Promise<void>): Promise<string[]> {
  const before = Deno.env.get("TMPDIR");
  const temp = await Deno.makeTempDir();
  Deno.env.set("TMPDIR", temp);
  try {
    await use(temp);
    return (await Array.fromAsync(Deno.readDir(temp))).map(({ name }) => name);
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
    await Deno.remove(temp, { recursive: true });
  }
}

/** Whether a process has the text in its command line; undefined where the system does not tell. */
async function isRunning(text: string): Promise<boolean | undefined> {
  try {
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const line = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
      if (line.includes(text)) return true;
    }
    return false;
  } catch {
    return undefined;
  }
}

Deno.test("the embedded lab answers while the run goes on, and leaves no process and no folder", async () => {
  const left = await leftAfter(async (temp) => {
    const stack = embeddedStack();
    const started = await stack.start(quiet);
    assert(started.ok, JSON.stringify(started));
    assertStringIncludes(started.environment["CERTLOAD_CA_FILE"]!, temp);
    assert((await isRunning(temp)) !== false);
    assertEquals(await stack.stop(), undefined);
    assertEquals(await stack.stop(), undefined);
    assert((await isRunning(temp)) !== true, "the lab is still running");
  });
  assertEquals(left, []);
});

Deno.test("a lab that does not start says why, and leaves no process and no folder", async () => {
  const left = await leftAfter(async (temp) => {
    const started = await embeddedStack(["--port", "api=99999"]).start(quiet);
    assert(!started.ok);
    assertStringIncludes(started.message, "The embedded lab did not start: ");
    assertStringIncludes(started.message, "--port api=99999");
    assert((await isRunning(temp)) !== true, "the lab is still running");
  });
  assertEquals(left, []);
});

Deno.test("an interrupted start leaves no process and no folder", async () => {
  const left = await leftAfter(async (temp) => {
    const started = await embeddedStack().start({ ...quiet, signal: AbortSignal.abort() });
    assert(!started.ok);
    assert((await isRunning(temp)) !== true, "the lab is still running");
  });
  assertEquals(left, []);
});

Deno.test("a lab whose folder has vanished ends all the same", async () => {
  await leftAfter(async (temp) => {
    const stack = embeddedStack();
    assert((await stack.start(quiet)).ok);
    for await (const { name } of Deno.readDir(temp)) {
      await Deno.remove(`${temp}/${name}`, { recursive: true });
    }
    assertEquals(await stack.stop(), undefined);
  });
});

Deno.test("without a TMPDIR the embedded lab does not start, and the remedy is told", async () => {
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", "/no/such/folder");
  try {
    const started = await embeddedStack().start(quiet);
    assert(!started.ok);
    assertStringIncludes(started.message, "Cannot make a folder in /no/such/folder (TMPDIR)");
    assertStringIncludes(started.message, "Set TMPDIR to a folder that exists");
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
  }
});
