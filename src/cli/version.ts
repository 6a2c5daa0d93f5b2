/** `certload version`: what exactly is running here, for bug reports and for those who compare runs. */
import configuration from "../../deno.json" with { type: "json" };
import { EXIT_CODES } from "../verdict/exit.ts";
import { VERSION } from "../version.ts";
import { command, type Outcome } from "./command.ts";

/** Needed for the tests alone. */
const TEST_LIBRARIES = ["@std/assert", "ajv", "axe-core", "fast-check", "kubernetes-models"];

export const version = command({
  usage: "version",
  summary: "Prints the versions of certload, Deno and the libraries.",
  run(_, io): Outcome {
    io.out(renderVersions(versions(configuration.imports)));
    return EXIT_CODES.passed;
  },
});

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
