import { Ajv2020 } from "ajv";
import type { CapacityDocument } from "../../src/report/capacity/document.ts";
import { formatRate } from "../../src/metrics/format.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { withProgram } from "./program.ts";

/** Judged by what is refused alone: how slow a busy host makes the rest is no part of it. */
const PLAN = `
name: a limiter
target: { base_url: "\${CERTCTL_BASE}", token: "\${CERTCTL_TOKEN}", tls: { insecure_skip_verify: true } }
warmup: off
scenarios:
  list: { flow: list_certificates, rate: 45/s, duration: 5s, thresholds: [error_rate < 1%] }
`;

const LAB = JSON.stringify({
  capacity: { limits: [{ prefix: "/api", rate: { perS: 60 } }] },
});

const SEARCH = [
  ...["capacity", "plan.yaml", "--stack", "embedded", "--from", "45/s", "--require", "120/s"],
  ...["--precision", "50%", "--at-most", "1m"],
];

Deno.test("capacity finds the lab's limiter, says so in three files that agree, and fails what it does not hold", async () => {
  const options = { files: { "plan.yaml": PLAN }, env: { CERTLOAD_LAB: LAB } };
  await withProgram(SEARCH, options, async ({ code, stdout, stderr, folder }) => {
    const said = `${stdout}${stderr}`;
    const read = (kind: string): Promise<string> =>
      Deno.readTextFile(`${folder}/results/capacity.${kind}`);
    const [json, text, page] = await Promise.all(["json", "txt", "html"].map(read));
    const document: CapacityDocument = JSON.parse(json!);
    assertFits(document);
    assertAgree(document, text!, page!);
    assertEquals(stdout, text, "what is printed is the text");
    const { answer, exit, scenario } = document;
    assertEquals(scenario, "list", "the plan has no other");
    assertEquals(code, exit.code);
    // Where this host had no CPU left for the generator it says that, and nothing of the server.
    if (answer.who === "generator") return assert([95, 99].includes(code), said);
    assertEquals([answer.who, answer.limiter, code], ["server", true, 99], said);
    assert(0 < answer.low && answer.low <= answer.knee && answer.knee <= answer.high!, said);
    assert(answer.levels.some(({ decision }) => decision === "holds"), said);
    for (const { decision, who, why } of answer.levels) {
      if (decision === "broken" && who === "server") assertMatch(why, /a limiter answered 429/);
    }
    assertStringIncludes(exit.reason, "120/s are required");
  });
});

/** By the schema that users have. */
function assertFits(document: CapacityDocument): void {
  const schema = new URL("../../docs/capacity.schema.json", import.meta.url);
  const fits = new Ajv2020({ strict: false }).compile(JSON.parse(Deno.readTextFileSync(schema)));
  assert(fits(document), JSON.stringify(fits.errors));
}

function assertAgree({ answer, exit, target }: CapacityDocument, text: string, page: string): void {
  const flat = text.replaceAll(/\s+/g, " ");
  const held = `${answer.at_least ? "at least " : ""}${formatRate(answer.knee)}`;
  for (const each of [flat, page]) {
    if (answer.knee > 0) assertStringIncludes(each, `The server holds ${held}`);
    assertStringIncludes(each, `exit ${exit.code}: ${exit.reason}`);
    assertStringIncludes(each, target.base_url);
    assertStringIncludes(each, "do not publish these figures");
  }
  const [, levels = ""] = text.split("\nLevels  ");
  const [table = ""] = levels.split("\n\n");
  assertEquals(table.match(/ [✓✗?!] \w/g)?.length, answer.levels.length, table);
  const [, rows = ""] = page.split('<table class="levels">');
  assertEquals(rows.split("</table>")[0]!.match(/<tr class=/g)?.length, answer.levels.length);
  assertEquals(page.match(/<(?:script|img|iframe|object|embed)[^>]+src=/g), null);
}
