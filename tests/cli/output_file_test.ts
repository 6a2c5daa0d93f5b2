import { join } from "node:path";
import { whyAllUnwritable, whyUnwritable, writeFile } from "../../src/cli/output_file.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { withFolder } from "./in_process.ts";

function at(path: string): { path: string; what: string; flag: string } {
  return { path, what: "the results", flag: "--out" };
}

function names(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}

const linux = Deno.build.os === "linux";

Deno.test("writeFile() makes the folders on the way, replaces a file, and leaves nothing beside it", async () => {
  await withFolder({}, async (folder) => {
    const path = join(folder, "a", "b", "c.txt");
    for (const text of ["first", "second"]) {
      assertEquals(await writeFile(at(path), text), undefined);
    }
    assertEquals(await Deno.readTextFile(path), "second");
    assertEquals(names(join(folder, "a", "b")), ["c.txt"]);
  });
});

Deno.test("writeFile() says what is in the way and which flag names another place", async () => {
  await withFolder({ file: "" }, async (folder) => {
    await Deno.mkdir(join(folder, "summary.json"));
    assertEquals(
      await writeFile(at(join(folder, "summary.json")), "x"),
      `Cannot write the results to "${folder}/summary.json": it is a folder. ` +
        "Mend that, or name another place with --out",
    );
    const inFile = await writeFile(at(join(folder, "file", "x")), "x");
    assertStringIncludes(inFile ?? "", "there is a file where a folder is to be");
    const long = await writeFile(at(join(folder, "x".repeat(300))), "x");
    assertStringIncludes(long ?? "", "the name is too long");
    assertEquals(names(folder), ["file", "summary.json"], "something was left behind");
  });
});

Deno.test({
  name: "writeFile() to a full disk says so",
  ignore: !linux,
  fn: async () => {
    assertStringIncludes(
      await writeFile(at("/dev/full"), "x") ?? "",
      "no space is left on the disk",
    );
  },
});

Deno.test({
  name: "writeFile() writes into a device and through a link, and replaces neither",
  ignore: !linux,
  fn: async () => {
    await withFolder({ real: "old" }, async (folder) => {
      await Deno.symlink("/dev/null", join(folder, "null"));
      await Deno.symlink(join(folder, "real"), join(folder, "link"));
      for (const name of ["null", "link"]) {
        assertEquals(await writeFile(at(join(folder, name)), "new"), undefined);
        assert((await Deno.lstat(join(folder, name))).isSymlink, `${name} was replaced`);
      }
      assertEquals(await Deno.readTextFile(join(folder, "real")), "new");
      assert((await Deno.stat("/dev/null")).isCharDevice);
    });
  },
});

Deno.test("what a killed writer left behind is swept, what another is writing is not", async () => {
  const part = (n: number): string => `.certload-${n}1111111-1111-4111-8111-111111111111.part`;
  await withFolder({ [part(1)]: "", [part(2)]: "", "my.part": "" }, async (folder) => {
    const hourAgo = new Date(Date.now() - 3_600_000);
    for (const name of [part(1), "my.part"]) {
      await Deno.utime(join(folder, name), hourAgo, hourAgo);
    }
    await writeFile(at(join(folder, "x")), "x");
    assertEquals(names(folder), [part(2), "my.part", "x"].sort());
  });
});

Deno.test("whyUnwritable() finds a place that can be written to, and leaves nothing there", async () => {
  await withFolder({}, async (folder) => {
    assertEquals(await whyUnwritable(at(join(folder, "new", "deep", "summary.json"))), undefined);
    assertEquals(names(folder), []);
  });
});

Deno.test("whyUnwritable() finds what is in the way before anything is written", async () => {
  await withFolder({ file: "" }, async (folder) => {
    await Deno.mkdir(join(folder, "folder"));
    const why = async (...path: string[]): Promise<string> =>
      await whyUnwritable(at(join(folder, ...path))) ?? "";
    assertStringIncludes(await why("folder"), `/folder": it is a folder. `);
    assertStringIncludes(await why("file", "x"), "is a file, not a folder");
    assertStringIncludes(await why("file", "deep", "x"), "is a file, not a folder");
    if (linux) {
      const inProc = await whyUnwritable(at("/proc/certload/x"));
      assertStringIncludes(inProc ?? "", 'Cannot write the results to "/proc/certload/x": ');
    }
    const all = await whyAllUnwritable([at(join(folder, "ok")), at(join(folder, "folder"))]);
    assertEquals(all.length, 1);
  });
});
