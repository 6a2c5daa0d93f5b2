import { rulesFor } from "../../src/capacity/decision.ts";
import { lengthOf } from "../../src/capacity/lengths.ts";
import { PURPOSES } from "../../src/capacity/level.ts";
import { assert, assertEquals } from "../assert.ts";

Deno.test("levels are parts of the whole time, up to a most", () => {
  assertEquals([200_000, 600_000, 3_600_000].map((all) => lengthOf("probe", all)), [
    4_000,
    12_000,
    12_000,
  ]);
  assertEquals(lengthOf("confirm", 300_000), 30_000);
});

Deno.test("however short a search is, its levels last as long as it takes to tell anything", () => {
  const probe = rulesFor({ purpose: "probe", atMostMs: 3_000 });
  for (const purpose of PURPOSES) assert(lengthOf(purpose, 60_000) >= probe.minMs, purpose);
  assertEquals(lengthOf("probe", 60_000), 3_000);
  // A recovery is told by five calm seconds, the first of which is not.
  assertEquals(lengthOf("recover", 60_000), 6_000);
});
