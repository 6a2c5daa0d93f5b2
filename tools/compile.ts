/**
 * `deno task compile [TARGET...]`: one executable per target in `dist/`, and their checksums.
 *
 * A target is `linux-x64`, `linux-arm64`, `macos-x64`, `macos-arm64`, `windows-x64` or `host`; all five when none is
 * named. `deno compile` embeds denort, the runtime without the tools, which it downloads once for each target. Where it
 * cannot, DENORT_BIN names one for this machine's own target, and the other targets are named as not built.
 */
import { join } from "node:path";

const TRIPLES = {
  "linux-x64": "x86_64-unknown-linux-gnu",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "macos-x64": "x86_64-apple-darwin",
  "macos-arm64": "aarch64-apple-darwin",
  "windows-x64": "x86_64-pc-windows-msvc",
} as const;

export type Target = keyof typeof TRIPLES;

const TARGETS = Object.keys(TRIPLES) as Target[];

/** Folders that go in whole; the program reads them through `import.meta.url`. */
const FOLDERS = ["scenarios", "compose"];

/** Modules that are started by their address, as Workers are, and so are not found by following imports. */
const STARTED_MODULE = /new URL\(\s*"(\.[^"]+\.ts)",\s*import\.meta\.url,?\s*\)/g;

/** The addresses in a source text of modules that it starts, relative to that text. */
export function startedModules(source: string): string[] {
  return Array.from(source.matchAll(STARTED_MODULE), (match) => match[1]!);
}

/** The targets that were asked for; throws a RangeError for one that there is not. */
export function parseTargets(names: readonly string[]): Target[] {
  if (names.length === 0) return TARGETS;
  return names.map((name) => {
    const target = name === "host" ? hostTarget() : TARGETS.find((each) => each === name);
    if (target) return target;
    throw new RangeError(`Cannot compile for "${name}": use host, ${TARGETS.join(", ")}`);
  });
}

function hostTarget(): Target | undefined {
  return TARGETS.find((target) => TRIPLES[target] === Deno.build.target);
}

export function outputName(target: Target): string {
  return `certload-${target}${target === "windows-x64" ? ".exe" : ""}`;
}

/** The arguments of `deno`; modules and folders relative to the project, `folder` has the configuration and its lock. */
export function compileArguments(
  target: Target,
  output: string,
  modules: readonly string[],
  folder = ".",
): string[] {
  // Type checking is the gate's work, and five targets would repeat it. The code cache would be a file of a known name in
  // the shared temporary folder, and saves no time here.
  const flags = [
    "--allow-all",
    "--no-check",
    "--no-code-cache",
    "--frozen",
    "--config",
    join(folder, "deno.json"),
    "--lock",
    join(folder, "deno.lock"),
    "--target",
    TRIPLES[target],
  ];
  const included = [...FOLDERS, ...modules].flatMap((path) => ["--include", path]);
  return ["compile", "--quiet", ...flags, ...included, "--output", output, "main.ts"];
}

interface Source {
  readonly url: URL;
  readonly text: string;
}

async function sourcesIn(folder: URL): Promise<Source[]> {
  const sources: Source[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) sources.push(...await sourcesIn(url));
    else if (name.endsWith(".ts")) sources.push({ url, text: await Deno.readTextFile(url) });
  }
  return sources;
}

function findStartedModules(root: URL, sources: readonly Source[]): string[] {
  const found = sources.flatMap(({ url, text }) =>
    startedModules(text).map((module) => new URL(module, url).pathname.slice(root.pathname.length))
  );
  return [...new Set(found)].filter((module) => module !== "main.ts").sort();
}

interface Configuration {
  readonly imports: Readonly<Record<string, string>>;
}

