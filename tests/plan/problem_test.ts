import {
  type Problem,
  problemAt,
  renderProblem,
  sortProblems,
  withoutSecrets,
} from "../../src/plan/problem.ts";
import { assert, assertEquals } from "../assert.ts";

function problem(parts: Partial<Problem> = {}): Problem {
  return {
    file: "plan.yaml",
    line: 7,
    column: 5,
    length: 7,
    excerpt: "    duraton: 5m",
    message: "unknown key `duraton`",
    path: "scenarios.list.duraton",
    ...parts,
  };
}

Deno.test("renderProblem() shows place, line, caret and hint", () => {
  assertEquals(
    renderProblem(problem({ hint: "did you mean `duration`?" })),
    [
      "plan.yaml:7:5: unknown key `duraton`",
      "  7 |     duraton: 5m",
      "    |     ^^^^^^^ did you mean `duration`?",
    ].join("\n"),
  );
});

Deno.test("renderProblem() of a flag has no line to show", () => {
  const flag = {
    file: "--target",
    path: "target.base_url",
    message: "no URL",
    hint: "try https://x",
  };
  assertEquals(renderProblem(flag), "--target: no URL\n  try https://x");
});

Deno.test("renderProblem() keeps tabs before the caret, and shows the part of a long line that matters", () => {
  const tabbed = renderProblem(problem({ excerpt: "a:\tbad", column: 4, length: 3 }));
  assertEquals(tabbed.split("\n")[2], "    |   \t^^^");
  const long = renderProblem(
    problem({ excerpt: `${"x".repeat(5000)}bad`, column: 5001, length: 3 }),
  );
  const [, shown = "", caret = ""] = long.split("\n");
  assert(shown.length < 130);
  assertEquals(shown.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1), "bad");
});

Deno.test("renderProblem() writes nothing that a terminal would obey", () => {
  const text = renderProblem(
    problem({ file: "\x1b]0;x", message: "key \x1b[31m", excerpt: "\x1b[2Jduraton", hint: "\x07" }),
  );
  assert(!/[^\P{Cc}\n]/u.test(text));
});

Deno.test("problemAt() stars out secrets in the line it shows", () => {
  const place = { file: "p", line: 1, column: 1, length: 1, excerpt: "a: {token: s3cret, b: 1}" };
  assertEquals(problemAt(place, ["a", 0, "b"], "m"), {
    ...place,
    excerpt: "a: {token: ******, b: 1}",
    path: "a.0.b",
    message: "m",
  });
});

Deno.test("sortProblems() goes down the file, then through the flags, and drops repetitions", () => {
  const flag = { file: "--set", path: "", message: "m" };
  const sorted = sortProblems([
    flag,
    problem({ line: 9 }),
    problem({ line: 2, column: 9 }),
    problem({ line: 2, column: 1 }),
    problem({ line: 9 }),
  ]);
  assertEquals(sorted.map(({ line, column }) => [line, column]), [
    [2, 1],
    [2, 9],
    [9, 5],
    [undefined, undefined],
  ]);
});

Deno.test("withoutSecrets() hides in all that is said of a problem, and cuts what is longer than 300 characters then", () => {
  const hide = (text: string): string => text.replaceAll("s3cret", "***");
  const said = (message: string): string => withoutSecrets(problem({ message }), hide).message;
  assertEquals(said("x".repeat(300)), "x".repeat(300));
  assertEquals(said("x".repeat(301)), `${"x".repeat(300)}...`);
  assertEquals(said(`s3cret${"x".repeat(297)}`), `***${"x".repeat(297)}`);
  const { file, hint, secrets } = withoutSecrets(
    problem({ file: "s3cret.yaml", hint: "s3cret?", secrets: ["s3cret"] }),
    hide,
  );
  assertEquals([file, hint, secrets], ["***.yaml", "***?", undefined]);
  assertEquals("hint" in withoutSecrets(problem(), hide), false);
});
