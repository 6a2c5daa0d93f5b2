import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { randomOf } from "../../src/random.ts";
import { normalQuantile, studentQuantile } from "../../src/verdict/student.ts";

Deno.test("normalQuantile() agrees with the tables, in the centre and in both tails", () => {
  const table = [
    [0.5, 0],
    [0.6, 0.2533471031],
    [0.75, 0.6744897502],
    [0.9, 1.2815515655],
    [0.975, 1.9599639845],
    [0.99, 2.326347874],
    [0.999, 3.0902323062],
    [0.99999, 4.2648907939],
  ] as const;
  for (const [p, expected] of table) {
    assertAlmostEquals(normalQuantile(p), expected, 1e-8 * Math.max(1, expected));
    assertAlmostEquals(normalQuantile(1 - p), -expected, 1e-8 * Math.max(1, expected));
  }
  assertEquals([-1, 0, 1, 2].map(normalQuantile), [-Infinity, -Infinity, Infinity, Infinity]);
});

/** P(T <= t) for whole `n`, exactly: M. Abramowitz and I. A. Stegun, 26.7.3 and 26.7.4. */
function studentProbability(t: number, n: number): number {
  const angle = Math.atan(t / Math.sqrt(n));
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const odd = n % 2 === 1;
  let [term, sum] = odd ? [cos, n > 1 ? cos : 0] : [1, 1];
  for (let k = odd ? 3 : 2; k <= n - 2; k += 2) {
    term *= (cos * cos * (k - 1)) / k;
    sum += term;
  }
  const inside = odd ? (2 / Math.PI) * (angle + sin * sum) : sin * sum;
  return 0.5 + inside / 2;
}

Deno.test("studentQuantile() agrees with the tables", () => {
  const table = [
    [0.75, 3, 0.764892],
    [0.9, 3, 1.637744],
    [0.975, 3, 3.182446],
    [0.9995, 3, 12.923979],
    [0.9, 4, 1.533206],
    [0.75, 5, 0.726687],
    [0.9995, 5, 6.868827],
    [0.975, 10, 2.228139],
    [0.9995, 10, 4.586894],
    [0.9995, 15, 4.072765],
    [0.9995, 30, 3.645959],
  ] as const;
  for (const [p, freedom, expected] of table) {
    assertAlmostEquals(
      studentQuantile(p, freedom),
      expected,
      1e-5 * expected,
      `${p} of ${freedom}`,
    );
  }
});

Deno.test("studentQuantile() is the value that the exact distribution has below it as often as said", () => {
  for (const freedom of [3, 4, 5, 6, 7, 8, 11, 14, 20, 29, 60, 120]) {
    for (const p of [0.55, 0.6, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9995, 0.99995]) {
      const beyond = 1 - studentProbability(studentQuantile(p, freedom), freedom);
      const [small, large] = p <= 0.9 ? [2e-6, 2e-8] : [2e-5, 2e-5];
      const tolerance = freedom < 5 ? small : freedom < 20 ? large : Math.min(large, 2e-7);
      assertAlmostEquals(beyond / (1 - p), 1, tolerance, `${p} of ${freedom}`);
    }
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

Deno.test("randomOf() is sfc32 as it is published, after fifteen numbers that mix the seed in", () => {
  const wrap = (value: bigint): bigint => BigInt.asUintN(32, value);
  for (const seed of [0, 1, 2 ** 31, -1]) {
    let [a, b, c, counter] = [0x9e3779b9n, 0x243f6a88n, wrap(BigInt(seed)), 1n];
    const published = (): number => {
      const sum = wrap(a + b + counter);
      counter = wrap(counter + 1n);
      a = b ^ (b >> 9n);
      b = wrap(c + (c << 3n));
      c = wrap((wrap(c << 21n) | (c >> 11n)) + sum);
      return Number(sum) / 2 ** 32;
    };
    for (let i = 0; i < 15; i++) published();
    const random = randomOf(seed);
    for (let i = 0; i < 1000; i++) assertEquals(random(), published());
  }
});
