import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { fleetDocument, fleetDocumentSchema } from "../../src/fleet/document.ts";
import { fleetHtml } from "../../src/fleet/html.ts";
import { fleetText } from "../../src/fleet/text.ts";
import { widthOf } from "../../src/report/width.ts";
import { ANSWER, measured } from "./measured.ts";

Deno.test("with an answer the document is what the schema says, and has all that it rests on", () => {
  const document = fleetDocument(measured());
  assertEquals(fleetDocumentSchema.parse(document), document);
  assertEquals(document.answer?.enough, "yes");
  assertEquals(document.answer?.rows.map(({ enough }) => enough), [
    ...Array(7).fill("yes"),
    "left_out",
  ]);
  const searches = document.measured!.searches;
  assertEquals(searches.map(({ mix }) => mix.map(({ scenario }) => scenario).join("+")), [
    "create_certificate+tls_handshake",
    "create_certificate+acme_revoke+tls_handshake",
  ]);
  assertEquals(searches[0]!.answer.levels.length, 1);
  assertEquals(document.measured!.inventory?.points[0]?.create_p50_ms, null);
});

Deno.test("with an answer the text has its sentence and its table first", () => {
  const text = fleetText(measured());
  // 212/s by the lower end, of 2 x 26.6/s.
  assertMatch(
    text,
    /The tightest, "one cron minute", needs 53\.2\/s, and 212\/s was held, 4 times/,
  );
  assertMatch(text, /\none cron minute +53\.2\/s +212\/s +4 x +yes +7 min 52 s +server\n/);
  assertMatch(text, /\npolling alone +2\.31\/s +- +- +left out +- +-\n/);
  assertStringIncludes(text, "renewal information.");
  assert(text.indexOf("headroom") < text.indexOf("of the mean"));
  assert(text.endsWith("\n") && !text.includes("undefined") && !text.includes("NaN"));
});

Deno.test("where the generator gave out the sentence says at least", () => {
  const generator = { atLeast: true, high: null, who: "generator", why: "it was late" } as const;
  const text = fleetText(measured({ ...ANSWER, ...generator })).replace(/\s+/g, " ");
  assertStringIncludes(text, "and at least 212/s was held");
  assertStringIncludes(text, "above that the generator gave out, not the server");
  assertMatch(text, />= 212\/s/);
});

Deno.test("a limiter that gave out is one in text, page and data alike", () => {
  const why = "a limiter answered 429 to 31 %: a limit of policy, not of the machine";
  const report = measured({ ...ANSWER, limiter: true, why });
  const text = fleetText(report);
  assertMatch(text, /\none cron minute +53\.2\/s +212\/s +4 x +yes +7 min 52 s +limiter\n/);
  const sentence = "a limiter stops it, which is a limit of policy and not of the machine";
  assertStringIncludes(text.replaceAll(/\s+/g, " "), sentence);
  const { answer } = fleetDocument(report);
  assertEquals(fleetDocumentSchema.parse(fleetDocument(report)).answer, answer);
  const rows = answer!.rows.filter(({ enough }) => enough !== "left_out");
  assertEquals(new Set(rows.map(({ who }) => who)), new Set(["limiter"]));
  assertStringIncludes(answer!.sentence, sentence);
  const page = fleetHtml(report, report.measured);
  assertStringIncludes(page, sentence);
  const [, headroom = ""] = page.split('<table class="headroom">');
  const [table = ""] = headroom.split("</table>");
  assertEquals(table.match(/limiter/g)?.length, rows.length);
  assert(!table.includes("server"), table);
});

Deno.test("the text fits what it is shown on", () => {
  for (const width of [60, 80, 100, 200]) {
    const lines = fleetText(measured(), { width }).split("\n");
    const wide = lines.filter((line) => widthOf(line) > width && !line.includes("https://"));
    assertEquals(wide, [], String(width));
  }
});
