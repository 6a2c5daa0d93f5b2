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
  assertEquals(complaints("a: 'x${} ${}'\nb: ${1X}\nc: ${X:-{id}\nd: ${X\ne: ${X:-${Y:-${}}}"), [
    '1:6+3 cannot read the variable in "${}"',
    '2:4+5 cannot read the variable in "${1X}"',
    '3:4+9 cannot read the variable in "${X:-{id}": its closing } is missing',
    '4:4+3 cannot read the variable in "${X"',
    '5:14+3 cannot read the variable in "${}"',
  ]);
});

Deno.test("a default may hold braces in pairs, dollar signs and variables of its own", () => {
  const text = 'a: ${X:-{id}.x}\nb: \'${X:-{"n": {"m": 1}}} end\'\nc: ${X:-${Y:-${Z}$$1}}\n';
  assertEquals(filled(text, { Z: "z" }), { a: "{id}.x", b: '{"n": {"m": 1}} end', c: "z$1" });
  assertEquals(filled(text, { Y: "y", Z: "z" }), {
    a: "{id}.x",
    b: '{"n": {"m": 1}} end',
    c: "y",
  });
  assertEquals(filled(text, { X: "x" }), { a: "x", b: "x end", c: "x" });
});

Deno.test("variables in each other's defaults go ten deep and no deeper", () => {
  const nested = (depth: number) => "a: '" + "${A:-".repeat(depth) + "b" + "}".repeat(depth) + "'";
  assertEquals(filled(nested(10)), { a: "b" });
  assertEquals(complaints(nested(100_000)).map((each) => each.replace(/.*: /, "")), [
    "nested too deeply",
  ]);
});

Deno.test("an unquoted variable is what YAML makes of its value, a quoted one is text", () => {
  const kinds = (value: string) => filled("a: ${X}\nb: '${X}'\nc: |-\n  ${X}\n", { X: value });
  const values: [string, unknown][] = [
    ["5", 5],
    ["-1.5", -1.5],
    ["1e3", 1000],
    ["true", true],
    ["False", false],
    ["null", null],
    ["x", "x"],
    ["1.2.3", "1.2.3"],
    [".inf", ".inf"],
    ["---", "---"],
    ["- 5", "- 5"],
    ["[5]", "[5]"],
    ["12345678901234567890", "12345678901234567890"],
  ];
  for (const [value, read] of values) {
    assertEquals(kinds(value), { a: read, b: value, c: value }, value);
  }
  assertEquals(filled("a: ${X:-}\nb: '${X:-}'\nc: 1${Y}0\n", { Y: "2" }), {
    a: null,
    b: "",
    c: 120,
  });
});

Deno.test("a text of dollar signs, braces and variables comes out as a shell would have it", () => {
  type Piece = readonly [written: string, meant: string];
  const plain = fc.string({ unit: fc.constantFrom("a", " ", ":", "-", '"', "é"), maxLength: 5 })
    .map((text): Piece => [text, text]);
  const { piece } = fc.letrec<{ piece: Piece; list: Piece }>((tie) => ({
    piece: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      plain,
      fc.constant<Piece>(["$$", "$"]),
      fc.constant<Piece>(["${SET}", "value"]),
      tie("list").map(([written, meant]): Piece => [`{${written}}`, `{${meant}}`]),
      tie("list").map(([written, meant]): Piece => [`\${UNSET:-${written}}`, meant]),
      tie("list").map(([written]): Piece => [`\${SET:-${written}}`, "value"]),
    ),
    list: fc.array(tie("piece"), { maxLength: 3 }).map((pieces): Piece => [
      pieces.map(([written]) => written).join(""),
      pieces.map(([, meant]) => meant).join(""),
    ]),
  }));
  fc.assert(fc.property(piece, ([written, meant]) => {
    const text = `a: ${JSON.stringify(written)}\n`;
    assertEquals(filled(text, { SET: "value" }), { a: meant });
  }));
});

Deno.test("variables that come to megabytes are a problem, told once", () => {
  const text = `a: [${"'${X}', ".repeat(100)}]\n`;
  assertEquals(complaints(text, { X: "x".repeat(100_000) }), [
    "1:334+1 the variables come to more than 4194304 characters here",
  ]);
});

Deno.test("the default of a variable with a secret's name is a secret too", () => {
  const document = parseDocument("a: ${API_KEY:-hunter2}\nb: ${X:-plain}\n", "p.yaml");
  assert(document.ok);
  assertEquals(interpolate(document.root, {}).secrets, ["hunter2"]);
  assertEquals(filled("a: ${API_KEY:-12345}\nb: ${X:-12345}\n"), { a: "12345", b: 12345 });
});

Deno.test("a value cannot bring structure or another variable with it", () => {
  fc.assert(fc.property(fc.string({ minLength: 1 }), (value) => {
    assertEquals(filled('a: {b: "${X}"}\n', { X: value }), { a: { b: value } });
    const { a, ...more } = filled("a: ${X}\n", { X: value }) as Record<string, unknown>;
    assertEquals(more, {});
    if (a !== value) assertEquals(["number", "boolean"].includes(typeof a) || a === null, true);
  }));
  assertEquals(filled("a: ${X}", { X: "${Y}\nb: 1" }), { a: "${Y}\nb: 1" });
});
