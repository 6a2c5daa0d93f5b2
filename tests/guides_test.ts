/** The guides' examples: each `// PATH` block is put where it says, beside the sources, type-checked and tested. */
import { dirname } from "node:path";
import { assert, assertEquals, assertStringIncludes } from "./assert.ts";

const ROOT = new URL("../", import.meta.url);
const GUIDES = ["docs/write-a-flow.md", "docs/write-a-report.md"];

/** Path -> text of the blocks that name a file in their first line. */
function filesOf(page: string): Map<string, string> {
  const blocks = page.matchAll(/^(`{3,})ts\n\/\/ (\S+)\n([^]*?)^\1$/gm);
  return new Map([...blocks].map(([, , path = "", text = ""]) => [path, text]));
}

/** The guide's own files import each other where they are written to, and all else from the checkout. */
function placed(text: string, path: string, files: ReadonlySet<string>, folder: URL): string {
  return text.replaceAll(/^(import .*?from|\} from) "(\.[^"]+)"/gm, (_, statement, specifier) => {
    const target = new URL(specifier, new URL(path, ROOT)).href.slice(ROOT.href.length);
    return `${statement} "${new URL(target, files.has(target) ? folder : ROOT).href}"`;
  }).replaceAll(/new URL\("(\.[^"]+)", import\.meta\.url\)/g, (_, relative) => {
    return `new URL("${new URL(relative, new URL(path, ROOT)).href}")`;
  });
}

/** In one folder and one process: the types of the sources are checked once for all. */
Deno.test("the examples of the guides are right, and pass their own tests", async () => {
  const folder = await Deno.makeTempDir({ prefix: "certload-guide-" });
  const tests: string[] = [];
  try {
    const base = new URL(`file://${folder}/`);
    for (const guide of GUIDES) {
      const files = filesOf(await Deno.readTextFile(new URL(guide, ROOT)));
      const known = new Set(files.keys());
      const own = [...known].filter((path) => path.endsWith("_test.ts"));
      assertEquals([files.size, own.length], [2, 1], `${guide}: a file and its test`);
      tests.push(...own);
      for (const [path, text] of files) {
        await Deno.mkdir(`${folder}/${dirname(path)}`, { recursive: true });
        await Deno.writeTextFile(`${folder}/${path}`, placed(text, path, known, base));
      }
    }
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--config", new URL("deno.json", ROOT).pathname, ...tests],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    for (const path of tests) {
      assertStringIncludes(said, `running 2 tests from ./${path}\n`);
    }
    assert(success && /ok \| 4 passed/.test(said), said);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
