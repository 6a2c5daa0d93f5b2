import fc from "fast-check";
import { assert, assertEquals } from "../assert.ts";
import { readSummary } from "../../src/metrics/read_summary.ts";
import { renderJson } from "../../src/report/json.ts";
import { maskOf, maskTexts } from "../../src/report/mask.ts";
import { concluded, failedRun } from "./summaries.ts";

Deno.test("maskOf() hides a secret however it is spelt", () => {
  const secret = 'p+ss/w?rd "ü"';
  const mask = maskOf([secret, undefined, ""]);
  const bytes = new TextEncoder().encode(secret);
  for (
    const spelt of [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret),
      bytes.toBase64(),
      bytes.toBase64({ alphabet: "base64url", omitPadding: true }),
    ]
  ) {
    const masked = mask(`before ${spelt} after`);
    assert(masked.includes("***") && /^before .*after$/.test(masked), masked);
    assert(!masked.includes("w?rd") && !masked.includes(spelt), masked);
  }
});

Deno.test("maskOf() leaves no secret in any text", () => {
  const secret = fc.string({ minLength: 4, maxLength: 20 }).filter((s) => !"***".includes(s));
  fc.assert(fc.property(secret, fc.string(), fc.string(), (hidden, before, after) => {
    fc.pre(!/[*]/.test(hidden));
    assert(!maskOf([hidden])(before + hidden + after).includes(hidden));
  }));
});

Deno.test("maskOf() hides what follows Bearer, known or not", () => {
  assertEquals(
    maskOf([])("authorization: Bearer abc.def-123 was refused"),
    "authorization: Bearer *** was refused",
  );
});

Deno.test("maskOf() hides the longer of two secrets first, and leaves short words alone", () => {
  assertEquals(maskOf(["token", "token-long", "ab"])("token-long, token, ab"), "***, ***, ab");
});

Deno.test("maskTexts() of a summary hides secrets and leaves it a summary, even if one is called pass", () => {
  const summary = concluded(failedRun());
  const mask = maskOf(["pass", "open", "localhost", "status_5xx"]);
  const text = renderJson(maskTexts(summary, mask));
  const read = readSummary(text, "masked");
  assertEquals(
    read.thresholds.map(({ verdict }) => verdict),
    summary.thresholds.map((t) => t.verdict),
  );
  assertEquals(Object.keys(read.phases), Object.keys(summary.phases));
  assert(!text.includes("localhost"));
});
