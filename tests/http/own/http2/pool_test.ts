import { Socket } from "node:net";
import { assert, assertEquals, assertMatch } from "../../../assert.ts";
import { nowUs } from "../../../../src/clock.ts";
import { LiveExchange } from "../../../../src/http/exchange.ts";
import type { Failure } from "../../../../src/http/failure.ts";
import type { ClientOptions, Exchange, HttpRequest } from "../../../../src/http/http.ts";
import {
  ErrorCode,
  Flag,
  FrameType,
  numberFrame,
  Setting,
  settingsFrame,
} from "../../../../src/http/own/http2/frames.ts";
import { Http2Pool } from "../../../../src/http/own/http2/pool.ts";
import type { Dialer } from "../../../../src/http/stream.ts";
import { Server } from "./scene.ts";

/** Servers in memory, one for each connection that a pool makes. */
interface Scene {
  readonly servers: Server[];
  readonly pool: Http2Pool;
  send(request?: Partial<HttpRequest>, fresh?: boolean): Promise<Exchange>;
}

/** What a dial ends in, where it is not HTTP/2. */
type Outcome = "h2" | "http/1.1" | Failure | "never";

/** Nothing of a server arrives before the client has sent its first requests. */
function setting(options: Partial<ClientOptions> = {}, outcome: Outcome = "h2"): Scene {
  const servers: Server[] = [];
  const dial: Dialer = (_origin, _options, done) => {
    if (outcome !== "never") {
      queueMicrotask(() => {
        if (typeof outcome === "object") return done(outcome);
        const server = new Server();
        servers.push(server);
        done({ socket: new Socket(), stream: server, protocol: outcome });
      });
    }
    return { phases: {}, cancel: (failure) => done(failure) };
  };
  const origin = { secure: true, hostname: "a.example", port: 443 };
  const pool = new Http2Pool(origin, dial, {
    tls: { insecureSkipVerify: true },
    protocol: "h2",
    maxBodyBytes: 1000,
    ...options,
  });
  const send: Scene["send"] = (given, fresh = false) =>
    new Promise((resolve) => {
      const request = { method: "POST", url: new URL("https://a.example/"), headers: {}, ...given };
      const exchange = new LiveExchange(request, nowUs());
      const deadlineUs = exchange.startedUs + 5e6;
      pool.submit({
        exchange,
        prepared: { pool },
        options: { timeoutMs: 5_000, fresh },
        deadlineUs,
        resolve,
      });
    });
  return { servers, pool, send };
}

function streams(server: Server | undefined): number[] {
  return server?.of(FrameType.Headers).map(({ streamId }) => streamId) ?? [];
}

