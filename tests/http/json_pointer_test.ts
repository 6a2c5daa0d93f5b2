import fc from "fast-check";
import { followPointer, JSON_POINTER, parsePointer } from "../../src/http/json_pointer.ts";
import { assert, assertEquals } from "../assert.ts";

function valueAt(document: unknown, pointer: string): unknown {
  const tokens = parsePointer(pointer);
  assert(tokens !== undefined, pointer);
  const found = followPointer(document, tokens);
  return "value" in found ? found.value : undefined;
}

/** RFC 6901 section 5. */
const DOCUMENT = JSON.parse(String.raw`{
  "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8
}`);

Deno.test("the examples of RFC 6901 section 5 lead where it says", () => {
  const examples: Readonly<Record<string, unknown>> = {
    "": DOCUMENT,
    "/foo": ["bar", "baz"],
    "/foo/0": "bar",
    "/": 0,
    "/a~1b": 1,
    "/c%d": 2,
    "/e^f": 3,
    "/g|h": 4,
    "/i\\j": 5,
    '/k"l': 6,
    "/ ": 7,
    "/m~0n": 8,
  };
  for (const [pointer, value] of Object.entries(examples)) {
    assertEquals(valueAt(DOCUMENT, pointer), value, pointer);
  }
});

Deno.test("~01 is ~1 and no slash (RFC 6901 section 4)", () => {
  assertEquals(parsePointer("/a~01b"), ["a~1b"]);
});

Deno.test("a text is a pointer if it is empty or begins with a slash, and escapes with ~0 and ~1 alone", () => {
  for (const text of ["a", "a/b", "#/a", "/~", "/a~2", "/a~", "$.a", " /a", "~0"]) {
    assertEquals(parsePointer(text), undefined, text);
  }
});

Deno.test("nothing is there but own names, and in lists whole numbers without leading zeros", () => {
  const document = { list: [1, 2], text: "ab" };
  for (
    const pointer of [
      "/list/2",
      "/list/-",
      "/list/-1",
      "/list/01",
      "/list/1.0",
      "/list/ 1",
      "/list/1e0",
      "/list/length",
      "/list/map",
      "/text/0",
      "/text/length",
      "/constructor",
      "/__proto__",
      "/list/0/x",
    ]
  ) {
    assertEquals(valueAt(document, pointer), undefined, pointer);
  }
});

Deno.test("where the way ends is told, with what is there", () => {
  assertEquals(followPointer({ a: [1] }, ["a", "7", "b"]), { missingAt: 1, within: [1] });
});

/** Every value in a document, with the names that lead to it. */
function* placesOf(value: unknown, names: readonly string[] = []): Generator<[string[], unknown]> {
  yield [[...names], value];
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) yield* placesOf(inner, [...names, name]);
}

function pointerOf(names: readonly string[]): string {
  return names.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

Deno.test("every value of a document is found by the pointer that its names make", () => {
  const keys = fc.oneof(fc.constantFrom("", "~", "/", "~1", "a/b", "0", "01", "-"), fc.string());
  const { tree: documents } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue(),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(keys, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(fc.property(documents, (made) => {
    const document: unknown = JSON.parse(JSON.stringify(made));
    for (const [names, value] of placesOf(document)) {
      const pointer = pointerOf(names);
      assertEquals(parsePointer(pointer), names);
      assertEquals(followPointer(document, names), { value });
    }
  }));
});

Deno.test("any text is a pointer that says the same again when it is put together, or none", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }).map((text) => `/${text}`), (text) => {
    const tokens = parsePointer(text);
    assertEquals(tokens !== undefined, JSON_POINTER.test(text));
    if (tokens !== undefined) assertEquals(pointerOf(tokens), text);
  }));
});
