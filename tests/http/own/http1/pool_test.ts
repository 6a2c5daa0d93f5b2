import { createClient } from "../../../../src/http/client.ts";
import type { HttpClient } from "../../../../src/http/http.ts";
import { assertEquals } from "../../../assert.ts";

function clientOf(maxConnections: number): Promise<HttpClient> {
  const tls = { insecureSkipVerify: false };
  return createClient({ tls, protocol: "http/1.1", maxBodyBytes: 1024, maxConnections });
}

/** Where nobody listens. */
function nowhere(): URL {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return new URL(`http://127.0.0.1:${port}/`);
}

const classOf = async (client: HttpClient, url: URL): Promise<string | undefined> => {
  const request = { method: "GET", url, headers: {} };
  return (await client.send(request, { timeoutMs: 60_000 })).failure?.class;
};

Deno.test("of a closed set each request that waits for one that cannot connect is refused itself, not timed out", async () => {
  const client = await clientOf(1);
  const url = nowhere();
  const classes = await Promise.all([1, 2, 3].map(() => classOf(client, url)));
  assertEquals(classes, Array(3).fill("connect_refused"));
  client.close();
});

Deno.test("a request that waits for a connection that is opened for nobody goes on when that fails", async () => {
  const client = await clientOf(1);
  const url = nowhere();
  const opened = client.open(url, 1, 60_000);
  assertEquals(await classOf(client, url), "connect_refused");
  assertEquals(await opened, 0);
  client.close();
});

Deno.test("no more connections are opened than a closed set has", async () => {
  let most = 0;
  const open = new Set<Deno.Conn>();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = (async () => {
    for await (const conn of listener) {
      open.add(conn);
      most = Math.max(most, open.size);
    }
  })().catch(() => {});
  const client = await clientOf(3);
  const url = new URL(`http://127.0.0.1:${listener.addr.port}/`);
  assertEquals(await client.open(url, 2, 60_000), 2);
  assertEquals(await client.open(url, 5, 60_000), 3);
  assertEquals(await client.open(url, 5, 60_000), 3);
  client.close();
  listener.close();
  await accepting;
  for (const conn of open) conn.close();
  assertEquals(most <= 3, true);
});
