import fc from "fast-check";
import { parseExposition } from "../../src/metrics/exposition.ts";
import { anyCharacter } from "../any_character.ts";
import { assertEquals, assertLess } from "../assert.ts";
import { cpuMsOf } from "../cpu.ts";

/** Name, labels and value of the one sample in a line; how many lines were unread where there is none. */
function one(line: string): unknown {
  const { samples: [sample], unread } = parseExposition(line);
  return sample ? [sample.name, sample.labels, sample.value] : unread.count;
}

Deno.test("a sample is a name, labels if any, a value, and a timestamp if any", () => {
  assertEquals(one("up 1"), ["up", {}, 1]);
  assertEquals(one("a:b_c1 -2.5e3 1395066363000"), ["a:b_c1", {}, -2500]);
  assertEquals(one("a{} .5"), ["a", {}, 0.5]);
  assertEquals(one('a{b="c"}3'), ["a", { b: "c" }, 3]);
  assertEquals(one('  a { b = "c" , d="e", } \t 3 \r'), ["a", { b: "c", d: "e" }, 3]);
});

Deno.test("OpenMetrics has fractions in timestamps, and exemplars", () => {
  assertEquals(one("a_total 17.0 1520879607.789"), ["a_total", {}, 17]);
  assertEquals(one('a_total{x="y"} 17 # {id="1"} 0.5'), ["a_total", { x: "y" }, 17]);
  assertEquals(one('a_bucket{le="1"} 4 12.5 # {id="} #"} 0.5 1.25'), ["a_bucket", { le: "1" }, 4]);
  assertEquals(one("a_total 17 # {} 1"), ["a_total", {}, 17]);
});

Deno.test("label values are unescaped, and may hold whatever ends a label elsewhere", () => {
  assertEquals(one('a{b="x\\"}, {\\\\n\\n"} 1'), ["a", { b: 'x"}, {\\n\n' }, 1]);
  const anyLabels = fc.dictionary(
    fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,5}$/),
    fc.string({ unit: anyCharacter, maxLength: 8 }).filter((text) => !text.includes("\r")),
    { maxKeys: 4 },
  );
  const escaped = (text: string): string =>
    text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  fc.assert(fc.property(anyLabels, fc.double(), fc.boolean(), (labels, value, exemplar) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    const number = Number.isFinite(value) ? String(value) : String(value).replace("inity", "");
    const tail = exemplar ? ' # {trace_id="}"} 1' : "";
    const { samples, unread } = parseExposition(`m{${pairs.join(",")}} ${number}${tail}\n`);
    assertEquals(unread.count, 0);
    assertEquals(Object.entries(samples[0]!.labels), Object.entries(labels));
    assertEquals(Object.is(samples[0]!.value, value) || value === 0, true);
  }));
});

Deno.test("infinities and NaN are values", () => {
  assertEquals(
    ["+Inf", "-Inf", "Inf", "NaN"].map((text) => parseExposition(`a ${text}`).samples[0]!.value),
    [
      Infinity,
      -Infinity,
      Infinity,
      NaN,
    ],
  );
});

Deno.test("what is no sample is counted with the first such line, and costs no other", () => {
  const bad = [
    "a",
    "a b",
    'a{b="c} 1',
    "a{b} 1",
    "1a 1",
    "a 1 x",
    "a 1 2 3",
    "a 1 # x",
    "a 0x10",
    "<html>",
  ];
  for (const line of bad) assertEquals(one(line), 1, line);
  const { samples, unread } = parseExposition(`a 1\n${bad.join("\n")}\nb 2\n\n# a comment\n`);
  assertEquals(samples.map(({ name }) => name), ["a", "b"]);
  assertEquals(unread, { count: bad.length, first: "a" });
});

Deno.test("types are those that are declared, and # EOF ends the text", () => {
  const { types, samples, ended } = parseExposition(
    "# HELP a b\n# TYPE a counter\na_total 1\n# EOF\nb 2",
  );
  assertEquals([types.get("a"), samples.length, ended], ["counter", 1, true]);
  assertEquals(parseExposition("a 1").ended, false);
});

Deno.test("a line of half a megabyte is read or refused in a time that grows with its length alone", () => {
  for (const filling of ['"', "{", "}", "a", " ", "\\", 'b="c",', "#", "1"]) {
    const long = filling.repeat(500_000 / filling.length);
    const tookMs = cpuMsOf(() => {
      parseExposition(`a{${long}`);
      parseExposition(`a ${long}`);
    });
    assertLess(tookMs, 2_000, filling);
  }
});

Deno.test("a name and its value stand apart, by a blank, a tab or labels", () => {
  assertEquals([one("a\t1"), one("a 1"), one("a{}1")], [["a", {}, 1], ["a", {}, 1], ["a", {}, 1]]);
  assertEquals([one("a+1"), one("a.5"), one("a-Inf")], [1, 1, 1]);
});
