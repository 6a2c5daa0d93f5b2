import { renewalInfoUrl, windowComplaint } from "../../src/acme/renewal_info.ts";
import { revocationPayload } from "../../src/acme/revocation.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";

const complaint = (text: string): string | undefined => windowComplaint(exchangeOf({ text }));

function ofWindow(start: unknown, end: unknown): string | undefined {
  return complaint(JSON.stringify({ suggestedWindow: { start, end } }));
}

Deno.test("a suggested window starts before it ends (RFC 9773 section 4.2)", () => {
  const [first, then] = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"];
  assertEquals(ofWindow(first, then), undefined);
  for (const [start, end] of [[then, first], [first, first], [first, "soon"], [undefined, then]]) {
    assertStringIncludes(ofWindow(start, end)!, "no suggestedWindow whose start is before its end");
  }
});

Deno.test("what is no renewal information is told with what there was of a window", () => {
  for (const text of ["", "[]", "{}"]) assertStringIncludes(complaint(text)!, "before its end");
  assertStringIncludes(complaint('{"suggestedWindow":{"start":7}}')!, 'end: {"start":7}');
});

Deno.test("a certificate's renewal information is one slash behind the directory's URL", () => {
  for (const base of ["https://ca.test/ari", "https://ca.test/ari/", "https://ca.test/ari//"]) {
    assertEquals(renewalInfoUrl(base, "aki.serial"), "https://ca.test/ari/aki.serial");
  }
});

Deno.test("a revocation has the certificate's DER, and a reason where there is one", () => {
  const certificate = Uint8Array.of(0xfb, 0xff);
  assertEquals(revocationPayload(certificate), '{"certificate":"-_8"}');
  assertEquals(revocationPayload(certificate, 0), '{"certificate":"-_8","reason":0}');
});
