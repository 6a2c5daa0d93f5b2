import {
  addFailures,
  addScenarios,
  addSeries,
  EMPTY_SERIES,
  emptyCounts,
} from "../../src/metrics/merge.ts";
import { addCounts } from "../../src/metrics/counts.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import type { FailureTally, SeriesRecording } from "../../src/metrics/recording.ts";
import { assertEquals } from "../assert.ts";
import { peerOf } from "./exchanges.ts";

const tally = (name: FailureTally["class"], count: number, word: string): FailureTally => (
  { class: name, count, sample: `first ${word}`, newest: `last ${word}` }
);

Deno.test("failures of one class from several threads are added up: 3 and 4 are 7", () => {
  const [a, b] = [tally("timeout", 3, "a"), tally("timeout", 4, "b")];
  assertEquals(addFailures([a], [b]), [
    { class: "timeout", count: 7, sample: "first a", newest: "last b" },
  ]);
  assertEquals(addFailures([a], [tally("reset", 1, "b"), b]).map((one) => [one.class, one.count]), [
    ["timeout", 7],
    ["reset", 1],
  ]);
  assertEquals([addFailures([], [b]), addFailures([a], [])], [[b], [a]]);
});

Deno.test("exchanges with one certificate from several threads are added up, the most seen first", () => {
  const [x, y] = [peerOf("x"), peerOf("y")];
  const { peers } = addScenarios(
    { ...emptyCounts(0), peers: [{ peer: x, exchanges: 3 }] },
    { ...emptyCounts(0), peers: [{ peer: y, exchanges: 5 }, { peer: x, exchanges: 4 }] },
  );
  assertEquals(peers.map(({ peer, exchanges }) => [peer.subject, exchanges]), [
    ["CN=x", 7],
    ["CN=y", 5],
  ]);
});

Deno.test("counts are added by name", () => {
  assertEquals(addCounts({ a: 1, b: 2 }, { b: 3, c: 4 }), { a: 1, b: 5, c: 4 });
});

/** A series in which every count is another. */
function seriesOf(n: number): SeriesRecording {
  const responseTime = new Histogram();
  for (let i = 0; i < n; i++) responseTime.record(i * 1000);
  return {
    count: n,
    failed: 2 * n,
    interrupted: 3 * n,
    failures: [tally("reset", 4 * n, "x")],
    statuses: { 200: 5 * n },
    bytesReceived: 6 * n,
    bytesSent: 7 * n,
    newConnections: 8 * n,
    reusedConnections: 9 * n,
    protocols: { h2: 10 * n },
    durations: { response_time: responseTime.toData() },
  };
}

Deno.test("every count of a series is added", () => {
  const { durations, ...sum } = addSeries(seriesOf(3), seriesOf(4));
  const { durations: _, ...seven } = seriesOf(7);
  assertEquals(sum, seven);
  assertEquals([durations.response_time?.count, durations.response_time?.sumUs], [7, 9000]);
  assertEquals(addSeries(EMPTY_SERIES, seriesOf(3)), seriesOf(3));
  assertEquals(addSeries(seriesOf(3), EMPTY_SERIES), seriesOf(3));
});

Deno.test("every part of a scenario is added, step by step, and the server's name is that of any", () => {
  const scenario = (n: number, server?: string): ReturnType<typeof emptyCounts> => ({
    iterations: seriesOf(n),
    steps: [seriesOf(n), seriesOf(2 * n)],
    dropped: 11 * n,
    customMetrics: { wait: seriesOf(n).durations.response_time! },
    counters: { tries: 12 * n },
    gauges: { jobs: [{ second: n, max: n, last: n, lastUs: n * 1e6 }] },
    deployments: { kept: [], verdicts: { late: 15 * n } },
    peers: [{ peer: peerOf("x"), exchanges: 13 * n }],
    otherPeerExchanges: 14 * n,
    ...(server === undefined ? {} : { server }),
  });
  const sum = addScenarios(scenario(3), scenario(4, "nginx"));
  assertEquals(sum.steps.map(({ count }) => count), [7, 14]);
  assertEquals([sum.iterations.count, sum.dropped, sum.otherPeerExchanges], [7, 77, 98]);
  assertEquals([sum.customMetrics.wait?.count, sum.counters.tries, sum.peers[0]?.exchanges], [
    7,
    84,
    91,
  ]);
  assertEquals(sum.gauges.jobs?.map(({ second }) => second), [3, 4]);
  assertEquals(sum.deployments.verdicts, { late: 105 });
  assertEquals([sum.server, addScenarios(scenario(1, "a"), scenario(1, "b")).server], [
    "nginx",
    "a",
  ]);
  assertEquals(addScenarios(emptyCounts(2), scenario(4)), scenario(4));
});
