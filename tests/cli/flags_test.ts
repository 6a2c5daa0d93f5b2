import { type CommandLine, type FlagSpec, helpText, parseLine } from "../../src/cli/flags.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";

const FLAGS: readonly FlagSpec[] = [
  { name: "out", value: "DIR", help: "where" },
  { name: "only", value: "NAMES", many: true, help: "which" },
  { name: "quiet", short: "q", help: "less" },
];

const SPEC = { flags: FLAGS, positionals: ["PLAN"] };

function parsed(...args: string[]): CommandLine {
  const result = parseLine(args, SPEC);
  assert(result.ok, JSON.stringify(result));
  return result.line;
}

function problems(...args: string[]): readonly string[] {
  const result = parseLine(args, SPEC);
  return result.ok ? [] : result.problems;
}

Deno.test("parseLine() takes flags before and after the plan, with a space or an equals sign", () => {
  for (const args of [["--out", "x", "plan.yaml"], ["plan.yaml", "--out=x"]]) {
    const line = parsed(...args);
    assertEquals([line.positionals, line.value("out")], [["plan.yaml"], "x"]);
  }
});

Deno.test("parseLine() keeps all values of a repeatable flag, and understands short switches", () => {
  const line = parsed("p", "--only", "a", "--only", "b,c", "-q");
  assertEquals([line.values("only"), line.has("quiet")], [["a", "b,c"], true]);
});

Deno.test("parseLine() keeps a value that looks like a number as it was written", () => {
  assertEquals(parsed("007", "--out", "1e3").positionals, ["007"]);
  assertEquals(parsed("007", "--out", "1e3").value("out"), "1e3");
});

Deno.test("parseLine() tells every problem at once, unknown flags with the near miss", () => {
  const found = problems("--quite", "--out", "a", "--out", "b", "p", "extra");
  assertEquals(found.length, 3, found.join("\n"));
  assertStringIncludes(found.join("\n"), "did you mean --quiet?");
  assertStringIncludes(found.join("\n"), "2 times");
  assertStringIncludes(found.join("\n"), '"extra"');
});

Deno.test("parseLine() misses the plan, and a value that was left out", () => {
  assertStringIncludes(problems().join(), "missing PLAN");
  assertStringIncludes(problems("p", "--out").join(), "--out needs a value: --out DIR");
});

Deno.test("an empty value is told once, and a switch with a value is told", () => {
  assertEquals(problems("p", "--out", ""), ["--out needs a value: --out DIR"]);
  assertEquals(problems("p", "--quiet=false"), [
    "--quiet takes no value: give it, or leave it out",
  ]);
});

Deno.test("the second of two arguments of a kind is missed as another one", () => {
  const merge = { flags: [], positionals: ["SUMMARY", "SUMMARY", "[...]"] };
  const missing = (...args: string[]): unknown => {
    const parsed = parseLine(args, merge);
    return parsed.ok ? [] : parsed.problems;
  };
  assertEquals(missing("a"), ["missing another SUMMARY"]);
  assertEquals(missing(), ["missing SUMMARY and SUMMARY"]);
  assertEquals(missing("a", "b", "c"), []);
});

Deno.test("a flag that swallowed the next one has no value", () => {
  assertStringIncludes(problems("p", "--out", "--quiet").join(), "--out needs a value");
});

Deno.test("helpText() lists every flag with its placeholder", () => {
  const help = helpText("run PLAN [flags]", "Runs.", FLAGS);
  for (const each of ["certload run PLAN", "--out DIR", "-q, --quiet", "which"]) {
    assertStringIncludes(help, each);
  }
});

Deno.test("a dash behind a flag with a value is its value, and elsewhere what it was", () => {
  const flags = [
    { name: "logs", value: "FILE", many: true as const, help: "" },
    { name: "quiet", short: "q", help: "" },
  ];
  const parsed = (...args: string[]): unknown => {
    const result = parseLine(args, { flags, positionals: ["[FILE]", "[...]"] });
    return result.ok ? [result.line.values("logs"), result.line.positionals] : result.problems;
  };
  assertEquals(parsed("--logs", "-", "a", "--logs", "b"), [["-", "b"], ["a"]]);
  assertEquals(parsed("--logs=-"), [["-"], []]);
  assertEquals(parsed("--quiet", "-"), [[], ["-"]]);
  assertEquals(parsed("--", "--logs", "-"), [[], ["--logs", "-"]]);
});
