import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { randomOf } from "../../src/verdict/random.ts";
import { normalQuantile, studentQuantile } from "../../src/verdict/student.ts";

Deno.test("normalQuantile() agrees with the tables", () => {
  for (
    const [p, expected] of [[0.5, 0], [0.975, 1.959964], [0.999, 3.090232], [0.00001, -4.264891]]
  ) {
    assertAlmostEquals(normalQuantile(p!), expected!, 1e-6);
  }
});

Deno.test("studentQuantile() agrees with the tables", () => {
  const table = [
    [0.975, 3, 3.182446],
    [0.9995, 3, 12.923979],
    [0.9995, 5, 6.868827],
    [0.975, 10, 2.228139],
    [0.9995, 10, 4.586894],
    [0.9995, 15, 4.072765],
    [0.9995, 30, 3.645959],
  ] as const;
  for (const [p, freedom, expected] of table) {
    assertAlmostEquals(studentQuantile(p, freedom), expected, 1e-5);
  }
});

Deno.test("studentQuantile() is wider than the normal one, and comes to it with many degrees", () => {
  const p = fc.double({ min: 0.6, max: 0.9999, noNaN: true });
  fc.assert(fc.property(p, fc.integer({ min: 3, max: 200 }), (p, freedom) => {
    assert(studentQuantile(p, freedom) > normalQuantile(p));
    assertAlmostEquals(studentQuantile(p, 1e7), normalQuantile(p), 1e-4);
    assertEquals(studentQuantile(1 - p, freedom), -studentQuantile(1 - (1 - p), freedom));
  }));
});

Deno.test("randomOf() is even over [0, 1), the same for a seed, and another for the next", () => {
  const take = (seed: number): number[] => {
    const random = randomOf(seed);
    return Array.from({ length: 10_000 }, random);
  };
  const [a, b, c] = [take(1), take(1), take(2)];
  assertEquals(a, b);
  assert(a.every((x, i) => x >= 0 && x < 1 && x !== c[i]));
  assertAlmostEquals(a.reduce((sum, x) => sum + x, 0) / a.length, 0.5, 0.01);
  for (let decile = 0; decile < 10; decile++) {
    const inside = a.filter((x) => Math.floor(x * 10) === decile).length;
    assertAlmostEquals(inside, 1000, 120);
  }
});
