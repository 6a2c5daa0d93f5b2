import { assert, assertAlmostEquals, assertEquals } from "./assert.ts";
import { kneeOf, meanResponse, responseQuantile, responseTail, waitingShare } from "./queueing.ts";

Deno.test("Erlang's C is that of the textbooks' tables", () => {
  const share = (servers: number, offered: number): number =>
    waitingShare({ servers, arrivals: offered, serviceRate: 1 });
  assertAlmostEquals(share(1, 0.8), 0.8, 1e-12);
  assertAlmostEquals(share(2, 1), 1 / 3, 1e-12);
  assertAlmostEquals(share(3, 2), 4 / 9, 1e-12);
  assertAlmostEquals(share(5, 4), 0.5541, 5e-5);
});

Deno.test("one server's response is exponential by the spare rate", () => {
  const queue = { servers: 1, arrivals: 80, serviceRate: 100 };
  assertAlmostEquals(responseTail(queue, 0.1), Math.exp(-2), 1e-12);
  assertAlmostEquals(responseQuantile(queue, 0.99), Math.log(100) / 20, 1e-9);
  assertAlmostEquals(meanResponse(queue), 1 / 20, 1e-12);
});

Deno.test("the mean is the area under the tail, for any number of servers", () => {
  for (const [servers, arrivals] of [[1, 0.5], [2, 1], [2, 1.6], [4, 3.6], [16, 15]] as const) {
    const queue = { servers, arrivals, serviceRate: 1 };
    const step = 0.001;
    let area = 0;
    for (let time = step / 2; time < 200; time += step) area += responseTail(queue, time) * step;
    assertAlmostEquals(area, meanResponse(queue), 1e-5);
  }
});

Deno.test("the knee is where the quantile meets the limit", () => {
  const station = { servers: 4, serviceRate: 50 };
  const arrivals = kneeOf(station, 0.95, 0.1);
  assert(arrivals > 100 && arrivals < 200);
  assertAlmostEquals(responseQuantile({ ...station, arrivals }, 0.95), 0.1, 1e-9);
  assertEquals(responseQuantile({ ...station, arrivals: 200 }, 0.95), Infinity);
});
