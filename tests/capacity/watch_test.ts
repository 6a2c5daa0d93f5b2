import { assertEquals } from "../assert.ts";
import { limitsOf } from "../../src/capacity/limits.ts";
import { LevelWatch } from "../../src/capacity/watch.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import type { Slice } from "../../src/metrics/recording.ts";
import { planOf } from "./plans.ts";

const PLAN = planOf({
  list: {
    rate: "10/s",
    duration: "5s",
    thresholds: ["p95 < 100ms", "error_rate < 1%"],
  },
  beside: { rate: "1/s", duration: "5s", thresholds: ["request p99 < 1s"] },
}, { thresholds: ["error_rate < 2%"] });

function slice(second: number, ms: readonly number[], failed = 0, dropped = 0): Slice {
  const responseTime = new Histogram();
  for (const each of ms) responseTime.record(each * 1000);
  const count = ms.length + failed;
  return { second, count, failed, dropped, maxLagUs: 0, responseTime: responseTime.toData() };
}

function watching(): LevelWatch {
  return new LevelWatch(PLAN, [1, null], limitsOf(PLAN).limits);
}

Deno.test("a second is a block once every worker has told it", () => {
  const watch = watching();
  watch.add(0, { scenario: [slice(0, [5, 5])], steps: [] });
  assertEquals(watch.blocks(1.99, 0), []);
  watch.add(0, { scenario: [slice(0, [5, 200], 1, 2)], steps: [] });
  const [first, ...more] = watch.blocks(2.01, 7);
  assertEquals(more, []);
  assertEquals(first, {
    durationMs: 1000,
    arrivals: 10,
    finished: 5,
    failed: 1,
    dropped: 2,
    inFlight: 7,
    tallies: [{ beyond: 1, of: 4 }, { beyond: 1, of: 5 }, { beyond: 0, of: 0 }, {
      beyond: 1,
      of: 5,
    }],
  });
});

Deno.test("what goes on beside the level is judged by its own limits, and not counted", () => {
  const watch = watching();
  watch.add(1, { scenario: [slice(0, [50], 1)], steps: [[slice(0, [50, 1500])]] });
  const [first] = watch.blocks(2, 0);
  assertEquals([first?.finished, first?.failed, first?.arrivals], [0, 0, 10]);
  assertEquals(first?.tallies, [
    { beyond: 0, of: 0 },
    { beyond: 0, of: 0 },
    { beyond: 1, of: 2 },
    { beyond: 1, of: 2 },
  ]);
});

Deno.test("once the run is over the rest of its seconds are told, and no more than it has", () => {
  const watch = watching();
  assertEquals(watch.blocks(3.5, 0).length, 2);
  watch.add(0, { scenario: [slice(4, [1]), slice(5, [1])], steps: [] });
  const rest = watch.blocks(Infinity, 0);
  assertEquals(rest.map(({ finished }) => finished), [0, 0, 1]);
  assertEquals(rest.map(({ arrivals }) => arrivals), [10, 10, 10]);
});

Deno.test("what was answered after the load, or after the last block, is told apart", () => {
  const watch = watching();
  watch.add(0, { scenario: [slice(0, [5]), slice(1, [5])], steps: [] });
  assertEquals(watch.blocks(2, 0).length, 1);
  watch.add(0, { scenario: [slice(6, [6000, 50], 1)], steps: [] });
  const [list, errors, step] = watch.late();
  assertEquals([list, errors, step], [{ beyond: 1, of: 3 }, { beyond: 1, of: 4 }, {
    beyond: 0,
    of: 0,
  }]);
});
