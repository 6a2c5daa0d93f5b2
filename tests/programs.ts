/** Programs of the host that some tests need, and that a plain host does not have. */
import { join } from "node:path";

/** Daemons are kept where a plain user's PATH does not lead. */
const DAEMON_FOLDERS = ["/usr/sbin", "/usr/local/sbin"];

/** The path of the first of these names that is installed. */
export function findProgram(...names: string[]): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":").filter(Boolean), ...DAEMON_FOLDERS];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isFile);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The first that is not installed; of several names for one thing, any will do. */
export function firstMissing(
  programs: readonly (string | readonly string[])[],
): string | undefined {
  return programs.map((names) => [names].flat())
    .find((names) => findProgram(...names) === undefined)?.[0];
}

type TestBody = (t: Deno.TestContext) => void | Promise<void>;

/** `Deno.test` for what needs these programs: without one, the test is skipped and its name says why. */
export function testWith(
  ...programs: (string | readonly string[])[]
): (name: string, fn: TestBody) => void {
  const missing = firstMissing(programs);
  const reason = missing === undefined ? "" : ` (skipped: ${missing} is not installed)`;
  return (name, fn) =>
    Deno.test({ name: `${name}${reason}`, ignore: missing !== undefined, fn: (t) => fn(t) });
}
