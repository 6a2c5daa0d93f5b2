import type { CaseResult } from "../../src/conform/case.ts";
import { renderResult, renderTotal } from "../../src/conform/render.ts";
import { assertEquals } from "../assert.ts";

const result = (outcome: CaseResult["outcome"]): CaseResult => ({
  id: "nonce-head",
  name: "It does",
  section: "8555 §7.2",
  outcome,
  ...(outcome !== "pass" && { reason: "it\ndoes not" }),
});

Deno.test("the last line counts each outcome, and known failures only where there are any", () => {
  const all = ["pass", "pass", "pass", "fail", "fail", "warn", "skip", "skip"] as const;
  const counts = "3 passed, 2 failed, 1 recommended and not done (!), 2 not asked (-)";
  assertEquals(renderTotal(all.map(result)), `\n${counts}\n`);
  assertEquals(
    renderTotal([...all, "known" as const].map(result)),
    `\n${counts}, 1 known to fail (~)\n`,
  );
  const none = "0 passed, 0 failed, 0 recommended and not done (!), 0 not asked (-)";
  assertEquals(renderTotal([]), `\n${none}\n`);
});

Deno.test("a result has the mark of its outcome, which may be painted, and a reason on one line of its own", () => {
  const marks = (["pass", "fail", "warn", "skip", "known"] as const).map((outcome) =>
    renderResult(result(outcome))[2]
  );
  assertEquals(marks, ["✓", "✗", "!", "-", "~"]);
  const painted = renderResult(result("fail"), (mark, outcome) => `<${mark} ${outcome}>`);
  assertEquals(
    painted,
    `  <✗ fail> 8555 §7.2     It does (nonce-head)\n${" ".repeat(18)}it does not\n`,
  );
});
