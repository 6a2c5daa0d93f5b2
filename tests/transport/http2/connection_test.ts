import fc from "fast-check";
import { assert, assertEquals, assertMatch } from "../../assert.ts";
import { nowUs } from "../../../src/schedule/clock.ts";
import { type Job, LiveExchange } from "../../../src/transport/exchange.ts";
import type { Failure } from "../../../src/transport/failure.ts";
import type { Exchange, HttpRequest } from "../../../src/transport/http.ts";
import { Http2Connection } from "../../../src/transport/http2/connection.ts";
import {
  ErrorCode,
  Flag,
  type Frame,
  FrameReader,
  FrameType,
  numberFrame,
  PREFACE,
  Setting,
  settingsFrame,
  writeFrame,
} from "../../../src/transport/http2/frames.ts";
import { encodeFields, type Field, HpackDecoder } from "../../../src/transport/http2/hpack.ts";
import type { ByteStream, StreamSink } from "../../../src/transport/stream.ts";

const EMPTY = new Uint8Array(0);

/** The server's end of a connection, in memory. */
class Server implements ByteStream {
  readonly writing = false;
  readonly frames: Frame[] = [];
  destroyed = false;
  sink!: StreamSink;
  #preface = PREFACE.length;
  readonly #reader = new FrameReader();

  start(sink: StreamSink): void {
    this.sink = sink;
  }

