/** The folders and who may import whom: the table of docs/architecture.md, held against every import. */
import { assert, assertEquals } from "./assert.ts";

const ROOT = new URL("../", import.meta.url);

/** One row of the table. `src` stands for the files directly in src/, a name with `.ts` for one of them. */
interface Folder {
  readonly name: string;
  readonly imports: readonly string[];
  readonly types: readonly string[];
}

interface Import {
  /** Of the repository's root. */
  readonly file: string;
  readonly line: number;
  readonly to: string;
  readonly isType: boolean;
}

/** In the table's order, which is from the top down. */
function readTable(page: string): Folder[] {
  const rows = page.split("\n").filter((line) => /^\| `(main\.ts|src\/)/.test(line));
  return rows.map((row) => {
    const [folder = "", , imports = "", types = ""] = row.split("|").slice(1).map((c) => c.trim());
    const list = (cell: string): string[] => cell.split(", ").filter((name) => name !== "");
    return {
      name: folderOf(folder.replaceAll("`", "")),
      imports: list(imports),
      types: list(types),
    };
  });
}

/** `http` of `src/http/own/pool.ts`, `src` of `src/clock.ts`, and files of the root by their name. */
function folderOf(path: string): string {
  const [top = "", folder = "", ...below] = path.split("/");
  if (top !== "src") return top;
  return below.length === 0 ? "src" : folder;
}

