import { parseDocument } from "../../src/plan/document.ts";
import type { PlanNode } from "../../src/plan/tree.ts";
import {
  literalSecrets,
  secretVariables,
  standIn,
  variablesOf,
  withoutSecretDefaults,
  withStandIns,
} from "../../src/shards/variables.ts";
import { assert, assertEquals } from "../assert.ts";

function rootOf(text: string): PlanNode {
  const document = parseDocument(text, "plan.yaml");
  assert(document.ok);
  return document.root;
}

Deno.test("variables that are set are handed on, secret ones by name alone", () => {
  const root = rootOf(
    'target: { base_url: "${CERTCTL_BASE}", token: "${CERTCTL_TOKEN}" }\nname: ${WHO:-me} $${NOT_ONE}',
  );
  const env = { CERTCTL_BASE: "https://ca", CERTCTL_TOKEN: "s3cret-value", OTHER: "x" };
  assertEquals(variablesOf(root, env), [
    { name: "CERTCTL_BASE", isSecret: false, value: "https://ca", isNeeded: false },
    { name: "CERTCTL_TOKEN", isSecret: true, isNeeded: true },
  ]);
});

Deno.test("a secret is needed where it is set or has no default", () => {
  const root = rootOf("a: ${A_TOKEN}\nb: ${B_TOKEN:-}\nc: ${C_TOKEN:-example}\nd: ${D_TOKEN:-}");
  const needed = variablesOf(root, { D_TOKEN: "x" }).filter(({ isNeeded }) => isNeeded);
  assertEquals(needed.map(({ name }) => name), ["A_TOKEN", "D_TOKEN"]);
});

Deno.test("a variable with a password in its value is a secret, whatever its name", () => {
  const [variable] = variablesOf(rootOf("a: ${BASE}"), { BASE: "https://u:pa55@ca" });
  assertEquals(variable, { name: "BASE", isSecret: true, isNeeded: true });
});

Deno.test("of a default that is not used, no variable is wanted", () => {
  const root = rootOf("a: ${A:-${B_TOKEN}}");
  assertEquals(variablesOf(root, { A: "x" }).map(({ name }) => name), ["A"]);
  assertEquals(variablesOf(root, {}).map(({ name }) => name), ["B_TOKEN"]);
});

Deno.test("a plan is read although its secrets are elsewhere", () => {
  const env = withStandIns(rootOf("a: ${A_TOKEN}\nb: ${B_TOKEN:-}\nc: ${C}"), { D: "x" });
  assertEquals(env, { D: "x", A_TOKEN: standIn("A_TOKEN") });
});

Deno.test("a secret in the plan itself is told with its place", () => {
  const root = rootOf(`
target:
  token: abcdef123
  headers: { Authorization: "Bearer \${T_TOKEN}", X-Api-Key: "k\${T_TOKEN}", Cookie: "s=\${S_TOKEN}" }
other: https://user:pa55word@ca.example/
fallback: \${F_TOKEN:-s3cr3t} \${G_TOKEN:-}
`);
  assertEquals(literalSecrets(root), [
    "target.token (line 3)",
    "target.headers.X-Api-Key (line 4)",
    "other (line 5)",
    "fallback (line 6)",
  ]);
});

Deno.test("defaults of secrets are taken out of the text, and nothing else", () => {
  const taken = [
    ["token: ${A_TOKEN:-x{y}z} # ${B:-c}", "token: ${A_TOKEN} # ${B:-c}"],
    ["${A:-${B_TOKEN:-c}}", "${A:-${B_TOKEN}}"],
    ["$${A_TOKEN:-x} ${A_TOKEN:-} ${A_TOKEN}", "$${A_TOKEN:-x} ${A_TOKEN:-} ${A_TOKEN}"],
    ["${A_TOKEN:-never closed", "${A_TOKEN:-never closed"],
  ];
  for (const [text, wanted] of taken) {
    assertEquals(withoutSecretDefaults(text!, secretVariables(rootOf("a: b"))), wanted);
  }
});

Deno.test("a variable in a secret's place is a secret, whatever it is called", () => {
  const text = `
target: { base_url: "\${BASE:-https://ca}", token: "\${TOK:-\${OLD:-open-sesame}}" }
scenarios:
  list: { with: { headers: { X-Who: "\${WHO:-me}" } }, rate: "\${RATE:-1/s}" }
`;
  const root = rootOf(text);
  const secret = secretVariables(root);
  const names = ["BASE", "TOK", "OLD", "WHO", "RATE"];
  assertEquals(names.filter(secret), ["TOK", "OLD", "WHO"]);
  const env = { TOK: "hunter2value9", RATE: "2/s" };
  assertEquals(variablesOf(root, env).filter(({ value }) => value === env.TOK), []);
  assertEquals(variablesOf(root, env).find(({ name }) => name === "TOK")?.isNeeded, true);
  const without = withoutSecretDefaults(text, secret);
  assert(!without.includes("sesame") && !without.includes("me}"), without);
  assert(without.includes("${BASE:-https://ca}") && without.includes("${RATE:-1/s}"));
  assertEquals(withStandIns(rootOf(without), {})["TOK"], standIn("TOK"));
});

Deno.test("a variable where a text has a credential is a secret, whatever it is called", () => {
  const text = `
scenarios:
  q:
    with:
      path: "/x?page=\${PAGE}&api_key=\${AK:-open-sesame}&key=\${K}"
      body: '{"password": "\${PW}", "note": "\${NOTE:-n}"}'
      form: "user=\${USER_NAME}&client_secret=\${CS:-\${OLD}}"
      line: "Bearer \${BEARER}"
`;
  const root = rootOf(text);
  const names = ["PAGE", "AK", "K", "PW", "NOTE", "USER_NAME", "CS", "OLD", "BEARER"];
  assertEquals(names.filter(secretVariables(root)), ["AK", "K", "PW", "CS", "OLD", "BEARER"]);
  const env = Object.fromEntries(names.map((name) => [name, `value-of-${name}`]));
  assertEquals(
    variablesOf(root, env).filter(({ value }) => value !== undefined).map(({ name }) => name),
    ["PAGE", "NOTE", "USER_NAME"],
  );
  assert(!withoutSecretDefaults(text, secretVariables(root)).includes("sesame"));
});

Deno.test("a variable that is a credential's value makes no other text one", () => {
  const root = rootOf(
    "a: /x?api_key=${AK}\nb: ${B:-c}\nc: 'Bearer ${T}'\nd: '{\"password\": \"${PW}\"}'\ne: /x?token=k${AK}",
  );
  assertEquals(literalSecrets(root), ["e (line 5)"]);
});
