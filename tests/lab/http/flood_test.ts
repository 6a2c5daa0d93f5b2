/** What keeps the lab waiting keeps nobody else out. */
import { Chaos } from "../../../src/lab/chaos.ts";
import { createAuthority, serverCertificate } from "../../../src/lab/authority.ts";
import { Connection } from "../../../src/lab/http/connection.ts";
import { HttpServer } from "../../../src/lab/http/server.ts";
import { assert, assertEquals } from "../../assert.ts";

const authority = await createAuthority();
const tls = await serverCertificate(authority, {
  commonName: "localhost",
  dnsNames: ["localhost"],
  ipAddresses: ["127.0.0.1"],
});

async function withServer(
  maxConnections: number,
  test: (server: HttpServer) => Promise<void>,
): Promise<void> {
  const chaos = new Chaos();
  const server = new HttpServer({
    name: "api",
    hostname: "127.0.0.1",
    port: 0,
    tls,
    chaos,
    maxConnections,
    handler: () => ({ status: 200, headers: {}, body: "ok" }),
    log: (line) => {
      throw new Error(line);
    },
  });
  try {
    await test(server);
  } finally {
    const closed = server.close();
    chaos.close();
    await closed;
  }
}

const addressOf = ({ origin }: HttpServer): { hostname: string; port: number } => ({
  hostname: "127.0.0.1",
  port: Number(new URL(origin).port),
});

/** The beginning of a ClientHello, or nothing at all. */
async function halfHandshakes(server: HttpServer, count: number): Promise<Deno.Conn[]> {
  const conns: Deno.Conn[] = [];
  while (conns.length < count) {
    const conn = await Deno.connect(addressOf(server));
    if (conns.length % 2 === 0) await conn.write(Uint8Array.of(22, 3, 1, 2, 0, 1));
    conns.push(conn);
  }
  return conns;
}

async function get(server: HttpServer): Promise<string> {
  const conn = await Deno.connectTls({ ...addressOf(server), caCerts: [authority.certificatePem] });
  await conn.write(
    new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
  );
  return await new Response(conn.readable).text();
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !condition();) {
    if (performance.now() > end) throw new Error("It did not come to that");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("beyond its number of connections the lab drops those that have waited longest, and answers on", async () => {
  await withServer(300, async (server) => {
    const conns = await halfHandshakes(server, 700);
    assert((await get(server)).endsWith("ok"));
    await until(() => server.counts.connections === 701);
    assert(server.counts.open <= 300, `${server.counts.open} are open`);
    for (const conn of conns) conn.close();
  });
});

Deno.test("a connection at work is not dropped for one that waits", async () => {
  await withServer(300, async (server) => {
    const conn = await Deno.connectTls({
      ...addressOf(server),
      caCerts: [authority.certificatePem],
    });
    await conn.handshake();
    const before = await halfHandshakes(server, 250);
    await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    const answer = new Uint8Array(1024);
    assert((await conn.read(answer) ?? 0) > 0); // and waits from now on
    const after = await halfHandshakes(server, 100);
    await until(() => server.counts.connections === 351);
    await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert((await conn.read(answer) ?? 0) > 0);
    for (const each of [conn, ...before, ...after]) each.close();
  });
});

Deno.test("a handshake counts once it is done, and not before", async () => {
  await withServer(300, async (server) => {
    const conns = await halfHandshakes(server, 4);
    const conn = await Deno.connectTls({
      ...addressOf(server),
      caCerts: [authority.certificatePem],
    });
    await conn.handshake();
    await until(() => server.counts.handshakes === 1 && server.counts.connections === 5);
    for (const each of [conn, ...conns]) each.close();
    await until(() => server.counts.open === 0);
    assertEquals(server.counts.handshakes, 1);
  });
});

Deno.test("a connection is overdue after ten seconds without a handshake, and after a minute of waiting", () => {
  const conn = { read: () => new Promise(() => {}), close: () => {} } as unknown as Deno.Conn;
  const options = {
    conn,
    server: "api" as const,
    chaos: new Chaos(),
    handler: () => ({ status: 200, headers: {}, body: "" }),
    log: () => {},
    onRequest: () => {},
  };
  const bornMs = performance.now();
  const unopened = new Connection({ ...options, onOpen: () => {} });
  assertEquals(unopened.isOverdue(bornMs + 9_000), false);
  assertEquals(unopened.isOverdue(bornMs + 11_000), true);
  const opened = new Connection({ ...options, onOpen: () => {} });
  opened.serve();
  const openMs = performance.now();
  assertEquals(opened.isOverdue(openMs + 59_000), false);
  assertEquals(opened.isOverdue(openMs + 61_000), true);
});
