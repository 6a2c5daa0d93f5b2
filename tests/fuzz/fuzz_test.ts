/** Some hundred cases of each target; `deno task fuzz` runs as many as one likes. */
import process from "node:process";
import fc from "fast-check";
import { assert, assertEquals, assertMatch } from "../assert.ts";
import { CHUNK } from "./order.ts";
import { runTarget } from "./run_target.ts";
import { type AnyTarget, fuzzTarget } from "./target.ts";
import { targets } from "./targets.ts";

for (const { kind, name, run } of targets) {
  Deno.test(`${kind}: ${name}`, () => run({ numRuns: 200 }));
}

/** A target that waits for each number, and that 700 breaks. */
function numbers(waitMs: number, input = fc.nat(600)): AnyTarget {
  return fuzzTarget({
    kind: "test",
    name: "numbers",
    input,
    holds: async (n) => {
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      assert(n !== 700, "it is 700");
    },
  });
}

function order(cases: number, forMs: number): {
  readonly seeds: number[];
  readonly given: Parameters<typeof runTarget>[1];
} {
  const seeds: number[] = [];
  const untilMs = Date.now() + forMs;
  const onSeed = (seed: number): void => void seeds.push(seed);
  return { seeds, given: { index: 7, cases, seed: 40, untilMs, onCase: () => {}, onSeed } };
}

/** A target of which each case does this. */
function doing(holds: () => void | Promise<void>, mostMsPerCase: number): AnyTarget {
  return fuzzTarget({ kind: "test", name: "slow", input: fc.nat(), holds, mostMsPerCase });
}

Deno.test("a case that takes more CPU than it may is what does not hold", async () => {
  const works = (): void => {
    const before = process.threadCpuUsage();
    while (process.threadCpuUsage(before).user < 20_000);
  };
  const { problem } = await runTarget(doing(works, 5), order(1, 600_000).given);
  assertMatch(problem ?? "", /it took \d+ ms of CPU/);
});

Deno.test("a case that waits takes no CPU, as one does on a host that others use", async () => {
  const waits = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));
  assertEquals((await runTarget(doing(waits, 90), order(1, 600_000).given)).problem, undefined);
});

Deno.test("a target ends when its time is up, in the middle of what one seed makes", async () => {
  const { given, seeds } = order(100_000, 200);
  const { index, cases, problem } = await runTarget(numbers(20), given);
  assertEquals([index, problem, seeds], [7, undefined, [40]]);
  assert(cases >= 1 && cases < CHUNK, `${cases}`);
});

Deno.test("a target ends when it has had its cases, of one seed after the other", async () => {
  const { given, seeds } = order(2 * CHUNK + 1, 600_000);
  const { cases, problem } = await runTarget(numbers(0), given);
  assertEquals([cases, problem, seeds], [2 * CHUNK + 1, undefined, [40, 41, 42]]);
});

Deno.test("a target that does not hold tells what broke it, and the seed that shows it again", async () => {
  const { given } = order(CHUNK, 600_000);
  const { problem, seed } = await runTarget(numbers(0, fc.integer({ min: 690, max: 710 })), given);
  assertEquals(seed, 40);
  assertMatch(problem ?? "", /it is 700/);
});
