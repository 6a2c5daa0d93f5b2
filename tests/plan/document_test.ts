import { formatDocument, parseDocument } from "../../src/plan/document.ts";
import { nodeAt, toData } from "../../src/plan/tree.ts";
import { assert, assertEquals, assertLess } from "../assert.ts";
import { cpuMsOf } from "../cpu.ts";

function read(text: string): unknown {
  const document = parseDocument(text, "p.yaml");
  assert(document.ok, document.ok ? "" : document.problems[0]?.message);
  return toData(document.root);
}

function complaints(text: string): string[] {
  const document = parseDocument(text, "p.yaml");
  if (document.ok) return [];
  return document.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

Deno.test("parseDocument() reads values of every kind", () => {
  assertEquals(read("a: 1\nb: [x, true, null]\nc: {d: 'e'}\n5: |\n  f\n  g\n"), {
    a: 1,
    b: ["x", true, null],
    c: { d: "e" },
    5: "f\ng\n",
  });
});

Deno.test("parseDocument() keeps the place of each key and value", () => {
  const document = parseDocument("a:\n  b: [1, 'two']\n", "p.yaml");
  assert(document.ok);
  const node = nodeAt(document.root, ["a", "b", 1]);
  assertEquals(node?.span, {
    file: "p.yaml",
    line: 2,
    column: 10,
    length: 5,
    excerpt: "  b: [1, 'two']",
  });
  assertEquals(nodeAt(document.root, ["a", "b"])?.keySpan?.column, 3);
});

Deno.test("aliases stand for what they name, and << adds keys that are missing", () => {
  assertEquals(read("a: &x {p: 1, q: 2}\nb: *x\nc: {<<: *x, q: 3}\nd: {<<: [*x, {r: 4}]}\n"), {
    a: { p: 1, q: 2 },
    b: { p: 1, q: 2 },
    c: { q: 3, p: 1 },
    d: { p: 1, q: 2, r: 4 },
  });
});

Deno.test("what is not YAML is told with its place, the first thing of each line", () => {
  assertEquals(complaints("a: [1\nb: 2\n"), [
    "2:1 not YAML: flow sequence in block collection must be sufficiently indented and end with a ]",
  ]);
  assertEquals(complaints("\ta: 1\n"), ["1:1 not YAML: tabs are not allowed as indentation"]);
  assertEquals(complaints("a: 1\n---\nb: 2\n"), [
    "2:1 a plan is one YAML document: here a second one starts",
  ]);
  assertEquals(complaints("a: !secret x\n"), ["1:4 not YAML: unresolved tag: !secret"]);
});

Deno.test("an unquoted variable inside brackets is told to be quoted", () => {
  const document = parseDocument("a: {b: ${C:-d}}\n", "p.yaml");
  assertEquals(
    document.ok ? [] : document.problems.map(({ hint }) => hint),
    ['inside { } or [ ], put quotes around "${...}"'],
  );
});

Deno.test("a key given twice, a list as a key and an unknown alias are problems", () => {
  assertEquals(complaints("a: 1\nb: 2\na: 3\n"), ["3:1 `a` is given twice, first on line 1"]);
  assertEquals(complaints("? [a]\n: 1\n"), ["1:3 a key must be a plain word"]);
  assertEquals(complaints("a: *b\n"), ["1:4 no anchor `&b` stands before this"]);
  assertEquals(complaints("a: {__proto__: 5}\n"), ["1:5 `__proto__` cannot be a key"]);
  assertEquals(complaints("a: {<<: 5}\n"), ["1:9 `<<` takes a map, or a list of maps"]);
});

Deno.test("a number that would lose digits is told to be quoted", () => {
  assertEquals(complaints("a: 9007199254740991\nb: 9007199254740993\nc: '9007199254740993'\n"), [
    "2:4 the number has more digits than can be kept: put quotes around it",
  ]);
});

Deno.test("nothing at all is told to be nothing", () => {
  for (const text of ["", "\n", "# only a comment\n", "null\n"]) {
    assertEquals(complaints(text).map((each) => each.slice(4)), ["the plan is empty"], text);
  }
});

Deno.test("a text that would grow without bound is refused", () => {
  const levels = Array.from({ length: 9 }, (_, n) => {
    const items = Array(9).fill(n === 0 ? "lol" : `*a${n - 1}`).join(", ");
    return `a${n}: &a${n} [${items}]`;
  });
  assertEquals(complaints(levels.join("\n")).map((each) => each.replace(/^\S+ /, "")), [
    "more than 20000 values, aliases expanded",
  ]);
  assertEquals(complaints("a: &x [*x]\n").map((each) => each.slice(4)), ["nested too deeply"]);
  assertEquals(complaints("[".repeat(5000)), [
    "undefined:undefined the plan is nested too deeply to be read",
  ]);
  assertEquals(complaints("x".repeat(2_000_000)).length, 1);
});

Deno.test("as many keys as fit are read in a moment", () => {
  const text = Array.from({ length: 19_000 }, (_, n) => `k${n}: 1\n`).join("");
  const tookMs = cpuMsOf(() => assertEquals(Object.keys(read(text) as object).length, 19_000));
  assertLess(tookMs, 5_000);
});

Deno.test("thousands of aliases are read in a moment, the anchor before each being meant", () => {
  const anchors = Array.from({ length: 6000 }, (_, n) => `&a${n} ${n}`).join(", ");
  const aliases = Array.from({ length: 6000 }, (_, n) => `*a${n}`).join(", ");
  let b: number[] = [];
  const tookMs = cpuMsOf(() => {
    ({ b } = read(`a: [${anchors}]\nb: [${aliases}]\n`) as { b: number[] });
  });
  assertEquals(b, Array.from({ length: 6000 }, (_, n) => n));
  assertLess(tookMs, 5_000);
  assertEquals(read("a: [&x 1, *x, &x 2, *x]\n"), { a: [1, 1, 2, 2] });
  assertEquals(complaints("a: *x\nb: &x 1\n"), ["1:4 no anchor `&x` stands before this"]);
});

Deno.test("a long text in many places counts in each", () => {
  const text = `a: &a ${"b ".repeat(100_000)}\nc: [${"*a, ".repeat(100)}]\n`;
  assertEquals(complaints(text).map((each) => each.replace(/^\S+ /, "")), [
    "more than 4194304 characters, aliases expanded",
  ]);
});

Deno.test("formatDocument() writes what can be seen, and it is read as what it was", () => {
  const texts = [
    "plain",
    "two\nlines\n",
    "a\u200d\u2028b",
    "- \u0085\n\ttab\n",
    "\u{e0001} \u202e",
    "\u00ad: # x",
    "\\u200d",
    "\r\n",
  ];
  const text = formatDocument(Object.fromEntries(texts.map((each) => [each, [each]])));
  assert(!/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/u.test(text), text);
  const document = parseDocument(text, "");
  assert(document.ok, text);
  assertEquals(toData(document.root), Object.fromEntries(texts.map((each) => [each, [each]])));
});
