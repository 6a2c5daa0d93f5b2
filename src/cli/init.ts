/** `certload init DIR`: what the program ships, as files to edit. */
import { join } from "node:path";
import { catalogue } from "../flows/catalogue.ts";
import { planJsonSchema } from "../plan/json_schema.ts";
import { type ShippedFile, shippedFiles, writeFiles } from "../shipped.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { command, type Outcome } from "./command.ts";
import { reasonOf } from "./host_error.ts";

const FLAGS = [{ name: "force", help: "replace files that are there already" }];

const SUMMARY =
  `Writes the shipped plans (DIR/scenarios), the compose file with what it needs (DIR/compose) and the JSON Schema of
plans (DIR/plan.schema.json), for editing. Files that are there already are left alone, and nothing is written.`;

export const init = command({
  usage: "init DIR [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  positionals: ["DIR"],
  async run(line, io): Promise<Outcome> {
    const folder = line.positionals[0]!;
    const files = await filesToWrite();
    const there = line.has("force") ? [] : await existing(files, folder);
    if (there.length > 0) {
      io.err(
        `Cannot write into "${folder}": ${there.join(", ")} there already; --force replaces\n`,
      );
      return EXIT_CODES.bad_input;
    }
    const problem = await write(files, folder);
    if (problem !== undefined) {
      io.err(`${problem}\n`);
      return EXIT_CODES.bad_input;
    }
    io.out(report(files, folder));
    return EXIT_CODES.passed;
  },
});

async function filesToWrite(): Promise<ShippedFile[]> {
  const inFolder = (folder: string) => ({ path, text }: ShippedFile): ShippedFile => ({
    path: `${folder}/${path}`,
    text,
  });
  const plans = (await shippedFiles("scenarios")).map(withSchema).map(inFolder("scenarios"));
  const compose = (await shippedFiles("compose")).map(inFolder("compose"));
  const schema = `${JSON.stringify(planJsonSchema(catalogue), null, 2)}\n`;
  return [...plans, ...compose, { path: "plan.schema.json", text: schema }];
}

/** Tells editors (by the YAML language server) where the schema is. */
function withSchema({ path, text }: ShippedFile): ShippedFile {
  if (!path.endsWith(".yaml") || text.includes("yaml-language-server:")) return { path, text };
  return { path, text: `# yaml-language-server: $schema=../plan.schema.json\n${text}` };
}

async function existing(files: readonly ShippedFile[], folder: string): Promise<string[]> {
  const there = await Promise.all(
    files.map(({ path }) => Deno.lstat(join(folder, path)).then(() => path, () => undefined)),
  );
  return there.filter((path) => path !== undefined);
}

async function write(
  files: readonly ShippedFile[],
  folder: string,
): Promise<string | undefined> {
  try {
    await writeFiles(files, folder);
    return undefined;
  } catch (error) {
    return `Cannot write into "${folder}": ${reasonOf(error)}`;
  }
}

function report(files: readonly ShippedFile[], folder: string): string {
  const compose = join(folder, "compose", "docker-compose.yml");
  return `${files.map(({ path }) => `${join(folder, path)}\n`).join("")}
To run them:
  certload run ${join(folder, "scenarios", "quickstart.yaml")}
  certload run ${
    join(folder, "scenarios", "loadtest.yaml")
  } --stack compose --compose-file ${compose}
`;
}
