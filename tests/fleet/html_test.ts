import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { fleetHtml } from "../../src/fleet/html.ts";
import type { FleetReport } from "../../src/fleet/document.ts";
import { ANSWER, measured } from "./measured.ts";

function page(change: Partial<FleetReport> = {}, answer = ANSWER): string {
  const report = measured(answer);
  return fleetHtml({ ...report, ...change }, report.measured);
}

Deno.test("fleetHtml() has the sentence before any table, each demand, and a section for each search", () => {
  const text = page();
  const sentence = text.indexOf("holds 50,000 certificates of 47d in all 7 shapes of demand");
  assert(sentence > 0 && sentence < text.indexOf("<table"));
  const [, headroom = ""] = text.split('<table class="headroom">');
  assertEquals(headroom.split("</table>")[0]!.match(/<tr class=/g)?.length, 8);
  for (const title of ["Headroom", "Levels of mix 1", "Levels of mix 2", "Inventory", "Sources"]) {
    assertStringIncludes(text, `<h2>${title}</h2>`);
  }
});

Deno.test("fleetHtml() leads to every section that there is, and asks for nothing outside itself", () => {
  const text = page();
  const targets = Array.from(text.matchAll(/<a href="#([^"]+)">/g), ([, id]) => id!);
  const sections = Array.from(text.matchAll(/<section id="([^"]+)">/g), ([, id]) => id!);
  assertEquals(targets, sections);
  assertEquals(text.match(/<(?:script|img|iframe|object|embed)[^>]+src=/g), null);
  assertEquals(text.match(/@import|url\(|<a href="http/g), null);
});

Deno.test("fleetHtml() runs nothing that a server or a plan has said", () => {
  const evil = "<script>alert(1)</script>";
  const text = page({ plan: evil }, { ...ANSWER, why: evil });
  assert(!text.includes(evil));
  assertStringIncludes(text, "&lt;script&gt;alert(1)&lt;/script&gt;");
});
