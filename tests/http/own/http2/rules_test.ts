/** What RFC 9113 forbids a server, what it allows however strange, and what is too much of either. */
import { assert, assertEquals, assertLess, assertMatch } from "../../../assert.ts";
import { cpuMsOf } from "../../../cpu.ts";
import {
  ErrorCode,
  Flag,
  FrameType,
  MAX_WINDOW,
  numberFrame,
  Setting,
  settingsFrame,
  writeFrame,
} from "../../../../src/http/own/http2/frames.ts";
import { encodeFields, type Field } from "../../../../src/http/own/http2/hpack.ts";
import { bodyOf, EMPTY, play, scene, type Server } from "./scene.ts";

const END = Flag.EndHeaders | Flag.EndStream;
const OK: Field[] = [[":status", "200"]];

function bytes(length: number): Uint8Array {
  return new Uint8Array(length);
}

function set(name: number, value: number): (server: Server) => void {
  return (server) => server.sink.onData(settingsFrame([[name, value]]));
}

function frame(
  type: number,
  streamId: number,
  payload: Uint8Array = EMPTY,
  flags = 0,
): (s: Server) => void {
  return (server) => server.push(type, flags, streamId, payload);
}

// The connection cannot go on: the server is told why, by the code that the RFC names.

const { ProtocolError, FlowControlError, FrameSizeError, CompressionError, EnhanceYourCalm } =
  ErrorCode;
