/** Values taken out of answers: JSON pointers, patterns, and captures over bodies that are nearly JSON. */
import fc from "fast-check";
import { type Capture, captureFrom } from "../../src/http/capture.ts";
import { followPointer, JSON_POINTER, parsePointer } from "../../src/http/json_pointer.ts";
import { compilePattern, loadPatterns } from "../../src/http/pattern.ts";
import { assert, assertEquals } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";
import { octetsLike, textLike } from "./mutate.ts";
import { type AnyTarget, fuzzTarget } from "./target.ts";

await loadPatterns();

const encoder = new TextEncoder();

const POINTERS = [
  "",
  "/",
  "/a~1b/0",
  "/items/0/id",
  "/m~0n",
  "/~01",
  "/__proto__/x",
  "/items/-",
  "/items/01",
  "/items/length",
];

const PATTERNS = [
  String.raw`id=(\d+)`,
  '"token":"([^"]+)"',
  "(?i)(a|b)*c",
  "(a+)+$",
  String.raw`(\p{L}{2,5})`,
  "^(?:.*)([[:alpha:]])",
  "(?:x{2,10}){3}(y)?",
];

const BODY =
  '{"items":[{"id":17,"n":9007199254740993},null],"a/b":["x"],"":{"m~n":false},"token":"t"}';

const pointer = textLike(fc.constantFrom(...POINTERS), 60, ["/", "~", "~0", "~1", "0", "-"]);
const pattern = textLike(fc.constantFrom(...PATTERNS), 60, [
  "(",
  ")",
  "(?:",
  "*",
  "+",
  "{1000}",
  "{2,}",
  "\\",
  "\\1",
  "[",
  "^",
  "|",
  "(?=",
]);

/** As the RFC says it, letter by letter. */
function isPointer(text: string): boolean {
  if (text === "") return true;
  if (!text.startsWith("/")) return false;
  return [...text].every((letter, at, all) => letter !== "~" || /[01]/.test(all[at + 1] ?? ""));
}

export const captureTargets: readonly AnyTarget[] = [
  fuzzTarget({
    kind: "capture",
    name: "a text is a JSON pointer as RFC 6901 says, and its names put together are the text",
    input: pointer,
    holds: (text) => {
      const tokens = parsePointer(text);
      assertEquals(tokens !== undefined, isPointer(text));
      assertEquals(JSON_POINTER.test(text), isPointer(text));
      const again = tokens?.map((each) => `/${each.replaceAll("~", "~0").replaceAll("/", "~1")}`);
      if (again !== undefined) assertEquals(again.join(""), text);
    },
  }),
  fuzzTarget({
    kind: "capture",
    name: "a JSON pointer leads to a value of the document, or says where its way ends",
    input: fc.tuple(fc.jsonValue(), fc.array(fc.oneof(fc.string(), fc.constantFrom("0", "a")))),
    holds: ([made, tokens]) => {
      const document: unknown = JSON.parse(JSON.stringify(made));
      const found = followPointer(document, tokens);
      if ("value" in found) assert(JSON.stringify(document).includes(JSON.stringify(found.value)));
      else assert(found.missingAt < tokens.length);
    },
  }),
  fuzzTarget({
    kind: "capture",
    name: "a pattern is refused with a sentence, or finds a part of what it reads, in time",
    input: fc.tuple(pattern, fc.string({ unit: "binary", maxLength: 200 }), fc.nat(300)),
    holds: ([source, text, times]) => {
      const compiled = compilePattern(source);
      if (typeof compiled === "object") return assert(compiled.problem.length > 10);
      const read = (text + "aab").repeat(times).slice(0, 65_536);
      const found = compiled(read);
      assert(found === undefined || read.includes(found));
    },
  }),
  fuzzTarget({
    kind: "capture",
    name:
      "a capture of any answer is a text with something in it, or one sentence that fits a message",
    input: fc.tuple(
      octetsLike(fc.constant(encoder.encode(BODY))),
      pointer,
      fc.nat(PATTERNS.length - 1),
    ),
    holds: ([body, path, at]) => {
      const captures: Capture[] = [{ header: "etag" }, { regex: PATTERNS[at]! }];
      if (isPointer(path)) captures.push({ json: path });
      for (const capture of captures) {
        const exchange = { ...exchangeOf({ headers: { etag: "" } }), body };
        const value = captureFrom(exchange, capture);
        if (typeof value === "string") assert(value !== "");
        else {assert(
            value.missing.length < 600 && !/\p{Cc}/u.test(value.missing),
            value.missing,
          );}
      }
    },
  }),
];
