import { join } from "node:path";
import { bundleOf } from "../../src/deploy/bundle.ts";
import { FileInstaller } from "../../src/deploy/files.ts";
import { deployOptions } from "../../src/deploy/scenario_options.ts";
import type { FilesOptions } from "../../src/deploy/options.ts";
import { isFailure } from "../../src/http/failure.ts";
import { assert, assertEquals } from "../assert.ts";
import { findProgram, testWith } from "../programs.ts";
import { testCertificate } from "../servers/certificate.ts";

const NEVER = new AbortController().signal;

/** As a plan would have them. */
function options(files: Record<string, unknown>): FilesOptions {
  const install = { files };
  const targets = [{ url: "https://127.0.0.1:1", install }];
  return deployOptions.parse({ target_type: "nginx", targets }).targets[0]!.install!.files!;
}

async function bundle(): Promise<Exclude<ReturnType<typeof bundleOf>, string>> {
  const [leaf, issuer] = [await testCertificate("leaf"), await testCertificate("issuer")];
  const made = bundleOf(leaf.certPem + "\n" + issuer.certPem, leaf.keyPem);
  assert(typeof made !== "string");
  return made;
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "certload-test-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("each file gets its part, keys for their owner alone, and nothing else is left in the folder", async () => {
  await inFolder(async (folder) => {
    const names = ["cert", "chain", "fullchain", "key", "pem"];
    const paths = Object.fromEntries(names.map((name) => [name, join(folder, name)]));
    const made = await bundle();
    assertEquals(await new FileInstaller(options(paths), "t").install(made, NEVER), undefined);
    const read = (name: string): string => Deno.readTextFileSync(join(folder, name));
    assertEquals(read("cert"), made.leafPem);
    assertEquals(read("fullchain"), read("cert") + read("chain"));
    assertEquals(read("pem"), read("fullchain") + read("key"));
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), names.sort());
    if (Deno.build.os === "windows") return;
    const modes = names.map((name) => Deno.statSync(join(folder, name)).mode! & 0o777);
    assertEquals(modes, names.map((name) => name === "key" || name === "pem" ? 0o600 : 0o644));
  });
});

Deno.test({
  name: "a file has its mode whatever the umask of this process takes away",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const paths = { cert: join(folder, "cert"), key: join(folder, "key") };
      const before = Deno.umask(0o077);
      try {
        await new FileInstaller(options(paths), "t").install(await bundle(), NEVER);
      } finally {
        Deno.umask(before);
      }
      const modes = Object.values(paths).map((path) => Deno.statSync(path).mode! & 0o777);
      assertEquals(modes, [0o644, 0o600]);
    }),
});

Deno.test("former files come back as they were, and what was not there goes", async () => {
  await inFolder(async (folder) => {
    const [key, fullchain] = [join(folder, "key"), join(folder, "fullchain")];
    await Deno.writeTextFile(key, "the former key", { mode: 0o640 });
    const installer = new FileInstaller(options({ key, fullchain }), "t");
    const former = await installer.former();
    assert(former !== undefined && !isFailure(former));
    await installer.install(await bundle(), NEVER);
    await installer.install(await bundle(), NEVER);
    assertEquals(await former.restore(NEVER), undefined);
    assertEquals(await Deno.readTextFile(key), "the former key");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["key"]);
    if (Deno.build.os !== "windows") assertEquals(Deno.statSync(key).mode! & 0o777, 0o640);
  });
});

Deno.test("where nothing was deployed nothing is reloaded, and a reload that failed is tried again", async () => {
  await inFolder(async (folder) => {
    const pem = join(folder, "pem");
    await Deno.writeTextFile(pem, "the former one");
    const reload = [Deno.execPath(), "eval", "Deno.exit(3)"];
    const installer = new FileInstaller(options({ pem, reload }), "t");
    const former = await installer.former();
    assert(former !== undefined && !isFailure(former));
    assertEquals(await former.restore(NEVER), undefined);
    assert(isFailure(await installer.install(await bundle(), NEVER)));
    for (const _ of [1, 2]) {
      assert((await former.restore(NEVER))?.message.includes("ended with 3"));
      assertEquals(await Deno.readTextFile(pem), "the former one");
    }
  });
});