/** Lets the dials that are under way end. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

function limit(streams: number): Uint8Array {
  return settingsFrame([[Setting.MaxConcurrentStreams, streams]]);
}

function refuse(server: Server, id: number): void {
  server.sink.onData(numberFrame(FrameType.RstStream, id, ErrorCode.RefusedStream));
}

Deno.test("what a server refuses before its limit is known is sent again, under that limit", async () => {
  const { servers, pool, send } = setting();
  const sent = [send(), send(), send()];
  await settle();
  assertEquals(servers.map(streams), [[1, 3, 5]]);
  servers[0]!.sink.onData(limit(1));
  refuse(servers[0]!, 3);
  refuse(servers[0]!, 5);
  await settle();
  assertEquals(await Promise.race([...sent, Promise.resolve("none")]), "none");
  // One at a time, so each on a connection of its own, and none waits for one that is full.
  assertEquals(servers.map(streams), [[1, 3, 5], [1], [1]]);
  for (const server of servers) {
    server.sink.onData(limit(1));
    server.answer(1);
  }
  const exchanges = await Promise.all(sent);
  assertEquals(
    exchanges.map(({ status, failure }) => [status, failure]),
    Array(3).fill([200, undefined]),
  );
  assertEquals(exchanges.map(({ retried }) => retried), [false, true, true]);
  pool.close();
});

Deno.test("a closed set sends what was refused as soon as there is room", async () => {
  const { servers, pool, send } = setting({ maxConnections: 1 });
  const sent = [send(), send()];
  await settle();
  const [server] = servers;
  server!.sink.onData(limit(1));
  refuse(server!, 3);
  await settle();
  assertEquals(streams(server), [1, 3]);
  server!.answer(1);
  assertEquals(streams(server), [1, 3, 5]);
  server!.answer(5);
  assertEquals((await Promise.all(sent)).map(({ status }) => status), [200, 200]);
  assertEquals(servers.length, 1);
  pool.close();
});

Deno.test("a later connection begins with the limit that an earlier one had, until it says its own", async () => {
  const { servers, pool, send } = setting();
  const first = send();
  await settle();
  servers[0]!.sink.onData(limit(2));
  const more = Array.from({ length: 3 }, () => send());
  await settle();
  assertEquals(servers.map(streams), [[1, 3], [1, 3]]);
  servers[1]!.sink.onData(limit(3));
  const last = send();
  await settle();
  assertEquals(servers.map(streams), [[1, 3], [1, 3, 5]]);
  for (const server of servers) for (const id of streams(server)) server.answer(id);
  await Promise.all([first, ...more, last]);
  pool.close();
});

Deno.test("room that a server makes known lets in what waits", async () => {
  const { servers, pool, send } = setting({ maxConnections: 1 });
  const first = send();
  await settle();
  servers[0]!.sink.onData(limit(1));
  const second = send();
  assertEquals(streams(servers[0]), [1]);
  servers[0]!.sink.onData(limit(2));
  assertEquals(streams(servers[0]), [1, 3]);
  for (const id of [1, 3]) servers[0]!.answer(id);
  const exchanges = await Promise.all([first, second]);
  assert(exchanges[1]!.blockedUs > 0);
  pool.close();
});

Deno.test("a request that is refused again and again fails in the end, with the server's word", async () => {
  const { servers, pool, send } = setting();
  const sent = send();
  for (let i = 0; i < 20; i++) {
    await settle();
    const server = servers[i];
    if (server === undefined) break;
    server.sink.onData(limit(0));
    refuse(server, 1);
  }
  const { failure, retried } = await sent;
  assertEquals([failure?.class, retried, servers.length], ["reset", true, 6]);
  assertMatch(failure!.message, /REFUSED_STREAM/);
  pool.close();
});

Deno.test("a farewell sends what it does not name elsewhere, and a reset does not", async () => {
  const { servers, pool, send } = setting();
  const sent = [send(), send(), send()];
  await settle();
  const [server] = servers;
  server!.sink.onData(settingsFrame([]));
  server!.push(FrameType.Goaway, 0, 0, new Uint8Array([0, 0, 0, 3, 0, 0, 0, 0]));
  server!.answer(1);
  server!.sink.onData(numberFrame(FrameType.RstStream, 3, ErrorCode.Cancel));
  await settle();
  assertEquals(servers.map(streams), [[1, 3, 5], [1]]);
  servers[1]!.sink.onData(settingsFrame([]));
  servers[1]!.answer(1);
  const exchanges = await Promise.all(sent);
  assertEquals(exchanges.map(({ failure }) => failure?.class), [undefined, "reset", undefined]);
  assertEquals([server!.destroyed, exchanges[2]!.retried], [true, true]);
  pool.close();
});

Deno.test("what a farewell names and the server then drops is closed, in the farewell's words", async () => {
  const { servers, pool, send } = setting();
  const sent = send();
  await settle();
  servers[0]!.sink.onData(settingsFrame([]));
  servers[0]!.push(FrameType.Goaway, 0, 0, new Uint8Array([0, 0, 0, 1, 0, 0, 0, 11]));
  servers[0]!.sink.onEnd();
  const { failure } = await sent;
  assertEquals([failure?.class, servers.length], ["closed", 1]);
  assertMatch(failure!.message, /ENHANCE_YOUR_CALM/);
  pool.close();
});

for (
  const [method, reused, again] of [
    ["GET", true, true],
    ["POST", true, false],
    ["GET", false, false],
  ] as const
) {
  const where = reused ? "a reused connection" : "a new connection";
  Deno.test(`a ${method} on ${where} that closes is ${again ? "sent once more" : "not sent again"}`, async () => {
    const { servers, pool, send } = setting();
    const first = reused ? send() : undefined;
    await settle();
    servers[0]?.sink.onData(settingsFrame([]));
    servers[0]?.answer(1);
    await first;
    const sent = send({ method });
    await settle();
    servers[0]!.sink.onEnd();
    await settle();
    assertEquals(servers.length, again ? 2 : 1);
    servers[1]?.sink.onData(settingsFrame([]));
    // The second attempt is the last one.
    servers[1]?.sink.onEnd();
    const { failure, retried } = await sent;
    assertEquals([failure?.class, retried], ["closed", again]);
    assert(servers.length <= 2);
    pool.close();
  });
}

Deno.test("a fresh request that is refused gets another connection of its own", async () => {
  const { servers, pool, send } = setting();
  const sent = send({}, true);
  await settle();
  servers[0]!.sink.onData(limit(5));
  refuse(servers[0]!, 1);
  await settle();
  servers[1]!.sink.onData(limit(5));
  servers[1]!.header(1, [[":status", "204"]], Flag.EndHeaders | Flag.EndStream);
  assertEquals((await sent).status, 204);
  assertEquals(servers.map(({ destroyed }) => destroyed), [true, true]);
  pool.close();
});

Deno.test("where a connection takes two streams, five requests have three connections", async () => {
  const { servers, pool, send } = setting();
  const first = send();
  await settle();
  servers[0]!.sink.onData(limit(2));
  servers[0]!.answer(1);
  await first;
  servers[0]!.push(FrameType.Goaway, 0, 0, new Uint8Array(8));
  const sent = Array.from({ length: 5 }, () => send());
  await settle();
  assertEquals(servers.slice(1).map(streams), [[1, 3], [1, 3], [1]]);
  for (const server of servers.slice(1)) {
    server.sink.onData(limit(2));
    for (const id of streams(server)) server.answer(id);
  }
  assertEquals((await Promise.all(sent)).map(({ status }) => status), Array(5).fill(200));
  pool.close();
});

Deno.test("a server that does not choose HTTP/2 fails all that wait, and is left", async () => {
  const { servers, pool, send } = setting({}, "http/1.1");
  const exchanges = await Promise.all([send(), send()]);
  for (const { failure } of exchanges) {
    assertEquals(failure?.class, "protocol");
    assertMatch(failure!.message, /a\.example:443.*ALPN did not choose h2/);
  }
  assertEquals(servers.map(({ destroyed }) => destroyed), [true]);
  pool.close();
});

Deno.test("what waits for a connection that cannot be made shares its failure", async () => {
  const refused = { class: "connect_refused", message: "Connection refused" } as const;
  const { pool, send } = setting({}, refused);
  const exchanges = await Promise.all([send(), send(), send()]);
  assertEquals(exchanges.map(({ failure }) => failure), Array(3).fill(refused));
  assertEquals(await pool.open(5, 1000), 0);
  pool.close();
});

Deno.test("one connection is opened ahead for any number of requests, and none for none", async () => {
  const { servers, pool, send } = setting();
  assertEquals([await pool.open(0, 1000), servers.length], [0, 0]);
  assertEquals([await pool.open(7, 1000), servers.length], [7, 1]);
  assertEquals([await pool.open(7, 1000), servers.length], [7, 1]);
  const sent = send();
  servers[0]!.sink.onData(settingsFrame([]));
  servers[0]!.answer(1);
  assertEquals([(await sent).status, servers.length], [200, 1]);
  pool.close();
});

Deno.test("an interrupt ends what it means, being connected, waiting or under way", async () => {
  const failure = { class: "interrupted", message: "stopped" } as const;
  const meant = (job: { exchange: Exchange }): boolean => job.exchange.request.method === "PUT";
  const connecting = setting({}, "never");
  const sent = [connecting.send({ method: "PUT" }), connecting.send({ method: "PUT" })];
  connecting.pool.interrupt(() => false, failure);
  connecting.pool.interrupt(meant, failure);
  assertEquals((await Promise.all(sent)).map((one) => one.failure), [failure, failure]);

  const { servers, pool, send } = setting({ maxConnections: 1 });
  const [ended, kept] = [send({ method: "PUT" }), send()];
  await settle();
  pool.interrupt(meant, failure);
  assertEquals((await ended).failure, failure);
  servers[0]!.sink.onData(settingsFrame([]));
  servers[0]!.answer(3);
  assertEquals((await kept).status, 200);
  pool.close();
});

Deno.test("closing a pool ends everything in it", async () => {
  const connecting = setting({}, "never");
  const waiting = [connecting.send(), connecting.send()];
  connecting.pool.close();
  const { servers, pool, send } = setting();
  const shared = send(), single = send({}, true);
  await settle();
  pool.close();
  for (const exchange of await Promise.all([...waiting, shared, single])) {
    assertEquals(exchange.failure?.class, "interrupted");
  }
  assertEquals(servers.map(({ destroyed }) => destroyed), [true, true]);
});

Deno.test("a fresh request at the head of a closed set's queue waits for a place, not for a stream", async () => {
  const { servers, pool, send } = setting({ maxConnections: 1 });
  const first = send();
  await settle();
  servers[0]!.sink.onData(settingsFrame([]));
  const fresh = send({}, true);
  servers[0]!.answer(1);
  await first;
  await settle();
  assertEquals(servers.map(streams), [[1]]);
  servers[0]!.sink.onEnd();
  await settle();
  assertEquals(servers.map(streams), [[1], [1]]);
  servers[1]!.sink.onData(settingsFrame([]));
  servers[1]!.answer(1);
  assertEquals([(await fresh).status, (await fresh).reused], [200, false]);
  assert((await fresh).blockedUs > 0);
  pool.close();
});
