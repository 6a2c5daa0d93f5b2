import { hasLink } from "../../src/acme/link.ts";
import { assertEquals } from "../assert.ts";

Deno.test("hasLink() finds a relation as RFC 8288 has it written", () => {
  for (
    const header of [
      '<https://ca.test/dir>;rel="index"',
      "<https://ca.test/dir>; rel=index",
      "<https://ca.test/dir> ; REL = Index",
      '</up>;rel="up", <https://ca.test/dir>;rel="index"',
      '<a;rel="x",b>; title="a, \\"<b>;"; rel="up index"',
      "<a>; anchor; rel=index",
    ]
  ) assertEquals(hasLink(header, "index"), true, header);
});

Deno.test("hasLink() finds none where none is", () => {
  for (
    const header of [
      "",
      "index",
      '<a;rel="index">',
      '<a>;title=";rel=index"',
      '<a>;rel="indexes"',
      '<a>;rel="ind',
      "<a",
      "<a>;rev=index",
      'https://ca.test/dir;rel="index"',
    ]
  ) assertEquals(hasLink(header, "index"), false, header);
});
