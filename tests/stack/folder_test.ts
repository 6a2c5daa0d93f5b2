import { join } from "node:path";
import { makeRunFolder, sweepRunFolders } from "../../src/stack/folder.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";

const LATER_MS = 3_600_000;

/** TMPDIR is a folder of the test's own. */
async function withTemp(use: (folder: string) => Promise<void>): Promise<void> {
  const before = Deno.env.get("TMPDIR");
  const folder = await Deno.makeTempDir();
  Deno.env.set("TMPDIR", folder);
  try {
    await use(folder);
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

/** A process that makes a run's folder and is killed outright. */
async function makeAndDie(): Promise<string> {
  const module = new URL("../../src/stack/folder.ts", import.meta.url);
  const script = `import { makeRunFolder } from "${module}";
    console.log((await makeRunFolder("run-")).path);
    setInterval(() => {}, 1000);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  return value!.trim();
}

Deno.test("the folder of a run that was killed is swept by the next, those of living runs and of others are not", async () => {
  await withTemp(async (temp) => {
    const dead = await makeAndDie();
    const living = await makeRunFolder("run-");
    const other = join(temp, "run-of-somebody");
    await Deno.mkdir(other);
    assertEquals((await names(temp)).length, 3);
    await sweepRunFolders("run-", Date.now() + LATER_MS);
    assertEquals(
      await names(temp),
      [living.path, other].map((path) => path.slice(temp.length + 1)).sort(),
    );
    assert(!(await Deno.stat(dead).then(() => true, () => false)));
    assertEquals(await living.remove(), undefined);
    assertEquals(await names(temp), ["run-of-somebody"]);
  });
});

Deno.test("a folder that has just been made is not swept, as its owner may be about to lock it", async () => {
  await withTemp(async (temp) => {
    const made = join(temp, "run-new");
    await Deno.mkdir(made);
    await Deno.writeTextFile(join(made, "owner.lock"), "");
    await sweepRunFolders("run-");
    assertEquals(await names(temp), ["run-new"]);
    await sweepRunFolders("run-", Date.now() + LATER_MS);
    assertEquals(await names(temp), []);
  });
});

Deno.test("a folder is left alone for a minute after its making, and swept after that", async () => {
  await withTemp(async (temp) => {
    const made = join(temp, "run-new");
    await Deno.mkdir(made);
    await Deno.writeTextFile(join(made, "owner.lock"), "");
    const madeMs = (await Deno.stat(made)).mtime!.getTime();
    await sweepRunFolders("run-", madeMs + 59_999);
    assertEquals(await names(temp), ["run-new"]);
    await sweepRunFolders("run-", madeMs + 60_000);
    assertEquals(await names(temp), []);
  });
});

Deno.test("a file of that name, and a folder without a lock, are not swept", async () => {
  await withTemp(async (temp) => {
    await Deno.writeTextFile(join(temp, "run-file"), "");
    await Deno.mkdir(join(temp, "run-unlocked"));
    await sweepRunFolders("run-", Date.now() + LATER_MS);
    assertEquals(await names(temp), ["run-file", "run-unlocked"]);
  });
});

Deno.test("a folder that has vanished is no failure at the end", async () => {
  await withTemp(async () => {
    const folder = await makeRunFolder("run-");
    await Deno.remove(folder.path, { recursive: true });
    assertEquals(await folder.remove(), undefined);
  });
});

Deno.test("a TMPDIR that is missing is named, with what to do; sweeping it is no failure", async () => {
  await withTemp(async (temp) => {
    Deno.env.set("TMPDIR", join(temp, "missing"));
    await sweepRunFolders("run-");
    const error = await assertRejects(() => makeRunFolder("run-"), Error);
    assert(
      (error as Error).message.startsWith(
        `Cannot make a folder in ${join(temp, "missing")} (TMPDIR): `,
      ),
    );
    assert(
      (error as Error).message.endsWith("Set TMPDIR to a folder that exists and can be written to"),
    );
  });
});
