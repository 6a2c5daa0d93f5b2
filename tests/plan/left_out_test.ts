import { loadPlan } from "../../src/plan/load_plan.ts";
import type { PlanOverrides } from "../../src/plan/overrides.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { renderProblem } from "../../src/plan/problem.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { catalogue } from "../../src/flows/catalogue.ts";

const URLS = {
  api: "flow: list_certificates",
  daemon: 'flow: tls_handshake, with: { url: "${DAEMON_URL:-https://localhost:9443}/" }',
  typed: 'flow: tls_handshake, with: { url: "https://fixed.example:${PORT:-9443}/" }',
  path: 'flow: http_request, with: { path: "${PATH_TO_ASK:-/health}" }',
  same: 'flow: tls_handshake, with: { url: "${SAME_URL:-https://mine.example:8443}/x" }',
};

const TEXT = `name: mine
target: { base_url: "\${BASE:-https://localhost:8443}" }
scenarios:
${
  Object.entries(URLS).map(([name, flow]) => `  ${name}: { ${flow}, rate: 1/s, duration: 1s }\n`)
    .join("")
}`;

interface Loaded {
  readonly names: readonly string[];
  readonly plan: Plan | undefined;
  readonly said: readonly string[];
}

function load(
  overrides: PlanOverrides,
  env: Record<string, string> = {},
  text = TEXT,
): Loaded {
  const readFile = (): string => "";
  const loaded = loadPlan({ text, source: "plan.yaml", env, catalogue, overrides, readFile });
  const said = (loaded.ok ? loaded.warnings : loaded.problems).map(renderProblem);
  return loaded.ok
    ? { names: loaded.plan.scenarios.map(({ name }) => name), plan: loaded.plan, said }
    : { names: [], plan: undefined, said };
}

const MINE = { target: "https://mine.example:8443" };

Deno.test("with --target, a scenario whose address is a variable's default is left out, and that is said", () => {
  const { names, plan, said } = load(MINE);
  assertEquals(names, ["api", "typed", "path", "same"]);
  const note = "daemon left out: --target moves the API alone; set DAEMON_URL to have them too";
  assertEquals([plan?.notes, said], [[note], [`--target: ${note}`]]);
});

Deno.test("without --target, and with every address given, nothing is left out", () => {
  for (
    const { names, plan, said } of [
      load({}),
      load(MINE, { DAEMON_URL: "https://d.example" }),
      load({ ...MINE, set: ["scenarios.daemon.with.url=https://d.example"] }),
    ]
  ) {
    assertEquals([names.includes("daemon"), plan?.notes, said], [true, undefined, []]);
  }
});

Deno.test("what was not chosen is not said to be left out", () => {
  assertEquals(load({ ...MINE, only: ["api"] }).said, []);
  assertEquals(load({ ...MINE, skip: ["daemon"] }).said, []);
});

Deno.test("a plan of which nothing is left is a problem that names the variables", () => {
  const { plan, said } = load({ ...MINE, only: ["daemon"] });
  assertEquals(plan, undefined);
  assertStringIncludes(said.join(), "set DAEMON_URL");
});

Deno.test("the plan's identity is that of what is left", () => {
  const hash = ({ plan }: Loaded): string | undefined => plan?.identity.sha256;
  assert(hash(load(MINE)) !== hash(load(MINE, { DAEMON_URL: "https://d.example" })));
  assertEquals(hash(load(MINE)), hash(load({ ...MINE, skip: ["daemon"] })));
});

const NEEDING = `name: mine
target: { base_url: "https://localhost:8443" }
scenarios:
  always: { flow: list_certificates, rate: 1/s, duration: 1s }
  first: { needs: [CONTROL], flow: list_certificates, rate: 1/s, duration: 1s }
  second: { needs: [CONTROL, SOCKET], flow: list_certificates, rate: 1/s, duration: 1s }
`;

Deno.test("a scenario without a variable that it needs is left out, and that is said", () => {
  const cases:
    readonly (readonly [Record<string, string>, readonly string[], string | undefined])[] = [
      [{}, ["always"], "first, second left out: set CONTROL, SOCKET to have them too"],
      [
        { CONTROL: "c", SOCKET: "" },
        ["always", "first"],
        "second left out: set SOCKET to have them too",
      ],
      [{ CONTROL: "c", SOCKET: "s" }, ["always", "first", "second"], undefined],
    ];
  for (const [env, left, note] of cases) {
    const { names, plan, said } = load({}, env, NEEDING);
    assertEquals(names, left);
    assertEquals(plan?.notes, note === undefined ? undefined : [note]);
    assertEquals(said, note === undefined ? [] : [`plan.yaml: ${note}`]);
  }
});

Deno.test("what a scenario left out has wrong is told all the same", () => {
  const { said } = load({}, {}, NEEDING.replace("[CONTROL], flow: list", "[CONTROL], flow: lst"));
  assertStringIncludes(said.join(), 'unknown flow "lst_certificates"');
});

Deno.test("what is needed must be the name of a variable", () => {
  assertStringIncludes(
    load({}, {}, NEEDING.replace("[CONTROL]", '["$CONTROL"]')).said.join(),
    "must be a variable's name",
  );
});
