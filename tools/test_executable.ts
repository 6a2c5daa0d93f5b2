/**
 * `deno task test:executable`: the end-to-end tests against the executable that CERTLOAD_BIN names, or against one that
 * is built for this machine. Every program of these tests runs in an empty folder with an empty home. On Linux, as root, they run in a network that
 * ends at loopback, so that nothing can be fetched.
 */
import { outputName, parseTargets } from "./compile.ts";

const TESTS = ["tests/end_to_end"];

/** `argv`, cut off from the network where that is possible here. */
export function offline(argv: readonly string[], possible: boolean): string[] {
  if (!possible) return [...argv];
  return ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...argv];
}

/** Namespaces are Linux's, and making one takes a right that root has outside of most containers. */
function canCutNetwork(): boolean {
  if (Deno.build.os !== "linux") return false;
  return run(offline(["true"], true), { quiet: true }) === 0;
}

function run(
  [program = "", ...args]: readonly string[],
  options: { readonly env?: Record<string, string>; readonly quiet?: boolean } = {},
): number {
  const output = options.quiet ? "null" : "inherit";
  try {
    const command = new Deno.Command(program, {
      args,
      ...(options.env && { env: options.env }),
      stdin: "null",
      stdout: output,
      stderr: output,
    });
    return command.outputSync().code;
  } catch {
    return 127;
  }
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Builds for this machine; undefined when that fails, which the build has told. */
function build(): string | undefined {
  const compile = new URL("./compile.ts", import.meta.url).href;
  if (run([Deno.execPath(), "run", "-A", "--quiet", compile, "host"]) !== 0) return undefined;
  return new URL(`../dist/${outputName(parseTargets(["host"])[0]!)}`, import.meta.url).pathname;
}

function main(): number {
  const executable = Deno.env.get("CERTLOAD_BIN") || build();
  if (executable === undefined) return 1;
  const cut = canCutNetwork();
  print(cut ? "network: loopback alone" : "network: as it is; it cannot be cut here");
  const test = [Deno.execPath(), "test", "-A", "--cached-only", ...TESTS, ...Deno.args];
  return run(offline(test, cut), { env: { CERTLOAD_BIN: executable } });
}

if (import.meta.main) Deno.exit(main());
