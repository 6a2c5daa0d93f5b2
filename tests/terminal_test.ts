import fc from "fast-check";
import {
  cut,
  foreign,
  foreignLines,
  harmless,
  lastGuard,
  printable,
  quoted,
  takesCommands,
} from "../src/terminal.ts";
import { styleOf } from "../src/report/style.ts";
import { anyCharacter } from "./any_character.ts";
import { assert, assertEquals } from "./assert.ts";

/** What a terminal obeys, or what shows text in another order than it is in. */
const OBEYED = new RegExp(
  "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f" +
    "\\u202a-\\u202e\\u2066-\\u2069\\u2028\\u2029]",
);

const hostile = fc.array(
  fc.oneof(
    fc.constantFrom(
      "\u001b[31m",
      "\u001b]0;title\u0007",
      "\u001b]8;;http://x\u001b\\",
      "\u009b2J",
      "\r",
      "\n",
      "\t",
      "\b",
      "\0",
      "\u202e",
      "\u2066",
      "\u200f",
      "\u061c",
      "\u2028",
      "::error::x",
      "##[error]x",
      " ",
    ),
    fc.string({ unit: anyCharacter, maxLength: 5 }),
  ),
).map((parts) => parts.join(""));

Deno.test("printable() and foreign() are one line that no terminal obeys, whatever was sent", () => {
  fc.assert(fc.property(hostile, (text) => {
    for (const line of [printable(text), foreign(text), foreign(text, 10)]) {
      assert(!OBEYED.test(line) && !/[\n\t]/.test(line), JSON.stringify(line));
    }
  }));
});

Deno.test("harmless() keeps lines and tabs, foreignLines() lines and their indentation", () => {
  fc.assert(fc.property(hostile, (text) => {
    assert(!OBEYED.test(harmless(text)));
    assertEquals(foreignLines(text).split("\n").length, text.split("\n").length);
  }));
  assertEquals(harmless("a\r\nb\tc\u001b"), "a\nb\tc�");
  assertEquals(foreignLines("a:\n    b\tc \n"), "a:\n    b c\n");
});

Deno.test("foreign() hides secrets before it cuts", () => {
  const text = `{"detail":"bad","token":"${"s3cret".repeat(20)}"}`;
  for (let max = 1; max < 60; max++) assert(!foreign(text, max).includes("s3cr"));
});

Deno.test("cut() counts characters, not code units, and says that there was more", () => {
  assertEquals([cut("abc", 3), cut("abcd", 3), cut("😀😀😀", 3)], ["abc", "ab…", "😀😀😀"]);
});

Deno.test("lastGuard() lets lines, tabs and our colours pass, and nothing else that is obeyed", () => {
  const [terminal, file] = [true, false].map((isTerminal) => (text: string) =>
    lastGuard(text, { isTerminal, takesCommands: false })
  );
  const { good, bad, warn, strong, faint } = styleOf(true);
  const own = [good, bad, warn, strong, faint].map((paint) => paint("text")).join("\n\t");
  assertEquals(terminal!(own), own);
  assert(!OBEYED.test(file!(own)));
  fc.assert(fc.property(hostile, (text) => {
    assert(!OBEYED.test(file!(text)));
    // deno-lint-ignore no-control-regex -- our own colours
    assert(!OBEYED.test(terminal!(text).replaceAll(/\u001b\[(?:0|1|2|31|32|33)m/g, "")));
  }));
});

Deno.test("lastGuard() leaves a CI's runner no command", () => {
  const guard = (text: string): string =>
    lastGuard(text, { isTerminal: false, takesCommands: true });
  fc.assert(fc.property(hostile, (text) => {
    for (const line of guard(text).split(/\r?\n/)) {
      assert(!line.trimStart().startsWith("::"), JSON.stringify(line));
      assert(!/##\w*\[/.test(line), JSON.stringify(line));
    }
  }));
  assertEquals(
    guard("a\n  ::set-output name=x::y\n##[error]z\n##vso[task]"),
    [
      "a",
      "  : :set-output name=x::y",
      "# #[error]z",
      "# #vso[task]",
    ].join("\n"),
  );
  const plain = "::error::x";
  assertEquals(lastGuard(plain, { isTerminal: false, takesCommands: false }), plain);
});

Deno.test("commands are taken by GitHub's, Azure's and TeamCity's runners", () => {
  assertEquals(takesCommands({ GITHUB_ACTIONS: "true" }), true);
  assertEquals(takesCommands({ TF_BUILD: "True" }), true);
  assertEquals(takesCommands({ CI: "true" }), false);
});

Deno.test("quoted() spells out what is unseen, and hides secrets before it cuts", () => {
  assertEquals(quoted("a\u001b\u009b\u202e\n"), '"a\\u001b\\u009b\\u202e\\n"');
  assertEquals(quoted("Bearer abc.def-123 x", 12), '"Bearer *** x"');
  assertEquals(quoted("0123456789", 5), '"0123…"');
  fc.assert(fc.property(hostile, (text) => {
    assert(!OBEYED.test(quoted(text)));
    if (!text.includes("//")) assertEquals(JSON.parse(quoted(text)), text);
  }));
});