  write(bytes: Uint8Array): void {
    const skipped = Math.min(this.#preface, bytes.length);
    this.#preface -= skipped;
    this.#reader.read(bytes.subarray(skipped), (frame) => this.frames.push(frame));
  }

  destroy(): void {
    this.destroyed = true;
  }

  of(type: number): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  push(type: number, flags: number, streamId: number, payload: Uint8Array = EMPTY): void {
    this.sink.onData(writeFrame({ type, flags, streamId, payload }));
  }

  header(streamId: number, fields: readonly Field[], flags: number = Flag.EndHeaders): void {
    this.push(FrameType.Headers, flags, streamId, encodeFields(fields));
  }

  data(streamId: number, text: string, flags = 0): void {
    this.push(FrameType.Data, flags, streamId, new TextEncoder().encode(text));
  }

  answer(streamId: number, body = "ok"): void {
    this.header(streamId, [[":status", "200"]]);
    this.data(streamId, body, Flag.EndStream);
  }
}

interface Loss {
  readonly job: Job;
  readonly failure: Failure;
  readonly untouched: boolean;
}

interface Scene {
  readonly server: Server;
  readonly connection: Http2Connection;
  readonly lost: Loss[];
  readonly closed: { count: number };
  send(request?: Partial<HttpRequest>, timeoutMs?: number): Promise<Exchange>;
}

function scene(): Scene {
  const server = new Server();
  const lost: Loss[] = [];
  const closed = { count: 0 };
  const connection = new Http2Connection({
    stream: server,
    name: "a.example:443",
    maxBodyBytes: 1000,
    owner: {
      onRoom: () => {},
      onClosed: () => void closed.count++,
      onLost: (job, failure, untouched) => {
        lost.push({ job, failure, untouched });
        return false;
      },
    },
  });
  const send: Scene["send"] = (wish, timeoutMs = 10_000) =>
    new Promise((resolve) => {
      const request = {
        method: "GET",
        url: new URL("https://a.example/p?q"),
        headers: {},
        ...wish,
      };
      const exchange = new LiveExchange(request, nowUs());
      const options = { timeoutMs };
      const deadlineUs = exchange.startedUs + timeoutMs * 1000;
      // The pool is the client's business, not the connection's.
      const prepared = { pool: undefined as never };
      connection.run({ exchange, prepared, options, deadlineUs, resolve });
    });
  return { server, connection, lost, closed, send };
}

/** Plays a scene with one request under way on stream 1, and returns how that ended. */
async function play(
  act: (scene: Scene) => void,
  request: Partial<HttpRequest> = {},
): Promise<Exchange> {
  const setting = scene();
  const sent = setting.send(request);
  act(setting);
  const exchange = await Promise.race([sent, Promise.resolve(undefined)]);
  setting.connection.close();
  assert(exchange !== undefined, "the exchange goes on");
  return exchange;
}

function bodyOf(exchange: Exchange): string {
  return new TextDecoder().decode(exchange.body);
}

Deno.test("a connection begins with settings without push, and a request is one header", async () => {
  const { server, connection, send } = scene();
  const sent = send({ headers: { "X-A": "b", Authorization: "t" } });
  assertEquals(server.frames[0]?.type, FrameType.Settings);
  const [header] = server.of(FrameType.Headers);
  assertEquals([header!.flags, header!.streamId], [Flag.EndStream | Flag.EndHeaders, 1]);
  assertEquals(new HpackDecoder(1000).decode(header!.payload), [
    [":method", "GET"],
    [":scheme", "https"],
    [":authority", "a.example"],
    [":path", "/p?q"],
    ["x-a", "b"],
    ["authorization", "t"],
  ]);
  server.answer(1);
  const exchange = await sent;
  assertEquals([exchange.status, bodyOf(exchange), exchange.reused], [200, "ok", false]);
  connection.close();
});

Deno.test("answers come in any order, and each finds its request", async () => {
  const { server, connection, send } = scene();
  const sent = [send(), send(), send()];
  for (const id of [5, 1, 3]) server.answer(id, `for ${id}`);
  assertEquals((await Promise.all(sent)).map(bodyOf), ["for 1", "for 3", "for 5"]);
  connection.close();
});

Deno.test("interim answers, padding, priority, unknown frames and trailers are passed over", async () => {
  const exchange = await play(({ server }) => {
    server.header(1, [[":status", "103"], ["link", "</a>"]]);
    server.push(0x42, 0xff, 1, new Uint8Array(7));
    const block = encodeFields([[":status", "200"], ["a", "b"], ["a", "c"]]);
    const padded = new Uint8Array([2, 0, 0, 0, 0, 9, ...block, 0, 0]);
    server.push(FrameType.Headers, Flag.EndHeaders | Flag.Padded | Flag.Priority, 1, padded);
    server.push(FrameType.Data, Flag.Padded, 1, new Uint8Array([1, 111, 107, 0]));
    server.header(1, [["expires", "never"]], Flag.EndHeaders | Flag.EndStream);
  });
  assertEquals([exchange.status, bodyOf(exchange), exchange.header("A")], [200, "ok", "b, c"]);
  assertEquals(exchange.header("link"), undefined);
});

Deno.test("a header may come in pieces, but nothing else between them", async () => {
  const block = encodeFields([[":status", "200"]]);
  const whole = await play(({ server }) => {
    server.push(FrameType.Headers, Flag.EndStream, 1, EMPTY);
    server.push(FrameType.Continuation, Flag.EndHeaders, 1, block);
  });
  assertEquals(whole.status, 200);
  const broken = await play(({ server }) => {
    server.push(FrameType.Headers, Flag.EndStream, 1, block);
    server.push(FrameType.Ping, 0, 0, new Uint8Array(8));
  });
  assertEquals(broken.failure?.class, "protocol");
});

Deno.test("a body is sent as far as the server's windows reach, and goes on when they open", async () => {
  const { server, connection, send } = scene();
  server.sink.onData(settingsFrame([[Setting.InitialWindowSize, 10]]));
  const sent = send({ method: "POST", body: new TextEncoder().encode("0123456789abcdefghij") });
  const text = (): string =>
    server.of(FrameType.Data).map(({ payload }) => new TextDecoder().decode(payload)).join("|");
  assertEquals(text(), "0123456789");
  server.sink.onData(numberFrame(FrameType.WindowUpdate, 1, 4));
  server.sink.onData(settingsFrame([[Setting.InitialWindowSize, 13]]));
  assertEquals(text(), "0123456789|abcd|efg");
  server.sink.onData(numberFrame(FrameType.WindowUpdate, 1, 100));
  assertEquals(text(), "0123456789|abcd|efg|hij");
  assertEquals(server.of(FrameType.Data).at(-1)?.flags, Flag.EndStream);
  server.answer(1);
  assertEquals((await sent).status, 200);
  connection.close();
});

Deno.test("the whole connection has a window of its own", async () => {
  const { server, connection, send } = scene();
  server.sink.onData(settingsFrame([[Setting.InitialWindowSize, 1_000_000]]));
  const sent = send({ method: "POST", body: new Uint8Array(100_000) });
  const total = (): number =>
    server.of(FrameType.Data).reduce((sum, { payload }) => sum + payload.length, 0);
  assertEquals(total(), 65_535);
  server.sink.onData(numberFrame(FrameType.WindowUpdate, 0, 50_000));
  assertEquals(total(), 100_000);
  assert(server.of(FrameType.Data).every(({ payload }) => payload.length <= 16_384));
  server.answer(1);
  await sent;
  connection.close();
});

Deno.test("an answer before the request was sent whole ends the sending", async () => {
  const { server, connection, send } = scene();
  server.sink.onData(settingsFrame([[Setting.InitialWindowSize, 1]]));
  const sent = send({ method: "POST", body: new Uint8Array(10) });
  server.header(1, [[":status", "413"]], Flag.EndHeaders | Flag.EndStream);
  assertEquals((await sent).status, 413);
  assertEquals(server.of(FrameType.RstStream).length, 1);
  server.sink.onData(numberFrame(FrameType.WindowUpdate, 1, 100));
  assertEquals(server.of(FrameType.Data).length, 1);
  connection.close();
});

Deno.test("settings and pings are answered", () => {
  const { server, connection } = scene();
  server.sink.onData(settingsFrame([]));
  server.push(FrameType.Ping, 0, 0, new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]));
  assertEquals(server.frames.at(-2)?.flags, Flag.Ack);
  assertEquals([...server.frames.at(-1)!.payload], [1, 2, 3, 4, 5, 6, 7, 8]);
  connection.close();
});