Deno.test("a folder that is not there is told before anything is sent, or when it is written to", async () => {
  await inFolder(async (folder) => {
    const pem = join(folder, "missing", "both.pem");
    const failure = await new FileInstaller(options({ pem }), "web-1").install(
      await bundle(),
      NEVER,
    );
    assertEquals(failure?.class, "client");
    assert(failure!.message.includes("web-1") && failure!.message.includes(pem));
  });
});

Deno.test({
  name: "a link stays one: what it leads to is replaced, and has its former content afterwards",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const [archive, live] = [join(folder, "archive"), join(folder, "live")];
      await Deno.mkdir(archive);
      await Deno.mkdir(live);
      const [real, link] = [join(archive, "pem1"), join(live, "pem")];
      await Deno.writeTextFile(real, "the former one");
      await Deno.symlink("../archive/pem1", link);
      const installer = new FileInstaller(options({ pem: link }), "t");
      const former = await installer.former();
      assert(former !== undefined && !isFailure(former));
      assertEquals(await installer.install(await bundle(), NEVER), undefined);
      assert(Deno.lstatSync(link).isSymlink);
      assert(Deno.readTextFileSync(real).includes("PRIVATE KEY"));
      assertEquals(await former.restore(NEVER), undefined);
      assertEquals(Deno.readTextFileSync(real), "the former one");
      assert(Deno.lstatSync(link).isSymlink);
      await Deno.remove(real);
      const dangling = await installer.former();
      assert(isFailure(dangling) && dangling.message.includes("is a link to what is not there"));
    }),
});

Deno.test({
  name: "a device, a pipe or a folder in a file's place is refused before anything is sent",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const pipe = join(folder, "pipe");
      const mkfifo = findProgram("mkfifo");
      if (mkfifo !== undefined) await new Deno.Command(mkfifo, { args: [pipe] }).output();
      const paths = ["/dev/zero", folder, ...(mkfifo === undefined ? [] : [pipe])];
      for (const path of paths) {
        const former = await new FileInstaller(options({ pem: path }), "t").former();
        assert(isFailure(former) && former.message.includes(`${path} is no file`), path);
      }
    }),
});

const withShell = testWith("sh", "sleep", "true");

withShell("a reload that fails is a failure with its last words, shown on one line", async () => {
  await inFolder(async (folder) => {
    const reload = ["sh", "-c", "echo first; printf 'no\\033[31m such daemon\\n' >&2; exit 3"];
    const installer = new FileInstaller(options({ pem: join(folder, "p"), reload }), "web-1");
    const failure = await installer.install(await bundle(), NEVER);
    assert(failure!.message.includes("ended with 3"), failure!.message);
    assert(failure!.message.includes("such daemon"), failure!.message);
    assert(!failure!.message.includes("\n") && !failure!.message.includes("\x1b"));
  });
});

withShell("a reload that does not end is ended at its deadline", async () => {
  await inFolder(async (folder) => {
    const given = { pem: join(folder, "p"), reload: "sleep 60", reload_timeout: "100ms" };
    const failure = await new FileInstaller(options(given), "web-1").install(await bundle(), NEVER);
    assert(failure!.message.includes("reload_timeout"), failure!.message);
  });
});

withShell("a command has no shell, and nothing of the environment that is a secret", async () => {
  await inFolder(async (folder) => {
    Deno.env.set("CERTLOAD_TEST_TOKEN", "s3cr3t");
    Deno.env.set("CERTLOAD_TEST_PLAIN", "plain");
    try {
      const out = join(folder, "out");
      const script = 'echo "$CERTLOAD_TEST_TOKEN|$CERTLOAD_TEST_PLAIN|$1" > ' + out;
      const reload = ["sh", "-c", script, "sh", "$(touch never) ; *"];
      const installer = new FileInstaller(options({ pem: join(folder, "p"), reload }), "t");
      assertEquals(await installer.install(await bundle(), NEVER), undefined);
      assertEquals(await Deno.readTextFile(out), "|plain|$(touch never) ; *\n");
    } finally {
      Deno.env.delete("CERTLOAD_TEST_TOKEN");
      Deno.env.delete("CERTLOAD_TEST_PLAIN");
    }
  });
});

Deno.test("a bundle is read from PEM alone", () => {
  assertEquals(bundleOf("nothing", "key"), "there is no PEM certificate in it");
});
