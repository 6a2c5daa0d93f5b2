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

/** The arguments of `deno`; modules and folders relative to the project. */
export function compileArguments(
  target: Target,
  output: string,
  modules: readonly string[],
): string[] {
  // Type checking is the gate's work, and five targets would repeat it. The code cache would be a file of a known name in
  // the shared temporary folder, and saves no time here.
  const flags = [
    "--allow-all",
    "--no-check",
    "--no-code-cache",
    "--frozen",
    "--target",
    TRIPLES[target],
  ];
  const included = [...FOLDERS, ...modules].flatMap((path) => ["--include", path]);
  return ["compile", "--quiet", ...flags, ...included, "--output", output, "main.ts"];
}

async function findStartedModules(root: URL, folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(new URL(folder, root))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) found.push(...await findStartedModules(root, `${path}/`));
    else if (path.endsWith(".ts")) {
      const here = new URL(path, root);
      const source = await Deno.readTextFile(here);
      const modules = startedModules(source).map((module) => new URL(module, here).pathname);
      found.push(...modules.map((module) => module.slice(root.pathname.length)));
    }
  }
  return [...new Set(found)].filter((module) => module !== "main.ts").sort();
}

/** Builds one target; returns why it could not be built, if so. */
async function compile(
  target: Target,
  root: URL,
  modules: readonly string[],
): Promise<string | undefined> {
  const environment: Record<string, string> = { ...Deno.env.toObject(), NO_COLOR: "1" };
  if (target !== hostTarget()) delete environment["DENORT_BIN"];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: compileArguments(target, join("dist", outputName(target)), modules),
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
  const modules = await findStartedModules(root, "src/");
  await Deno.mkdir(dist, { recursive: true });
  let checksums = "";
  let failures = 0;
  for (const target of parseTargets(names)) {
    const why = await compile(target, root, modules);
    if (why === undefined) {
      const { size } = await Deno.stat(new URL(outputName(target), dist));
      checksums += await checksum(dist, outputName(target));
      print(`dist/${outputName(target)}  ${(size / 1e6).toFixed(1)} MB`);
    } else {
      failures++;
      print(`not built: ${outputName(target)}: ${why}`);
    }
  }
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
