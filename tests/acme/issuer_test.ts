import type { X509Certificate } from "node:crypto";
import { Validity } from "../../src/acme/issuer.ts";
import { assertEquals } from "../assert.ts";

function validity(validFrom: string, validTo: string): Validity {
  return new Validity({ validFrom, validTo } as X509Certificate);
}

Deno.test("a certificate is in its time to the last millisecond, and ten seconds before it for clocks that differ", () => {
  const [from, to] = ["Nov 28 08:00:00 2026 GMT", "Nov 29 08:00:00 2026 GMT"];
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  const at = (ms: number): string | undefined => validity(from, to).complaintAt(ms);
  assertEquals([at(fromMs), at(toMs), at(fromMs - 10_000)], [undefined, undefined, undefined]);
  assertEquals(at(fromMs - 10_001), `is not valid before ${from}`);
  assertEquals(at(toMs + 1), `expired on ${to}`);
});

Deno.test("a date that cannot be read is wrong at any instant", () => {
  const known = "Nov 28 08:00:00 2026 GMT";
  assertEquals(validity("once", known).complaintAt(0), "is not valid before once");
  assertEquals(validity(known, "never").complaintAt(Date.parse(known)), "expired on never");
});
