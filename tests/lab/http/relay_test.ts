import { assertEquals } from "../../assert.ts";
import { Relay } from "../../../src/lab/http/relay.ts";
import { until } from "../harness.ts";

interface Ends {
  /** What the relay's client holds, and what its server holds. */
  readonly client: Deno.Conn;
  readonly server: Deno.Conn;
  readonly relay: Relay;
  /** Resolves when the relay has ended. */
  readonly done: Promise<void>;
}

async function withRelay(test: (ends: Ends) => Promise<void>): Promise<void> {
  const [client, near] = await pairOfConns();
  const [far, server] = await pairOfConns();
  const relay = new Relay(near, far);
  const done = relay.run();
  try {
    await test({ client, server, relay, done });
  } finally {
    relay.close();
    await done;
    for (const conn of [client, server]) {
      try {
        conn.close();
      } catch { /* Closed by the test. */ }
    }
  }
}

async function pairOfConns(): Promise<[Deno.Conn, Deno.Conn]> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const ends = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port }),
    listener.accept(),
  ]);
  listener.close();
  return ends;
}

const octets = (count: number): Uint8Array => new Uint8Array(count).fill(7);

/** How many octets come until so many are there, or the other side ends. */
async function received(conn: Deno.Conn, count: number): Promise<number> {
  const buffer = new Uint8Array(64 * 1024);
  let total = 0;
  while (total < count) {
    const read = await conn.read(buffer);
    if (read === null) break;
    total += read;
  }
  return total;
}

Deno.test("octets go both ways, and an end goes on to the other side", async () => {
  await withRelay(async ({ client, server, done }) => {
    await client.write(octets(10_000));
    assertEquals(await received(server, 10_000), 10_000);
    await server.write(octets(300));
    assertEquals(await received(client, 300), 300);
    await client.closeWrite();
    assertEquals(await received(server, 1), 0);
    await server.write(octets(20));
    assertEquals(await received(client, 20), 20);
    await server.closeWrite();
    assertEquals(await received(client, 1), 0);
    await done;
  });
});

Deno.test("a client that goes takes the server's half along, and the other way round", async () => {
  await withRelay(async ({ client, server, done }) => {
    client.close();
    assertEquals(await received(server, 1), 0);
    server.close();
    await done;
  });
  await withRelay(async ({ client, server, done }) => {
    server.close();
    assertEquals(await received(client, 1), 0);
    client.close();
    await done;
  });
});

Deno.test("a request that the end leaves unanswered is told once, however it comes", async () => {
  await withRelay(async ({ client, server, relay }) => {
    let told = 0;
    relay.expectEnd(() => told++);
    await client.write(octets(100));
    assertEquals(await received(server, 100), 100);
    server.close();
    assertEquals(await received(client, 1), 0);
    await until("it is told", () => told === 1);
    await client.write(octets(100));
    await new Promise((resolve) => setTimeout(resolve, 30));
    assertEquals(told, 1);
  });
});

Deno.test("a request after the end is told, an alert is none, and neither is one that was answered", async () => {
  await withRelay(async ({ client, server, relay }) => {
    let told = 0;
    relay.expectEnd(() => told++);
    await client.write(octets(100));
    assertEquals(await received(server, 100), 100);
    await server.write(octets(50));
    assertEquals(await received(client, 50), 50);
    server.close();
    assertEquals(await received(client, 1), 0);
    await client.write(octets(24));
    await new Promise((resolve) => setTimeout(resolve, 30));
    assertEquals(told, 0);
    await client.write(octets(100));
    await until("it is told", () => told === 1);
  });
});
