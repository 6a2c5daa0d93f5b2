/** `certload version`: what exactly is running here, for bug reports and for those who compare runs. */
import configuration from "../../deno.json" with { type: "json" };
import { EXIT_CODES } from "../verdict/exit.ts";
import { VERSION } from "../version.ts";
import { helpText, parseLine } from "./flags.ts";
import type { Command } from "./io.ts";
import { printProblems } from "./problems.ts";

/** Needed for the tests alone. */
const TEST_LIBRARIES = ["@std/assert", "axe-core", "fast-check"];

export const version: Command = {
  help: helpText("version", "Prints the versions of certload, Deno and the libraries.", []),
  run(args, io): Promise<number> {
    const parsed = parseLine(args, { flags: [], positionals: [] });
    if (!parsed.ok) return Promise.resolve(printProblems("version", parsed.problems, io));
    io.out(renderVersions(versions(configuration.imports)));
    return Promise.resolve(EXIT_CODES.passed);
  },
};

/** Name and version of everything, certload first. `imports` is the import map: name -> `npm:package@version/path`. */
export function versions(imports: Readonly<Record<string, string>>): [string, string][] {
  const libraries = Object.entries(imports)
    .filter(([name]) => !TEST_LIBRARIES.includes(name))
    .flatMap(([, specifier]) => {
      const [, name, number] = specifier.match(/^npm:((?:@[^/]+\/)?[^@/]+)@([^/]+)/) ?? [];
      return name && number ? [[name, number] as const] : [];
    });
  return [
    ["certload", VERSION],
    ["deno", `${Deno.version.deno} (${Deno.build.target})`],
    ["v8", Deno.version.v8],
    ...new Map(libraries),
  ];
}

function renderVersions(rows: readonly [string, string][]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, number]) => `${name.padEnd(width)}  ${number}\n`).join("");
}