const STATEMENT = /^(?:import|export)\s(?<type>type\s)?(?:[^;"]*?\sfrom\s)?"(?<static>\.[^"]+)"/gm;
const EXPRESSION = /(?:\bimport\(|\bnew URL\()\s*"(?<dynamic>\.[^"]+\.ts)"/g;

/** What a file imports of src: statically, dynamically, or as a thread's script. */
function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(STATEMENT), ...text.matchAll(EXPRESSION)].map((match) => {
    const { type, static: named, dynamic } = match.groups!;
    const to = new URL(named ?? dynamic!, new URL(file, ROOT)).href.slice(ROOT.href.length);
    const line = text.slice(0, match.index).split("\n").length;
    return { file, line, to, isType: type !== undefined };
  }).filter(({ to }) => to.startsWith("src/"));
}

function isAllowed(table: readonly Folder[], { file, to, isType }: Import): boolean {
  const from = table.find(({ name }) => name === folderOf(file));
  const names = [...from?.imports ?? [], ...(isType ? from?.types ?? [] : [])];
  const target = folderOf(to);
  const isOwn = folderOf(file) === target;
  return isOwn || names.includes(target) || names.includes(to.replace(/^src\//, ""));
}

function complaints(table: readonly Folder[], imports: readonly Import[]): string[] {
  return imports.filter((each) => !isAllowed(table, each)).map(({ file, line, to, isType }) =>
    `${file}:${line} imports ${isType ? "a type of " : ""}${to}, which docs/architecture.md does ` +
    `not allow ${folderOf(file)}`
  );
}

async function filesIn(folder: string, ending = ".ts"): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) files.push(...await filesIn(`${folder}${name}/`, ending));
    else if (name.endsWith(ending)) files.push(folder + name);
  }
  return files.sort();
}

const isThere = (file: string): Promise<boolean> =>
  Deno.stat(new URL(file, ROOT)).then(() => true, () => false);
const read = (file: string): Promise<string> => Deno.readTextFile(new URL(file, ROOT));
const table = readTable(await read("docs/architecture.md"));
const sources = ["main.ts", ...await filesIn("src/")];
const imports = (await Promise.all(sources.map(async (file) => importsOf(file, await read(file)))))
  .flat();

Deno.test("no import points up: each folder imports what docs/architecture.md allows it", () => {
  assertEquals(complaints(table, imports), []);
});

Deno.test("the table has every folder of src, and all that it allows lies below", () => {
  const folders = new Set(sources.map(folderOf));
  assertEquals(new Set(table.map(({ name }) => name)), folders);
  for (const [at, { name, imports, types }] of table.entries()) {
    const below = table.slice(at + 1).map((folder) => folder.name);
    const shared = sources.filter((file) => folderOf(file) === "src").map((f) => f.slice(4));
    const wrong = [...imports, ...types].filter((each) => ![...below, ...shared].includes(each));
    assertEquals(wrong, [], `docs/architecture.md lets ${name} import what is not below it`);
  }
});

Deno.test("the table allows nothing that is not used", () => {
  for (const { name, imports: allowed, types } of table) {
    const own = imports.filter(({ file }) => folderOf(file) === name);
    const reach = (each: Import): string[] => [folderOf(each.to), each.to.replace(/^src\//, "")];
    const used = new Set(own.flatMap(reach));
    const values = new Set(own.filter(({ isType }) => !isType).flatMap(reach));
    const idle = [
      ...allowed.filter((each) => !values.has(each)),
      ...types.filter((each) => !used.has(each)),
    ];
    assertEquals(idle, [], `docs/architecture.md allows ${name} more than it imports`);
  }
});

Deno.test("the lab imports files that are shared by name, and only a command imports the lab", () => {
  const lab = table.find(({ name }) => name === "lab")!;
  const shared = (name: string): boolean => name.endsWith(".ts") || name === "tls13";
  assert(lab.imports.every(shared), lab.imports.join());
  const importers = table.filter((folder) => folder.imports.includes("lab")).map((f) => f.name);
  assertEquals(importers, ["cli"]);
  const entries = imports.filter(({ file, to }) =>
    folderOf(to) === "lab" && folderOf(file) !== "lab"
  );
  assertEquals([...new Set(entries.map(({ file }) => file))], ["src/cli/lab.ts"]);
});

Deno.test("an import that points up is told with its file, its line and its kind", () => {
  const text = [
    "/**",
    ' * import { not } from "../flows/an_import.ts";',
    " */",
    'import { z } from "zod";',
    "import {",
    "  one,",
    '} from "../flows/registry.ts";',
    'import type { Plan } from "../plan/plan.ts";',
    'export type { Flow } from "../flows/flow.ts";',
    'const lazy = await import("../engine/run.ts");',
    'const script = new URL("../pacing/wakeup_thread.ts", import.meta.url);',
    'import "../clock.ts";',
  ].join("\n");
  const found = importsOf("src/acme/made_up.ts", text);
  assertEquals(complaints(table, found), [
    "src/acme/made_up.ts:5 imports src/flows/registry.ts, which docs/architecture.md does not allow acme",
    "src/acme/made_up.ts:9 imports a type of src/flows/flow.ts, which docs/architecture.md does not allow acme",
    "src/acme/made_up.ts:10 imports src/engine/run.ts, which docs/architecture.md does not allow acme",
    "src/acme/made_up.ts:11 imports src/pacing/wakeup_thread.ts, which docs/architecture.md does not allow acme",
  ]);
  assertEquals(found.length, 6);
});

Deno.test("types that a folder may know do not open it for values", () => {
  const [type, value] = importsOf(
    "src/stack/made_up.ts",
    'import type { Plan } from "../plan/plan.ts";\nimport { loadPlan } from "../plan/plan.ts";\n',
  );
  assert(isAllowed(table, type!));
  assert(!isAllowed(table, value!));
});

Deno.test("files that docs/architecture.md and CONTRIBUTING.md name are there", async () => {
  const roots = ["", "src/", "src/flows/", "src/report/"];
  for (const page of ["docs/architecture.md", "CONTRIBUTING.md"]) {
    for (const [, path = ""] of (await read(page)).matchAll(/`([a-z][\w/]*\.ts)`/g)) {
      const found = await Promise.all(roots.map((root) => isThere(root + path)));
      assert(found.includes(true) || path.includes("NAME"), `${page}: ${path}`);
    }
  }
});

Deno.test("every seam and every renderer has an example in its docstring", async () => {
  const renderers = (await read("src/report/formats.ts")).matchAll(/\b(render\w+),$/gm);
  const seams = [
    ...[
      "runPlan",
      "loadPlan",
      "createClient",
      "summarize",
      "conclude",
      "compare",
      "Stack",
      "Clock",
    ],
    ...["FlowDefinition", "Histogram", "hgrmFiles", "renderComparison", "renderBaseline"],
    ...[...renderers].map(([, name]) => name!),
  ];
  const all = (await Promise.all(sources.map(read))).join("\n");
  const declared =
    /\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport (?:async )?(?:function|interface|class) (\w+)/g;
  const withExample = new Set(
    [...all.matchAll(declared)].filter(([, doc]) => doc!.includes("```ts")).map(([, , name]) =>
      name
    ),
  );
  assertEquals(seams.filter((name) => !withExample.has(name)), []);
});

Deno.test("packages are imported by the names that deno.json maps, so that one line replaces one", async () => {
  const { imports: mapped } = JSON.parse(await read("deno.json")) as {
    imports: Readonly<Record<string, string>>;
  };
  const all = ["src/", "tests/", "tools/", "bench/"].map((folder) => filesIn(folder));
  const files = ["main.ts", ...(await Promise.all(all)).flat()];
  const used = new Set<string>();
  for (const file of files) {
    const text = await read(file);
    const statements = /^(?:(?:import|export)\s(?:[^;"]*?\sfrom\s)?|.*\bimport\()"([^".][^"]*)"/gm;
    for (const [, name = ""] of text.matchAll(statements)) {
      if (name.startsWith("node:")) continue;
      const isOf = (key: string): boolean => name === key || name.startsWith(`${key}/`);
      used.add(Object.keys(mapped).find(isOf) ?? `${name} of ${file}`);
    }
  }
  // A name with a slash at its end opens the package's other files.
  const names = Object.keys(mapped).filter((name) => !name.endsWith("/"));
  assertEquals([...used].sort(), names.sort());
});

Deno.test("README's table of dependencies has each package of deno.json, and no other", async () => {
  const { imports: mapped } = JSON.parse(await read("deno.json")) as {
    imports: Readonly<Record<string, string>>;
  };
  const packages = Object.values(mapped).map((url) => /^\w+:\/?(@?[^@]+)@/.exec(url)![1]!);
  const section = (await read("README.md")).split("## Dependencies")[1]!;
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  const named = rows.flatMap((row) =>
    [...row.split("|")[1]!.matchAll(/`([^`]+)`/g)].map((m) => m[1]!)
  );
  assertEquals(named.sort(), [...new Set(packages)].sort());
});
