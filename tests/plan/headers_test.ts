import fc from "fast-check";
import { headers, mergeHeaders } from "../../src/plan/headers.ts";
import { unsendable } from "../../src/http/own/http1/request.ts";
import { anyCharacter } from "../any_character.ts";
import { assert, assertEquals } from "../assert.ts";
import { complaints, planOf } from "./catalogue.ts";

function planWith(map: string): string {
  return `target: { base_url: https://x }
scenarios:
  list: { flow: list_certificates, users: 1, duration: 1s }
server_metrics:
  url: /metrics
  headers: ${map}
`;
}

Deno.test("a header replaces the earlier one of its name, whatever their case, and is spelt as it is itself", () => {
  assertEquals(mergeHeaders({ "content-type": "a", accept: "b" }, { "Content-Type": "c" }), {
    "Content-Type": "c",
    accept: "b",
  });
});

Deno.test("merged headers have each name once, with the value that came last", () => {
  const names = fc.constantFrom("accept", "Accept", "ACCEPT", "x-a", "X-A", "etag", "__proto__");
  const map = fc.uniqueArray(fc.tuple(names, fc.string()), { selector: ([name]) => name })
    .map((fields) => Object.fromEntries(fields));
  fc.assert(fc.property(fc.array(map), (maps) => {
    const merged = Object.entries(mergeHeaders(...maps));
    const lower = merged.map(([name]) => name.toLowerCase());
    const all = maps.flatMap((each) => Object.entries(each));
    assertEquals(new Set(lower).size, lower.length);
    assertEquals(new Set(lower), new Set(all.map(([name]) => name.toLowerCase())));
    for (const [name, value] of merged) {
      const last = all.findLast((each) => each[0].toLowerCase() === name.toLowerCase());
      assertEquals([name, value], last);
    }
  }));
});

Deno.test("whatever can be a plan's header can be sent, and what cannot be sent cannot be one", () => {
  const url = new URL("https://server.test/");
  const isSendable = (given: Record<string, string>): boolean =>
    unsendable({ method: "GET", url, headers: given }) === undefined;
  const letters = fc.string({ unit: anyCharacter, maxLength: 8 });
  const name = fc.oneof(
    letters,
    fc.constantFrom("Host", "content-length", "Transfer-Encoding", "CONNECTION", "x-fine"),
  );
  fc.assert(
    fc.property(name, letters, (name, value) => {
      const given = Object.fromEntries([[name, value]]);
      if (name === "__proto__") return;
      assertEquals(headers().safeParse(given).success, isSendable(given));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("every header that cannot be sent is a problem at its own place", () => {
  const map = `
    x y: a
    é: a
    Host: a
    x-value: "a\\r\\nEvil: yes"
    x-nul: "a\\0"
    x-euro: 5 €
    x-number: 5
    x-fine: 'tab	é'`;
  assertEquals(complaints(planWith(map)), [
    '7:5 "x y" must be a header name: letters, digits and - without spaces',
    '8:5 "é" must be a header name: letters, digits and - without spaces',
    '9:5 "Host" cannot be set: certload writes this header itself',
    "10:14 `x-value` must be one line of Latin-1 text without control characters",
    "11:12 `x-nul` must be one line of Latin-1 text without control characters",
    "12:13 `x-euro` must be one line of Latin-1 text without control characters",
    "13:15 `x-number` must be text [put quotes around it]",
  ]);
});

Deno.test("a header given twice in two spellings is a problem at the second, beside other problems", () => {
  assertEquals(complaints(planWith("{ X-A: a, x b: c, x-a: d }")), [
    '6:22 "x b" must be a header name: letters, digits and - without spaces',
    "6:30 `x-a` is `X-A` again: header names are one whatever their case",
  ]);
});

Deno.test("a plan's own header replaces the target's and the token, in whatever case", () => {
  const text = planWith("{ Authorization: Basic eA==, X-A: 2 }").replace(
    "https://x",
    "https://x, token: tok, headers: { x-a: '1', x-b: '1' }",
  ).replace("X-A: 2", "X-A: '2'");
  assertEquals(planOf(text).serverMetrics?.headers, {
    Authorization: "Basic eA==",
    "X-A": "2",
    "x-b": "1",
  });
});

Deno.test("headers that are left out are none", () => {
  const parsed = headers().parse(undefined);
  assert(Object.keys(parsed).length === 0);
});

Deno.test("headers without anything in them are a problem with a place", () => {
  for (const nothing of ["", "null", "~"]) {
    const told = complaints(planWith(nothing));
    assertEquals(told, ["6:12 `headers` must be a map of keys: got nothing"]);
  }
});
