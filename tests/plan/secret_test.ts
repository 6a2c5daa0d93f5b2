import fc from "fast-check";
import { catalogue } from "../../src/flows/catalogue.ts";
import { loadPlan } from "../../src/plan/load_plan.ts";
import { renderProblems } from "../../src/plan/problem.ts";
import { findSecrets, isSecret, maskLine, maskSecrets, partsOf } from "../../src/plan/secret.ts";
import { assert, assertEquals } from "../assert.ts";

Deno.test("isSecret() knows secrets by their key, and takes every header for one", () => {
  assert(isSecret(["target", "token"]));
  assert(isSecret(["target", "headers", "x-anything"]));
  assert(isSecret(["scenarios", "a", "with", "eab", "hmac_key"]));
  assert(!isSecret(["target", "base_url"]));
  assert(!isSecret(["scenarios", "token_refresh", "rate"]));
  assert(!isSecret(["target", "headers"]));
});

Deno.test("maskSecrets() masks by key, by known value, and in URLs", () => {
  const masked = maskSecrets({
    token: "t0k-x",
    headers: { accept: "x" },
    body: ["uses t0k-x inside", 5],
    url: "https://user:pw@host/x",
    on: true,
  }, ["t0k-x", "on"]);
  assertEquals(masked, {
    token: "***",
    headers: { accept: "***" },
    body: ["uses *** inside", 5],
    url: "https://***@host/x",
    on: true,
  });
});

Deno.test("maskLine() stars secrets out and keeps every other column", () => {
  const rows: readonly [string, string][] = [
    ["  token: s3cret", "  token: ******"],
    ['{ token: "a b", rate: 5/s }', '{ token: "* *", rate: 5/s }'],
    ["token: ${T:-abc}", "token: ${T:-***}"],
    ["  authorization: Bearer x # why", "  authorization: ****** * # why"],
    ["url: https://u:p@host/", "url: https://***@host/"],
    ["rate: 50/s", "rate: 50/s"],
  ];
  for (const [line, expected] of rows) assertEquals(maskLine(line), expected);
});

Deno.test("maskLine() never shows a token's value, and keeps the line's length", () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9]{8,20}$/);
  const quote = fc.constantFrom("", '"', "'");
  const key = fc.constantFrom("token", "api_key", "Authorization", "client_secret", "password");
  fc.assert(fc.property(key, quote, secret, (key, quote, secret) => {
    const line = `  {a: 1, ${key}: ${quote}${secret}${quote}, b: 2}`;
    assert(!maskLine(line).includes(secret));
    assertEquals(maskLine(line).length, line.length);
  }));
});

Deno.test("findSecrets() finds texts under secret keys, at any depth, with and without their scheme", () => {
  const found = findSecrets({
    token: "a-token",
    headers: { accept: "text/html", Authorization: "Bearer inner" },
    list: [{ hmac_key: "k1" }, { kid: "public" }],
    secrets: ["s1", "s2"],
    password: "",
    secret_count: 5,
  });
  assertEquals(found, ["a-token", "Bearer inner", "inner", "k1", "s1", "s2"]);
});

Deno.test("findSecrets() finds what looks like a credential in any other text, but not in prose", () => {
  const found = findSecrets({
    name: "token: see the wiki",
    description: "token: see the wiki",
    scenarios: {
      token_refresh: { flow: "http_request", with: { url: "https://h/?api_key=k1k1&x=1" } },
      login: { with: { body: '{"password":"pw-1"}' } },
    },
  });
  assertEquals(found, ["k1k1", "pw-1"]);
});

Deno.test("partsOf() a secret are secrets: the credential of a scheme, a user's password, each cookie", () => {
  assertEquals(partsOf("Bearer abc"), ["Bearer abc", "abc"]);
  const basic = `Basic ${btoa("user:pass-word")}`;
  assertEquals(partsOf(basic), [basic, btoa("user:pass-word"), "user:pass-word", "pass-word"]);
  assertEquals(partsOf("sid=abcd; theme=dark"), ["sid=abcd; theme=dark", "abcd", "dark"]);
  assertEquals(partsOf("sid=abcd"), ["sid=abcd"], "one pair by itself is no list of cookies");
  assertEquals(partsOf(""), []);
});

const MISSPELT: readonly [string, string][] = [
  ["target: { base_url: https://a, tokn: hunter-two }", "hunter-two"],
  ["target: { base_url: 5, tokn: hunter-two }", "hunter-two"],
  ["target: { base_url: https://a, tokn: 20261127 }", "20261127"],
  ["target: { base_url: https://a, hedaers: { x-key-id: hunter-two } }", "hunter-two"],
  ["target: { base_url: https://a, bearer: b7f39a0c41 }", "b7f39a0c41"],
  ["target: { base_url: https://a, tokn: '${UNSET:-hunter-two}' }", "hunter-two"],
];
for (const [target, secret] of MISSPELT) {
  Deno.test(`a problem shows no secret behind a misspelt key: ${target}`, () => {
    const text = `${target}
scenarios:
  list: { flow: list_certificates, rate: 50/s, duration: 5m }
`;
    const loaded = loadPlan({ source: "plan.yaml", text, env: {}, catalogue, readFile: () => "" });
    if (loaded.ok) throw new Error("the plan passed");
    assert(loaded.problems.some(({ message }) => message.includes("unknown key")));
    assert(!JSON.stringify(loaded.problems).includes(secret), JSON.stringify(loaded.problems));
    assert(!renderProblems(loaded.problems).includes(secret));
    assert(loaded.secrets.includes(secret), "the process hides it from then on");
  });
}

Deno.test("what stands behind a misspelt key and is no secret is shown", () => {
  for (const line of ["rat: 50/s", "duraton: 5m", "flw: list_certificates"]) {
    const text = `target: { base_url: https://a }
scenarios: { list: { ${line} } }
`;
    const loaded = loadPlan({ source: "plan.yaml", text, env: {}, catalogue, readFile: () => "" });
    assert(!loaded.ok && renderProblems(loaded.problems).includes(line));
  }
});

Deno.test("what a step captures under a secret's name is a name and a place; what it sends there is the secret", () => {
  const step = {
    headers: { Authorization: "Bearer {token}", "X-Key": "k3y-{token}" },
    body: { password: "pa55word", capture: { secret: "pa55phrase" } },
    capture: { token: { json: "/data/token" } },
  };
  const plan = { scenarios: [{ with: { steps: [step], setup: [step] } }] };
  assertEquals(findSecrets(plan), ["pa55word", "pa55phrase"]);
  assertEquals(maskSecrets(plan), {
    scenarios: [{
      with: Object.fromEntries(["steps", "setup"].map((list) => [list, [{
        headers: { Authorization: "Bearer {token}", "X-Key": "***" },
        body: { password: "***", capture: { secret: "***" } },
        capture: { token: { json: "/data/token" } },
      }]])),
    }],
  });
  // Elsewhere braces are as much a secret as any other text.
  assertEquals(findSecrets({ target: { token: "{token}" } }), ["{token}"]);
});
