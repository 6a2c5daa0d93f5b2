/** What the documentation says of plans is so. */
import Ajv from "ajv";
import { parse } from "yaml";
import { catalogue } from "../../src/flows/catalogue.ts";
import { planJsonSchema } from "../../src/plan/json_schema.ts";
import { loadPlan } from "../../src/plan/load_plan.ts";
import { renderProblems } from "../../src/plan/problem.ts";
import { optionsPage } from "../../tools/options_page.ts";
import { assert, assertEquals } from "../assert.ts";

const ROOT = new URL("../../", import.meta.url);
const PAGES = [
  "README.md",
  ...[...Deno.readDirSync(new URL("docs/", ROOT))].map(({ name }) => `docs/${name}`)
    .filter((name) => name.endsWith(".md")),
];

const validate = new Ajv.Ajv2020({ strict: true }).compile(planJsonSchema(catalogue));

function plansIn(page: string): string[] {
  const text = Deno.readTextFileSync(new URL(page, ROOT));
  return [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, plan = ""]) => plan);
}

for (const page of PAGES) {
  plansIn(page).forEach((text, at) => {
    Deno.test(`plan ${at + 1} of ${page} passes check, without a warning, and its JSON Schema`, () => {
      const loaded = loadPlan({
        text,
        source: page,
        env: {},
        catalogue,
        readFile: Deno.readTextFileSync,
      });
      assert(loaded.ok, loaded.ok ? "" : renderProblems(loaded.problems));
      assertEquals(loaded.warnings, []);
      assert(validate(parse(text)), JSON.stringify(validate.errors));
    });
  });
}

Deno.test("docs/plan.md has a whole plan, one of http_request and one of sequence", () => {
  const [whole = "", request = "", sequence = "", ...more] = plansIn("docs/plan.md");
  assertEquals(more, []);
  assert(whole.includes("create_certificate") && request.includes("http_request"));
  assert(sequence.includes("flow: sequence"));
});

/** Without what formatting changes: the width of columns and the breaks of lines. */
function words(page: string): string {
  return page.replaceAll(/-{3,}/g, "---").replaceAll(/\s+/g, " ").trim();
}

Deno.test("docs/options.md has every key and every flow's options as the schemas say (deno task docs)", () => {
  const page = Deno.readTextFileSync(new URL("docs/options.md", ROOT));
  assertEquals(words(page), words(optionsPage()));
});

Deno.test("every key and every option has a meaning", () => {
  const rows = optionsPage().split("\n").filter((line) => line.startsWith("| `"));
  assert(rows.length > 50, String(rows.length));
  assertEquals(rows.filter((row) => row.split(/(?<!\\)\|/)[4]?.trim() === ""), []);
});

Deno.test("docs/plan.md and docs/acme.md name every key of a plan", () => {
  const text = ["docs/plan.md", "docs/acme.md"].map((page) =>
    Deno.readTextFileSync(new URL(page, ROOT))
  ).join("");
  const schema = planJsonSchema(catalogue) as {
    properties: Record<string, unknown> & {
      scenarios: { additionalProperties: { properties: object } };
    };
  };
  const keys = [
    ...Object.keys(schema.properties),
    ...Object.keys(schema.properties.scenarios.additionalProperties.properties),
  ];
  for (const key of keys) assert(new RegExp(`\\b${key}\\b`).test(text), key);
});
