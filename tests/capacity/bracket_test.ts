import { assertEquals } from "../assert.ts";
import { endsOf } from "../../src/capacity/bracket.ts";

const standing = (level: number, evidence: number): Parameters<typeof endsOf>[0][number] => ({
  level,
  evidence,
  tries: 1,
});

Deno.test("the knee lies between the highest level that holds and the lowest that is broken", () => {
  assertEquals(endsOf([standing(10, -4), standing(20, -4), standing(40, 4)]), {
    holds: 20,
    broken: 40,
  });
  assertEquals(endsOf([standing(10, -4)]), { holds: 10 });
  assertEquals(endsOf([standing(10, 4)]), { broken: 10 });
  assertEquals(endsOf([]), {});
});

Deno.test("one level that contradicts its neighbours is outvoted; of two cuts as likely the lower one is taken", () => {
  const lucky = [standing(10, -4), standing(20, 2), standing(30, -4), standing(40, 4)];
  assertEquals(endsOf(lucky), { holds: 30, broken: 40 });
  const even = [standing(10, -4), standing(20, 3), standing(30, -3), standing(40, 4)];
  assertEquals(endsOf(even), { holds: 10, broken: 20 });
});
