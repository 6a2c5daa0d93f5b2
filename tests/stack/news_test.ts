import type { Container } from "../../src/stack/container.ts";
import { parseContainers } from "../../src/stack/container.ts";
import { News } from "../../src/stack/news.ts";
import { assertEquals } from "../assert.ts";
import { inspected } from "./stand_in.ts";

/** News of a clock that the test moves. */
class Told {
  nowMs = 1_000;
  readonly lines: string[] = [];
  readonly news = new News((line) => this.lines.push(line), () => this.nowMs);
}

function containers(...healths: string[]): readonly Container[] {
  const all = healths.map((health, n) => inspected({ service: `s${n}`, health }));
  return parseContainers(JSON.stringify(all));
}

Deno.test("the time without news begins with a printed line and with a changed state, not with the same state", () => {
  const told = new Told();
  const { news } = told;
  const idleAfter = (ms: number): number => {
    told.nowMs += ms;
    return news.idleMs();
  };
  assertEquals([idleAfter(0), idleAfter(300)], [0, 300]);
  news.printed("pulling");
  assertEquals([news.idleMs(), idleAfter(200)], [0, 200]);
  const starting = containers("starting", "healthy");
  news.states(starting, starting.slice(0, 1));
  assertEquals([news.idleMs(), idleAfter(100)], [0, 100]);
  news.states(starting, starting.slice(0, 1));
  assertEquals(news.idleMs(), 100);
  news.states(containers("healthy", "healthy"), []);
  assertEquals(news.idleMs(), 0);
});

Deno.test("of the many lines that a compose tool prints one is told in five seconds", () => {
  const told = new Told();
  for (
    const [afterMs, line] of [[0, "a "], [4_999, "b"], [1, "c"], [100, "d"], [5_000, "e"]] as const
  ) {
    told.nowMs += afterMs;
    told.news.printed(line);
  }
  assertEquals(told.lines, ["stack: a", "stack: c", "stack: e"]);
});

Deno.test("a change of state is told with how many are ready, and what is waited for", () => {
  const told = new Told();
  const starting = containers("starting", "healthy");
  told.news.states(starting, starting.slice(0, 1));
  told.news.states(starting, starting.slice(0, 1));
  told.news.states(containers("healthy", "healthy"), []);
  told.news.states([], []);
  assertEquals(told.lines, [
    "stack: 1 of 2 services ready, waiting for s0 (starting)",
    "stack: 2 of 2 services ready",
    "stack: 0 of 0 services ready",
  ]);
});
