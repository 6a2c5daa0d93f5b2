import fc from "fast-check";
import { parseDocument } from "../../src/plan/document.ts";
import { type Environment, interpolate } from "../../src/plan/interpolate.ts";
import { toData } from "../../src/plan/tree.ts";
import { assert, assertEquals } from "../assert.ts";

function filled(text: string, env: Environment = {}): unknown {
  const document = parseDocument(text, "p.yaml");
  assert(document.ok);
  const { root, problems } = interpolate(document.root, env);
  assertEquals(problems, []);
  return toData(root);
}

function complaints(text: string, env: Environment = {}): string[] {
  const document = parseDocument(text, "p.yaml");
  assert(document.ok);
  return interpolate(document.root, env).problems.map(({ line, column, length, message }) =>
    `${line}:${column}+${length} ${message}`
  );
}

Deno.test("${NAME} is the variable's value, anywhere in a text", () => {
  assertEquals(filled("a: https://${H}:${P}/x\nb: ['${H}']\n", { H: "h", P: "1" }), {
    a: "https://h:1/x",
    b: ["h"],
  });
});

Deno.test("${NAME:-text} is the text where the variable is unset or empty", () => {
  const text = "a: ${X:-https://localhost:8443}\nb: '${Y:-}'\n";
  assertEquals(filled(text, { X: "" }), { a: "https://localhost:8443", b: "" });
  assertEquals(filled(text, { X: "set" }), { a: "set", b: "" });
});

Deno.test("$$ is a dollar sign, and a dollar sign before anything else stays", () => {
  assertEquals(filled("a: $${X} costs $5, $X"), { a: "${X} costs $5, $X" });
});

Deno.test("a variable that is set to nothing is nothing", () => {
  assertEquals(filled("a: x${X}y", { X: "" }), { a: "xy" });
});

Deno.test("a variable without value or default is a problem at its very place", () => {
  assertEquals(complaints('a: b\nc: "x ${NO_SUCH} y ${OTHER}"\n'), [
    "2:7+10 the variable NO_SUCH is not set",
    "2:20+8 the variable OTHER is not set",
  ]);
});

Deno.test("what looks like a variable and is none is a problem", () => {
  assertEquals(complaints("a: 'x${}'\nb: ${1X}\nc: ${X:-${Y}}\nd: ${X"), [
    '1:6+3 cannot read the variable in "${}"',
    '2:4+5 cannot read the variable in "${1X}"',
    '3:4+9 cannot read the variable in "${X:-${Y}"',
    '4:4+3 cannot read the variable in "${X"',
  ]);
});

Deno.test("a value cannot bring structure, another variable or another type with it", () => {
  fc.assert(fc.property(fc.string({ minLength: 1 }), (value) => {
    assertEquals(filled('a: ${X}\nb: {c: "${X}"}\n', { X: value }), { a: value, b: { c: value } });
  }));
  assertEquals(filled("a: ${X}", { X: "${Y}\nb: 1" }), { a: "${Y}\nb: 1" });
});