Deno.test("as many streams are opened as the server allows", () => {
  const { server, connection, send } = scene();
  server.sink.onData(settingsFrame([[Setting.MaxConcurrentStreams, 2]]));
  void send();
  assertEquals(connection.hasRoom, true);
  void send();
  assertEquals(connection.hasRoom, false);
  server.answer(1);
  assertEquals(connection.hasRoom, true);
  connection.close();
});

Deno.test("a farewell lets begun requests end, and gives the others back untouched", async () => {
  const { server, connection, lost, closed, send } = scene();
  const [begun, late] = [send(), send({ method: "POST" })];
  server.push(FrameType.Goaway, 0, 0, new Uint8Array([0, 0, 0, 1, 0, 0, 0, 0]));
  assertEquals((await late).failure?.class, "closed");
  assertEquals(lost.map(({ untouched }) => untouched), [true]);
  assertEquals([connection.hasRoom, closed.count], [false, 0]);
  server.answer(1);
  assertEquals((await begun).status, 200);
  assertEquals([server.destroyed, closed.count], [true, 1]);
});

Deno.test("a stream that is reset is a failure of class reset, and a refused one is untouched", async () => {
  for (
    const [code, untouched] of [[ErrorCode.Cancel, false], [ErrorCode.RefusedStream, true]] as const
  ) {
    const { server, connection, lost, send } = scene();
    const sent = send();
    server.sink.onData(numberFrame(FrameType.RstStream, 1, code));
    assertEquals((await sent).failure?.class, "reset");
    assertEquals(lost.map((loss) => loss.untouched), [untouched]);
    assertEquals(connection.hasRoom, true);
    connection.close();
  }
});

Deno.test("when the connection ends, everything on it is closed", async () => {
  const { server, closed, send } = scene();
  const sent = [send(), send()];
  server.header(1, [[":status", "200"]]);
  server.sink.onEnd();
  const exchanges = await Promise.all(sent);
  assertEquals(exchanges.map(({ failure }) => failure?.class), ["closed", "closed"]);
  assertEquals(exchanges.map(({ status }) => status), [200, 0]);
  assertEquals(closed.count, 1);
});

Deno.test("what comes of a stream that was given up is passed over, but its header is read", async () => {
  const { server, connection, send } = scene();
  const given = send();
  connection.interrupt(() => true, { class: "interrupted", message: "stopped" });
  assertEquals((await given).failure?.class, "interrupted");
  assertEquals(server.of(FrameType.RstStream).length, 1);
  const kept = send();
  const remembered = encodeFields([["x-kept", "value"]]);
  remembered[0] = 0x40;
  server.push(FrameType.Headers, Flag.EndHeaders, 1, new Uint8Array([0x88, ...remembered]));
  server.data(1, "late", Flag.EndStream);
  server.push(FrameType.Headers, Flag.EndHeaders | Flag.EndStream, 3, new Uint8Array([0x88, 0xbe]));
  assertEquals((await kept).header("x-kept"), "value");
  connection.close();
});

Deno.test("a stream's time is its own", async () => {
  const { server, connection, send } = scene();
  const [slow, quick] = [send({}, 10_000), send({}, 30)];
  const { failure } = await quick;
  assertEquals(failure?.class, "timeout");
  server.answer(1);
  assertEquals((await slow).status, 200);
  connection.close();
});

