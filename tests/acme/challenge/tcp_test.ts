import { acceptAll, writeAll } from "../../../src/acme/challenge/tcp.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";

const listen = (): Deno.TcpListener => Deno.listen({ hostname: "127.0.0.1", port: 0 });
const greet = (connection: Deno.TcpConn): Promise<void> =>
  writeAll(connection, new TextEncoder().encode("hello"));

/** What the server says on a new connection until it ends it. */
async function said(listener: Deno.TcpListener): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  return await new Response(connection.readable).text();
}

Deno.test("acceptAll() serves each connection and ends it", async () => {
  const listener = listen();
  const stop = acceptAll(listener, 10_000, greet);
  assertEquals([await said(listener), await said(listener)], ["hello", "hello"]);
  await stop();
  await assertRejects(() => said(listener));
});

Deno.test("acceptAll() goes on after a connection that could not be taken", async () => {
  const listener = listen();
  let failures = 2;
  const accept = (): Promise<Deno.TcpConn> =>
    failures-- > 0 ? Promise.reject(new Error("Too many open files")) : listener.accept();
  const flaky = { accept, close: () => listener.close() } as unknown as Deno.Listener;
  const stop = acceptAll(flaky, 10_000, greet);
  assertEquals(await said(listener), "hello");
  await stop();
});

Deno.test("acceptAll() pauses where connections can be taken from nobody, and does not spin", async () => {
  let tries = 0;
  const accept = (): Promise<Deno.TcpConn> => {
    tries++;
    return Promise.reject(new Error("Too many open files"));
  };
  const full = { accept, close: () => {} } as unknown as Deno.Listener;
  const stop = acceptAll(full, 10_000, greet);
  await new Promise((resolve) => setTimeout(resolve, 60));
  await stop();
  // Every 5 ms; a busy host tries less often.
  assert(tries >= 2 && tries < 200, `${tries}`);
});

Deno.test("acceptAll() ends a connection when its time is over, and when serving throws", async () => {
  const listener = listen();
  const stop = acceptAll(listener, 50, async (connection) => {
    await connection.read(new Uint8Array(1));
    throw new Error("nothing came");
  });
  assertEquals(await said(listener), "");
  await stop();
});

Deno.test("acceptAll() closes the oldest of a thousand connections for a new one", async () => {
  const closed: number[] = [];
  let number = 0;
  let finish: () => void = () => {};
  const connectionOf = (id: number): Deno.TcpConn =>
    ({ close: () => closed.push(id) }) as unknown as Deno.TcpConn;
  const accept = (): Promise<Deno.TcpConn> =>
    number < 1002
      ? Promise.resolve(connectionOf(number++))
      : new Promise((_, reject) => finish = () => reject(new Error("closed")));
  const crowd = { accept, close: () => finish() } as unknown as Deno.Listener;
  const ends: (() => void)[] = [];
  const served = (): Promise<void> => new Promise((resolve) => ends.push(resolve));
  const stop = acceptAll(crowd, 10_000, served);
  while (ends.length < 1002) await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(closed, [0, 1]);
  const stopped = stop();
  for (const end of ends) end();
  await stopped;
});
