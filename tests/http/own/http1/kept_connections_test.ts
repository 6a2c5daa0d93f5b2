import { assertEquals } from "../../../assert.ts";
import { createClient } from "../../../../src/http/client.ts";
import type { HttpClient } from "../../../../src/http/http.ts";
import { serve } from "../../scripted_server.ts";

interface Setting {
  readonly client: HttpClient;
  /** The port from which a request of somebody came; `wait` lets the server keep it for a while. */
  ask(connection?: string, wait?: string): Promise<string>;
}

async function withClient(
  maxConnections: number | undefined,
  test: (setting: Setting) => Promise<void>,
): Promise<void> {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async ({ url }, { remoteAddr }) => {
      const { pathname } = new URL(url);
      if (pathname === "/slow") await new Promise((resolve) => setTimeout(resolve, 100));
      const headers = pathname === "/close" ? { connection: "close" } : undefined;
      return new Response(String((remoteAddr as Deno.NetAddr).port), { headers });
    },
  );
  const client = await createClient({
    tls: { insecureSkipVerify: false },
    protocol: "http/1.1",
    maxBodyBytes: 1024,
    ...(maxConnections !== undefined && { maxConnections }),
  });
  const ask = async (connection?: string, path = "/"): Promise<string> => {
    const url = new URL(`http://127.0.0.1:${server.addr.port}${path}`);
    const options = { timeoutMs: 10_000, connection };
    const { body, failure } = await client.send({ method: "GET", url, headers: {} }, options);
    if (failure !== undefined) throw new Error(failure.message);
    return new TextDecoder().decode(body);
  };
  try {
    await test({ client, ask });
  } finally {
    client.close();
    await server.shutdown();
  }
}

Deno.test("a connection that is kept under a name serves that name alone, and again and again", async () => {
  await withClient(undefined, async ({ ask }) => {
    const [a, b, nobody] = [await ask("a"), await ask("b"), await ask()];
    assertEquals(new Set([a, b, nobody]).size, 3);
    assertEquals([await ask("b"), await ask("a"), await ask()], [b, a, nobody]);
  });
});

Deno.test("where the server has closed it, the next request under that name has a new one, which is kept", async () => {
  await withClient(undefined, async ({ ask }) => {
    const closed = await ask("a", "/close");
    const next = await ask("a");
    assertEquals(next === closed, false);
    assertEquals(await ask("a"), next);
  });
});

Deno.test("where the server closed it while nobody asked, what must not be sent twice has a new one too", async () => {
  const gone = Promise.withResolvers<void>();
  const server = serve(async (peer) => {
    for (let request = 0; await peer.request() !== undefined; request++) {
      await peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      if (peer.index > 0 || request > 0) continue;
      await peer.end();
      gone.resolve();
    }
  });
  const client = await createClient({
    tls: { insecureSkipVerify: false },
    protocol: "http/1.1",
    maxBodyBytes: 1024,
  });
  const post = { method: "POST", url: server.url, headers: {}, body: new Uint8Array(2) };
  const options = { timeoutMs: 10_000, connection: "a" };
  assertEquals((await client.send(post, options)).failure, undefined);
  await gone.promise;
  const next = await client.send(post, options);
  assertEquals([next.failure, next.reused, next.status], [undefined, false, 200]);
  const again = await client.send(post, options);
  assertEquals([again.failure, again.reused, server.connections], [undefined, true, 2]);
  client.close();
  await server.close();
});

Deno.test("two at a time under one name take two connections, of which one is kept", async () => {
  await withClient(undefined, async ({ ask }) => {
    const both = await Promise.all([ask("a", "/slow"), ask("a", "/slow")]);
    assertEquals(new Set(both).size, 2);
    const kept = await ask("a");
    assertEquals(both.includes(kept), true);
    assertEquals(await ask("a"), kept);
  });
});

Deno.test("of a closed set of connections nobody has one of their own", async () => {
  await withClient(1, async ({ ask }) => {
    const a = await ask("a");
    assertEquals([await ask("b"), await ask()], [a, a]);
  });
});