const end = Flag.EndHeaders | Flag.EndStream;
const broken: readonly [string, (server: Server) => void, string][] = [
  [
    "HTTP/1",
    (s) => s.sink.onData(new TextEncoder().encode("HTTP/1.1 400 Bad\r\n\r\n")),
    "protocol",
  ],
  ["a pushed stream", (s) => s.push(FrameType.PushPromise, 4, 1, new Uint8Array(5)), "protocol"],
  ["a stream never opened", (s) => s.answer(99), "protocol"],
  ["an even stream", (s) => s.answer(2), "protocol"],
  ["data on stream 0", (s) => s.data(0, "x"), "protocol"],
  ["a body without a header", (s) => s.data(1, "x"), "protocol"],
  ["no status", (s) => s.header(1, [["a", "b"]], end), "protocol"],
  ["a strange status", (s) => s.header(1, [[":status", "2000"]], end), "protocol"],
  ["an end after an interim answer", (s) => s.header(1, [[":status", "103"]], end), "protocol"],
  ["a broken header", (s) => s.push(FrameType.Headers, end, 1, new Uint8Array([0xff])), "protocol"],
  ["a continuation of nothing", (s) => s.push(FrameType.Continuation, 4, 1), "protocol"],
  [
    "nothing but padding",
    (s) => s.push(FrameType.Data, Flag.Padded, 1, new Uint8Array([9])),
    "protocol",
  ],
  ["a setting cut short", (s) => s.push(FrameType.Settings, 0, 0, new Uint8Array(5)), "protocol"],
  ["a ping of the wrong size", (s) => s.push(FrameType.Ping, 0, 0, new Uint8Array(7)), "protocol"],
  ["a window opened by nothing", (s) => s.sink.onData(numberFrame(8, 0, 0)), "protocol"],
  ["a window too wide", (s) => s.sink.onData(numberFrame(8, 0, 2 ** 31 - 1)), "protocol"],
  ["a huge frame", (s) => s.sink.onData(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 1])), "protocol"],
  ["a header without end", (s) => {
    s.push(FrameType.Headers, 0, 1, new Uint8Array(16_000));
    for (let i = 0; i < 5; i++) s.push(FrameType.Continuation, 0, 1, new Uint8Array(16_000));
  }, "protocol"],
  ["a length that is not kept", (s) => {
    s.header(1, [[":status", "200"], ["content-length", "3"]]);
    s.data(1, "ok", Flag.EndStream);
  }, "protocol"],
  ["a body beyond the limit", (s) => {
    s.header(1, [[":status", "200"]]);
    s.data(1, "b".repeat(1001), Flag.EndStream);
  }, "too_large"],
];
for (const [what, act, kind] of broken) {
  Deno.test(`HTTP/2: ${what} is a failure of class ${kind}`, async () => {
    const { failure, body } = await play(({ server }) => act(server));
    assertEquals(failure?.class, kind);
    assertMatch(failure!.message, /\w{3}/);
    assert(body.length <= 1000);
  });
}

Deno.test("a length need not be kept where there is no body", async () => {
  const fields: Field[] = [[":status", "200"], ["content-length", "3"]];
  const exchange = await play(({ server }) => server.header(1, fields, end), { method: "HEAD" });
  assertEquals([exchange.status, exchange.failure], [200, undefined]);
});

Deno.test("no frames make a connection throw, or leave an exchange without an end", async () => {
  const frame = fc.record({
    type: fc.integer({ min: 0, max: 11 }),
    flags: fc.constantFrom(0, 1, 4, 5, 8, 12, 13, 0x20, 0x2d, 255),
    streamId: fc.constantFrom(0, 1, 2, 3, 5, 7),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constant(encodeFields([[":status", "200"], ["content-length", "0"]])),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 20 }), fc.boolean(), async (frames, whole) => {
      const { server, connection, closed, send } = scene();
      const sent = [send(), send({ method: "POST", body: new Uint8Array(10) })];
      for (const bytes of frames.map(writeFrame)) {
        if (whole) server.sink.onData(bytes);
        else {for (let at = 0; at < bytes.length; at++) {
            server.sink.onData(bytes.subarray(at, at + 1));
          }}
      }
      connection.close();
      const exchanges = await Promise.all(sent);
      assert(exchanges.every(({ body }) => body.length <= 1000));
      assertEquals(closed.count, 1);
    }),
    { numRuns: 200 },
  );
});
