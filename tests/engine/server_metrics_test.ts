import { readServerMetrics } from "../../src/engine/server_metrics.ts";
import { planOf } from "../metrics/runs.ts";
import { assertEquals } from "../assert.ts";

/** What one reading gave, and what the server was asked. */
async function reading(
  answer: () => Response,
  headers: Record<string, string> = {},
): Promise<{ readonly reading: unknown; readonly asked: Headers }> {
  let asked = new Headers();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    asked = request.headers;
    return answer();
  });
  try {
    const url = `http://127.0.0.1:${server.addr.port}/metrics`;
    return { reading: await readServerMetrics(planOf([]), { url, headers }), asked };
  } finally {
    await server.shutdown();
  }
}

Deno.test("readServerMetrics() asks for what is read well, unless the plan asks for something", async () => {
  const { asked } = await reading(() => new Response("a 1"));
  assertEquals(
    asked.get("accept"),
    "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1",
  );
  const own = await reading(() => new Response("a 1"), { ACCEPT: "text/plain" });
  assertEquals(own.asked.get("accept"), "text/plain");
});

Deno.test("readServerMetrics() knows OpenMetrics by its media type", async () => {
  const as = async (type: string): Promise<unknown> =>
    (await reading(() => new Response("a 1", { headers: { "content-type": type } }))).reading;
  const openMetrics = await as("application/openmetrics-text; version=1.0.0; charset=utf-8");
  assertEquals(openMetrics, { text: "a 1", openMetrics: true });
  assertEquals(await as("text/plain; version=0.0.4"), { text: "a 1", openMetrics: false });
});

Deno.test("readServerMetrics() says why there is no reading", async () => {
  const { reading: refused } = await reading(() => new Response("no", { status: 401 }));
  assertEquals(
    (refused as { problem: string }).problem.replace(/:\d+/, ""),
    "http://127.0.0.1/metrics answered 401",
  );
  const gone = await readServerMetrics(planOf([]), { url: "http://127.0.0.1:1/", headers: {} });
  assertEquals((gone as { problem: string }).problem.startsWith("http://127.0.0.1:1/: "), true);
});