const IMPORTED = /(?:\bfrom|\bimport)\s*\(?\s*"([^".][^"]*)"/g;

/** All packages that a configuration names go into the executable; of ours, those that the sources import. */
export function withoutUnused(
  config: Configuration,
  sources: readonly string[],
): Configuration {
  const imported = new Set(
    sources.flatMap((text) => [...text.matchAll(IMPORTED)].map(([, name]) => name!)),
  );
  const isUsed = (name: string): boolean =>
    [...imported].some((each) => each === name || each.startsWith(name.replace(/\/?$/, "/")));
  const imports = Object.entries(config.imports).filter(([name]) => isUsed(name));
  return { ...config, imports: Object.fromEntries(imports) };
}

/** The executable's configuration, and the project's lock as far as that goes; in a folder of its own. */
async function lockedConfiguration(root: URL, sources: readonly Source[]): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "certload-compile-" });
  const config: Configuration = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const own = withoutUnused(config, sources.map(({ text }) => text));
  const [path, lock] = ["deno.json", "deno.lock"].map((name) => join(folder, name));
  await Deno.writeTextFile(path!, JSON.stringify(own));
  await Deno.copyFile(new URL("deno.lock", root), lock!);
  const args = ["install", "--quiet", "--frozen=false", "--config", path!, "--lock", lock!];
  await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
  const locked = await Promise.all([new URL("deno.lock", root), lock!].map(readLock));
  const added = addedTo(locked[0]!, locked[1]!);
  if (added.length > 0) throw new RangeError(`deno.lock lacks ${added.join(", ")}`);
  return folder;
}

type Lock = Readonly<Record<string, { readonly integrity: string }>>;

async function readLock(path: URL | string): Promise<Lock> {
  return (JSON.parse(await Deno.readTextFile(path)) as { npm: Lock }).npm;
}

/** What a lock has that the other has not, or has otherwise: nothing may come in by leaving out. */
export function addedTo(lock: Lock, other: Lock): string[] {
  return Object.keys(other).filter((name) => other[name]?.integrity !== lock[name]?.integrity);
}

/** Builds one target; returns why it could not be built, if so. */
async function compile(
  target: Target,
  root: URL,
  modules: readonly string[],
  folder: string,
): Promise<string | undefined> {
  const environment: Record<string, string> = { ...Deno.env.toObject(), NO_COLOR: "1" };
  if (target !== hostTarget()) delete environment["DENORT_BIN"];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: compileArguments(target, join("dist", outputName(target)), modules, folder),
    cwd: root,
    env: environment,
    clearEnv: true,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return undefined;
  return failureReason(new TextDecoder().decode(stderr));
}

/** The one line of what `deno compile` complains about that tells most. */
export function failureReason(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.replace(/^\s*(\d+:|error:)?\s*/, ""));
  return lines.find((line) => line.includes("denort-")) ?? lines.find((line) => line !== "") ?? "";
}

/** The line of `sha256sum` for a file. */
async function checksum(folder: URL, name: string): Promise<string> {
  const bytes = await Deno.readFile(new URL(name, folder));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `${digest.toHex()}  ${name}\n`;
}

async function main(names: readonly string[]): Promise<number> {
  const root = new URL("../", import.meta.url);
  const dist = new URL("dist/", root);
  const sources = await sourcesIn(new URL("src/", root));
  const modules = findStartedModules(root, sources);
  const folder = await lockedConfiguration(root, sources);
  await Deno.mkdir(dist, { recursive: true });
  let checksums = "";
  let failures = 0;
  for (const target of parseTargets(names)) {
    const why = await compile(target, root, modules, folder);
    if (why === undefined) {
      const { size } = await Deno.stat(new URL(outputName(target), dist));
      checksums += await checksum(dist, outputName(target));
      print(`dist/${outputName(target)}  ${(size / 1e6).toFixed(1)} MB`);
    } else {
      failures++;
      print(`not built: ${outputName(target)}: ${why}`);
    }
  }
  await Deno.remove(folder, { recursive: true });
  await Deno.writeTextFile(new URL("SHA256SUMS", dist), checksums);
  return failures === 0 ? 0 : 1;
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    print(error.message);
    Deno.exit(104);
  }
}
