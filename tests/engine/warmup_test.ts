import { LoadWorker } from "../../src/engine/worker.ts";
import { timerClock } from "../../src/timer.ts";
import { assert, assertEquals } from "../assert.ts";
import { planOf, withServer } from "./plans.ts";

/** What came before the clock, the most of it at once, and what was told of it. */
async function warmed(
  load: string,
  warmup: string,
  answerMs = 50,
): Promise<{ requests: number; atOnce: number; told: number; connections: number }> {
  let [requests, now, atOnce] = [0, 0, 0];
  const answer = async (): Promise<Response> => {
    requests++;
    atOnce = Math.max(atOnce, ++now);
    await new Promise((resolve) => setTimeout(resolve, answerMs));
    now--;
    return new Response("ok");
  };
  return await withServer(answer, async (port) => {
    const plan = planOf(`
target: { base_url: "http://127.0.0.1:${port}" }
warmup: ${warmup}
scenarios: { one: { flow: http_request, with: { path: / }, ${load} } }
`);
    const share = { index: 0, count: 1 };
    const made = new LoadWorker({ plan, share, clock: timerClock, runId: "test" });
    try {
      const [prepared] = await made.prepare();
      const { warmupRequests: told, connections } = prepared!;
      return { requests, atOnce, told, connections };
    } finally {
      await made.close();
    }
  });
}

Deno.test("warm-up opens as many connections as the load will keep busy, and tells all of it", async () => {
  // By Little's law 4/s of 500 ms each are 2 at once, doubled for unevenness, and one more; a busy host makes it longer.
  const open = await warmed("rate: 4/s, duration: 1s", "{ requests: 1, rehearsal: 0s }", 500);
  assert(open.atOnce >= 5 && open.atOnce <= 20, JSON.stringify(open));
  assertEquals([open.told, open.connections], [open.requests, open.atOnce]);
  const users = await warmed("users: 7, duration: 1s", "{ requests: 1, rehearsal: 0s }");
  assertEquals([users.atOnce, users.connections], [7, 7]);
  const few = await warmed(
    "users: 7, duration: 1s, max_connections: 3",
    "{ requests: 1, rehearsal: 0s }",
  );
  assertEquals([few.atOnce, few.connections], [3, 3]);
});

Deno.test("warm-up sends no fewer requests than it is told to, the first by itself", async () => {
  const { requests, told } = await warmed(
    "users: 2, duration: 1s",
    "{ requests: 9, rehearsal: 0s }",
    5,
  );
  // One, then two at a time.
  assertEquals([requests, told], [9, 9]);
});

Deno.test("warm-up ends when its time is over", async () => {
  const { requests } = await warmed(
    "users: 1, duration: 1s",
    "{ requests: 1000, duration: 300ms, rehearsal: 0s }",
    100,
  );
  // One after the other: all of them would take 100 s.
  assert(requests >= 1 && requests < 100, `${requests} requests`);
});
