import { compilePattern, loadPatterns, type Pattern } from "../../src/http/pattern.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";

await loadPatterns();

function patternOf(source: string): Pattern {
  const pattern = compilePattern(source);
  if (typeof pattern === "object") throw new Error(pattern.problem);
  return pattern;
}

Deno.test("the group of the first match is given", () => {
  assertEquals(patternOf(String.raw`id=(\d+)`)("id=x id=12 id=13"), "12");
  assertEquals(patternOf('name="csrf" value="([^"]+)"')('<i name="csrf" value="a.b">'), "a.b");
  assertEquals(patternOf("(?i)token: (?P<token>[a-z]+)")("TOKEN: ABC"), "ABC");
});

Deno.test("there is nothing where nothing matches, and where the group has no part in the match", () => {
  assertEquals(patternOf("a(b)")("ac"), undefined);
  assertEquals(patternOf("a|(b)")("a"), undefined);
});

Deno.test("a pattern has one group", () => {
  for (const source of ["ab", "(a)(b)", "(?:a)", "((a))"]) {
    const pattern = compilePattern(source);
    assert(typeof pattern === "object", source);
    assertStringIncludes(pattern.problem, "must have one group");
  }
});

Deno.test("what is no pattern of RE2's is told with its reason", () => {
  const wrong = { "(a": "missing closing )", "(a)\\1": "\\1", "(?=a)(b)": "(?=", "[(": "]" };
  for (const [source, reason] of Object.entries(wrong)) {
    const pattern = compilePattern(source);
    assert(typeof pattern === "object", source);
    assertStringIncludes(pattern.problem, reason);
  }
});

Deno.test("a pattern that would cost much for each letter is refused", () => {
  const pattern = compilePattern(String.raw`(\w{1,1000}\d{1,1000})!`);
  assert(typeof pattern === "object");
  assertStringIncludes(pattern.problem, "too large");
});

Deno.test("patterns that cost a backtracking engine for ever are done with before a test gives up", () => {
  const text = "a".repeat(65_536) + "!";
  for (const source of ["(?:a+)+(!)$x?b", "(?:a|a)*(b)", "(.*.*.*.*.*x)", "(?:(?:a*)*)*(c)$"]) {
    assertEquals(patternOf(source)(text), undefined, source);
  }
});