const fatal: readonly [string, (server: Server) => void, number][] = [
  ["ENABLE_PUSH of 1", set(Setting.EnablePush, 1), ProtocolError],
  ["ENABLE_PUSH of 2", set(Setting.EnablePush, 2), ProtocolError],
  ["INITIAL_WINDOW_SIZE of 2^31", set(Setting.InitialWindowSize, 2 ** 31), FlowControlError],
  ["INITIAL_WINDOW_SIZE of 2^32-1", set(Setting.InitialWindowSize, 2 ** 32 - 1), FlowControlError],
  ["MAX_FRAME_SIZE of 0", set(Setting.MaxFrameSize, 0), ProtocolError],
  ["MAX_FRAME_SIZE of 16383", set(Setting.MaxFrameSize, 16_383), ProtocolError],
  ["MAX_FRAME_SIZE of 2^24", set(Setting.MaxFrameSize, 2 ** 24), ProtocolError],
  ["a setting cut short", frame(FrameType.Settings, 0, bytes(5)), FrameSizeError],
  ["a confirmation with settings", frame(FrameType.Settings, 0, bytes(6), 1), FrameSizeError],
  ["settings of a stream", frame(FrameType.Settings, 1), ProtocolError],
  ["data on stream 0", frame(FrameType.Data, 0, bytes(1)), ProtocolError],
  ["a header on stream 0", frame(FrameType.Headers, 0, encodeFields(OK), END), ProtocolError],
  ["a priority on stream 0", frame(FrameType.Priority, 0, bytes(5)), ProtocolError],
  ["a priority of 4 bytes", frame(FrameType.Priority, 1, bytes(4)), FrameSizeError],
  ["a reset on stream 0", frame(FrameType.RstStream, 0, bytes(4)), ProtocolError],
  ["a reset of 3 bytes", frame(FrameType.RstStream, 1, bytes(3)), FrameSizeError],
  ["a reset of a stream never opened", frame(FrameType.RstStream, 9, bytes(4)), ProtocolError],
  ["a pushed stream", frame(FrameType.PushPromise, 1, bytes(5), 4), ProtocolError],
  ["a ping of a stream", frame(FrameType.Ping, 1, bytes(8)), ProtocolError],
  ["a ping of 7 bytes", frame(FrameType.Ping, 0, bytes(7)), FrameSizeError],
  ["a farewell of a stream", frame(FrameType.Goaway, 1, bytes(8)), ProtocolError],
  ["a farewell of 7 bytes", frame(FrameType.Goaway, 0, bytes(7)), FrameSizeError],
  ["a window of 5 bytes", frame(FrameType.WindowUpdate, 0, bytes(5)), FrameSizeError],
  ["a window widened by nothing", frame(FrameType.WindowUpdate, 0, bytes(4)), ProtocolError],
  ["a stream's window widened by nothing", frame(8, 1, bytes(4)), ProtocolError],
  [
    "a window wider than 2^31-1",
    (s) => s.sink.onData(numberFrame(8, 0, MAX_WINDOW - 65_534)),
    FlowControlError,
  ],
  [
    "a stream's window wider than 2^31-1",
    (s) => s.sink.onData(numberFrame(8, 1, MAX_WINDOW - 65_534)),
    FlowControlError,
  ],
  [
    "a stream's window made too wide by a setting",
    (s) => {
      s.sink.onData(numberFrame(8, 1, 1));
      set(Setting.InitialWindowSize, MAX_WINDOW)(s);
    },
    FlowControlError,
  ],
  ["a continuation of nothing", frame(FrameType.Continuation, 1, EMPTY, 4), ProtocolError],
  ["a continuation on stream 0", frame(FrameType.Continuation, 0, EMPTY, 4), ProtocolError],
  [
    "a header that another stream continues",
    (s) => {
      s.push(FrameType.Headers, 0, 1, encodeFields(OK));
      s.push(FrameType.Continuation, 4, 3);
    },
    ProtocolError,
  ],
  [
    "an unknown frame within a header",
    (s) => {
      s.push(FrameType.Headers, 0, 1, encodeFields(OK));
      s.push(0x42, 0, 1);
    },
    ProtocolError,
  ],
  ["nothing but padding", frame(FrameType.Data, 1, Uint8Array.of(1), Flag.Padded), ProtocolError],
  ["padding without a length", frame(FrameType.Data, 1, EMPTY, Flag.Padded), ProtocolError],
  [
    "a header with less than its priority",
    frame(FrameType.Headers, 1, bytes(4), Flag.Priority | END),
    ProtocolError,
  ],
  ["a frame of 16385 bytes", frame(FrameType.Data, 1, bytes(16_385)), FrameSizeError],
  ["a broken header", frame(FrameType.Headers, 1, Uint8Array.of(0xff), END), CompressionError],
  ["a stream never opened", (s) => s.answer(99), ProtocolError],
  ["an even stream", (s) => s.answer(2), ProtocolError],
  [
    "HTTP/1",
    (s) => s.sink.onData(new TextEncoder().encode("HTTP/1.1 400 Bad\r\n\r\n")),
    FrameSizeError,
  ],
];
for (const [what, act, code] of fatal) {
  Deno.test(`HTTP/2: ${what} ends the connection with code ${code}`, async () => {
    const { failure, status } = await play(({ server }) => {
      act(server);
      assertEquals([server.blamed, server.destroyed], [code, true]);
    });
    assertEquals([failure?.class, status], ["protocol", 0]);
    assertMatch(failure!.message, /HTTP\/2's rules: \w{1,}.{8}/);
  });
}

Deno.test("HTTP/2: a server that does not begin with its settings ends the connection", async () => {
  for (
    const first of [
      writeFrame({ type: FrameType.Ping, flags: 0, streamId: 0, payload: bytes(8) }),
      writeFrame({ type: FrameType.Settings, flags: Flag.Ack, streamId: 0, payload: EMPTY }),
      writeFrame({ type: FrameType.Headers, flags: END, streamId: 1, payload: encodeFields(OK) }),
    ]
  ) {
    const { server, send } = scene(false);
    const sent = send();
    server.sink.onData(first);
    const { failure } = await sent;
    assertEquals([failure?.class, server.blamed], ["protocol", ErrorCode.ProtocolError]);
    assertMatch(failure!.message, /does not begin with its settings/);
  }
});

// Only the one stream is lost, and told so.

const malformed: readonly [string, (server: Server) => void, string][] = [
  ["a body without a header", (s) => s.data(1, "x"), "protocol"],
  ["no status", (s) => s.header(1, [["a", "b"]], END), "protocol"],
  ["no fields", (s) => s.header(1, [], END), "protocol"],
  ["a strange status", (s) => s.header(1, [[":status", "2000"]], END), "protocol"],
  ["a status of 600", (s) => s.header(1, [[":status", "600"]], END), "protocol"],
  ["101", (s) => s.header(1, [[":status", "101"]]), "protocol"],
  ["a status that is not the first", (s) => s.header(1, [["a", "b"], ...OK], END), "protocol"],
  ["two statuses", (s) => s.header(1, [...OK, ...OK], END), "protocol"],
  ["a path in an answer", (s) => s.header(1, [...OK, [":path", "/"]], END), "protocol"],
  ["an end after an interim answer", (s) => s.header(1, [[":status", "103"]], END), "protocol"],
  ["a second header that is not the last", (s) => {
    s.header(1, OK);
    s.header(1, OK);
  }, "protocol"],
  ["a status in the trailers", (s) => {
    s.header(1, OK);
    s.header(1, [["a", "b"], ...OK], END);
  }, "protocol"],
  ["a length that is not kept", (s) => {
    s.header(1, [...OK, ["content-length", "3"]]);
    s.data(1, "ok", Flag.EndStream);
  }, "protocol"],
  ["two lengths", (s) => {
    s.header(1, [...OK, ["content-length", "2"], ["content-length", "3"]]);
    s.data(1, "ok", Flag.EndStream);
  }, "protocol"],
  ["a body that is not gzip", (s) => {
    s.header(1, [...OK, ["content-encoding", "gzip"]]);
    s.data(1, "ok", Flag.EndStream);
  }, "protocol"],
  ["a body beyond the limit", (s) => {
    s.header(1, OK);
    s.data(1, "b".repeat(1001), Flag.EndStream);
  }, "too_large"],
  ["a body beyond the limit in two parts", (s) => {
    s.header(1, OK);
    s.data(1, "b".repeat(1000));
    s.data(1, "b");
  }, "too_large"],
  ["a head beyond the limit", (s) => {
    const long: Field = ["a", "b".repeat(15_000)];
    s.header(1, [[":status", "103"], long]);
    for (let i = 0; i < 4; i++) s.header(1, [[":status", "103"], long]);
  }, "too_large"],
  ["a head that is small until it is unpacked", (s) => {
    const remembered = encodeFields([["a", "b".repeat(4000)]]);
    remembered[0] = 0x40;
    const block = new Uint8Array([0x88, ...remembered, ...bytes(20).fill(0xbe)]);
    s.push(FrameType.Headers, END, 1, block);
  }, "too_large"],
  ["trailers beyond the limit", (s) => {
    s.header(1, [...OK, ["a", "b".repeat(15_000)]]);
    const block = encodeFields([["a", "b".repeat(55_000)]]);
    s.push(FrameType.Headers, Flag.EndStream, 1, block.subarray(0, 16_000));
    for (let at = 16_000; at < block.length; at += 16_000) {
      const last = at + 16_000 >= block.length ? Flag.EndHeaders : 0;
      s.push(FrameType.Continuation, last, 1, block.subarray(at, at + 16_000));
    }
  }, "too_large"],
];
for (const [what, act, kind] of malformed) {
  Deno.test(`HTTP/2: ${what} is a failure of class ${kind}, and the connection goes on`, async () => {
    const { server, connection, send } = scene();
    const [wrong, fine] = [send(), send()];
    act(server);
    const { failure, body } = await wrong;
    assertEquals(failure?.class, kind, failure?.message);
    assert(body.length <= 1000);
    server.answer(3);
    assertEquals([(await fine).status, server.blamed], [200, undefined]);
    connection.close();
  });
}

// Strange, and allowed.

const allowed: readonly [string, (server: Server) => void][] = [
  ["settings that nobody knows", set(0x99, 2 ** 32 - 1)],
  ["a table of any size", set(1, 2 ** 32 - 1)],
  ["ENABLE_PUSH of 0", set(Setting.EnablePush, 0)],
  ["no stream at a time", set(Setting.MaxConcurrentStreams, 0)],
  ["as many streams as can be said", set(Setting.MaxConcurrentStreams, 2 ** 32 - 1)],
  ["INITIAL_WINDOW_SIZE of 0", set(Setting.InitialWindowSize, 0)],
  ["INITIAL_WINDOW_SIZE of 2^31-1", set(Setting.InitialWindowSize, MAX_WINDOW)],
  ["MAX_FRAME_SIZE of 16384", set(Setting.MaxFrameSize, 16_384)],
  ["MAX_FRAME_SIZE of 2^24-1", set(Setting.MaxFrameSize, 2 ** 24 - 1)],
  ["a small header list", set(Setting.MaxHeaderListSize, 0)],
  ["a confirmation", frame(FrameType.Settings, 0, EMPTY, Flag.Ack)],
  ["a confirmed ping", frame(FrameType.Ping, 0, bytes(8), Flag.Ack)],
  ["a priority of a stream never opened", frame(FrameType.Priority, 99, bytes(5))],
  ["an unknown frame", frame(0xff, 0, bytes(3), 0xff)],
  ["a farewell that names every stream", frame(FrameType.Goaway, 0, bytes(8).fill(0x7f, 0, 4))],
  ["a window as wide as can be", (s) => s.sink.onData(numberFrame(8, 0, MAX_WINDOW - 65_535))],
  ["padding to the last byte", (s) => {
    s.header(1, OK);
    s.push(FrameType.Data, Flag.Padded, 1, Uint8Array.of(2, 0, 0));
    s.data(1, "ok", Flag.EndStream);
  }],
  ["a header in a hundred pieces, most of them empty", (s) => {
    s.push(FrameType.Headers, 0, 1);
    for (const byte of encodeFields([...OK, ["x-a", "b"]])) {
      for (let i = 0; i < 10; i++) s.push(FrameType.Continuation, 0, 1);
      s.push(FrameType.Continuation, 0, 1, Uint8Array.of(byte));
    }
    s.push(FrameType.Continuation, Flag.EndHeaders, 1);
    s.data(1, "ok", Flag.EndStream);
  }],
];
for (const [what, act] of allowed) {
  Deno.test(`HTTP/2: ${what} does no harm`, async () => {
    const exchange = await play(({ server }) => {
      act(server);
      if (server.destroyed) return;
      server.answer(1);
    });
    assertEquals([exchange.failure, exchange.status, bodyOf(exchange)], [undefined, 200, "ok"]);
  });
}

Deno.test("HTTP/2: the last of several values of one setting counts, each must be allowed", async () => {
  const { server, connection, send } = scene();
  const sent = send({ method: "POST", body: bytes(50) });
  server.sink.onData(settingsFrame([
    [Setting.InitialWindowSize, MAX_WINDOW],
    [Setting.InitialWindowSize, 10],
    [Setting.MaxConcurrentStreams, 1],
    [Setting.MaxConcurrentStreams, 2],
  ]));
  assertEquals(connection.hasRoom, true);
  server.answer(1);
  await sent;
  server.sink.onData(settingsFrame([[Setting.MaxFrameSize, 0], [Setting.MaxFrameSize, 16_384]]));
  assertEquals(server.blamed, ErrorCode.ProtocolError);
});

// Floods.

const ONE_TURN_BYTES = 65_536;
const floods: readonly [string, Uint8Array][] = [
  ["pings", writeFrame({ type: 6, flags: Flag.Ack, streamId: 0, payload: bytes(8) })],
  ["settings", settingsFrame([])],
  ["confirmations", writeFrame({ type: 4, flags: Flag.Ack, streamId: 0, payload: EMPTY })],
  ["windows", numberFrame(FrameType.WindowUpdate, 0, 1)],
  ["windows of a stream", numberFrame(FrameType.WindowUpdate, 1, 1)],
  ["priorities", writeFrame({ type: 2, flags: 0, streamId: 1, payload: bytes(5) })],
  ["empty data", writeFrame({ type: 0, flags: 0, streamId: 3, payload: EMPTY })],
  [
    "padded empty data",
    writeFrame({ type: 0, flags: 8, streamId: 3, payload: bytes(256).fill(255, 0, 1) }),
  ],
  ["resets of a stream that is over", numberFrame(FrameType.RstStream, 5, 0)],
  [
    "data of a stream that is over",
    writeFrame({ type: 0, flags: 0, streamId: 5, payload: bytes(9) }),
  ],
  ["unknown frames", writeFrame({ type: 0x42, flags: 0, streamId: 0, payload: EMPTY })],
  [
    "interim answers",
    writeFrame({ type: 1, flags: 4, streamId: 1, payload: encodeFields([[":status", "103"]]) }),
  ],
  ["farewells", writeFrame({ type: 7, flags: 0, streamId: 0, payload: bytes(8).fill(0x7f, 0, 4) })],
];
for (const [what, one] of floods) {
  Deno.test(`HTTP/2: a flood of ${what} ends in a failure, and each turn of it is short`, async () => {
    const { server, send } = scene();
    // Many streams under way, one of them answered in part and one over: what a frame costs may not grow with them.
    const sent = Array.from({ length: 90 }, () => send({ method: "POST", body: bytes(100) }));
    server.header(3, OK);
    server.answer(5);
    const count = Math.ceil(ONE_TURN_BYTES / one.length);
    const turn = new Uint8Array(count * one.length);
    for (let i = 0; i < count; i++) turn.set(one, i * one.length);
    let turns = 0, longestMs = 0;
    const told = Promise.race(sent);
    // Taken by the system at once, so that nothing is held back.
    for (; !server.destroyed && turns < 1000; turns++) {
      longestMs = Math.max(longestMs, cpuMsOf(() => server.sink.onData(turn)));
      server.frames.length = 0;
      if (what === "interim answers") break;
    }
    await told;
    const failed = (await Promise.all([sent[0]!, sent[1]!].map((one) =>
      Promise.race([one, Promise.resolve(undefined)])
    ))).find((exchange) =>
      exchange?.failure !== undefined
    )?.failure;
    assertMatch(failed?.class ?? "", /^(protocol|too_large)$/);
    assertMatch(failed!.message, /frames in a row|head is larger/);
    assertLess(longestMs, 1000);
    server.sink.onEnd();
    await Promise.all(sent);
  });
}

Deno.test("HTTP/2: a header continued without end is a failure, after work that grows with its frames alone", async () => {
  for (const part of [EMPTY, bytes(1), bytes(1000)]) {
    let tookMs = Infinity;
    const { failure } = await play(({ server }) => {
      tookMs = cpuMsOf(() => {
        server.push(FrameType.Headers, 0, 1, bytes(16_000));
        for (let i = 0; i < 100_000 && !server.destroyed; i++) {
          server.push(FrameType.Continuation, 0, 1, part);
        }
      });
    });
    assertEquals(failure?.class, part.length === 1000 ? "too_large" : "protocol");
    assertLess(tookMs, 2_000);
  }
});

Deno.test("HTTP/2: frames that bring answers forward are no flood, however many and small", async () => {
  const { server, connection, send } = scene();
  const ping = (): void => {
    for (let i = 0; i < 900; i++) server.push(FrameType.Ping, Flag.Ack, 0, bytes(8));
  };
  for (let id = 1; id < 40; id += 2) {
    const sent = send();
    server.header(id, OK);
    ping();
    server.data(id, "b");
    server.push(FrameType.Data, Flag.EndStream, id);
    assertEquals(bodyOf(await sent), "b");
  }
  connection.close();
});

Deno.test("HTTP/2: room given bit by bit for a large body is no flood", async () => {
  const { server, connection, send } = scene();
  server.sink.onData(settingsFrame([[Setting.InitialWindowSize, 0]]));
  const sent = send({ method: "POST", body: bytes(30_000) });
  for (let i = 0; i < 30_000; i++) server.sink.onData(numberFrame(FrameType.WindowUpdate, 1, 1));
  assertEquals(server.of(FrameType.Data).length, 30_000);
  server.answer(1);
  assertEquals((await sent).status, 200);
  connection.close();
});

Deno.test("HTTP/2: a body in frames of one byte takes no more memory than its length", async () => {
  const { server, connection, send } = scene();
  const sent = send();
  server.header(1, OK);
  // Each in a segment of its own, of which a view would keep the whole.
  for (let i = 0; i < 1000; i++) {
    const segment = new Uint8Array(65_536);
    segment.set(
      writeFrame({ type: 0, flags: Flag.Padded, streamId: 1, payload: bytes(250).fill(248, 0, 1) }),
    );
    segment.set(writeFrame({ type: 0x42, flags: 0, streamId: 0, payload: bytes(10) }), 259);
    server.sink.onData(segment.subarray(0, 259));
  }
  server.push(FrameType.Data, Flag.EndStream, 1);
  const { body, failure } = await sent;
  assertEquals([failure, body.length], [undefined, 1000]);
  assert(body.buffer.byteLength <= 1000);
  connection.close();
});

Deno.test("HTTP/2: answers to pings that the server does not take are not hoarded", async () => {
  const { server, send } = scene();
  const sent = send();
  server.writing = true;
  for (let i = 0; i < 2000 && !server.destroyed; i++) {
    server.push(FrameType.Ping, 0, 0, bytes(8));
  }
  assertEquals(server.blamed, EnhanceYourCalm);
  assertMatch((await sent).failure!.message, /asks for answers and takes none/);
  assertEquals(server.of(FrameType.Ping).length, 1000);
});
