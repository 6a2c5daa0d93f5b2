import fc from "fast-check";
import { assert, assertEquals, assertMatch } from "../../../assert.ts";
import {
  ErrorCode,
  Flag,
  FrameType,
  numberFrame,
  readUint32,
  Setting,
  settingsFrame,
  writeFrame,
} from "../../../../src/http/own/http2/frames.ts";
import { encodeFields, type Field, HpackDecoder } from "../../../../src/http/own/http2/hpack.ts";
import { bodyOf, EMPTY, play, scene } from "./scene.ts";

Deno.test("a connection begins with settings without push, and a request is one header", async () => {
  const { server, connection, send } = scene();
  const sent = send({ headers: { "X-A": "b", Authorization: "t" } });
  assertEquals(server.frames[0]?.type, FrameType.Settings);
  const [header] = server.of(FrameType.Headers);
  assertEquals([header!.flags, header!.streamId], [Flag.EndStream | Flag.EndHeaders, 1]);
  assertEquals(new HpackDecoder().decode(header!.payload, 1000), [
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

Deno.test("what the client allows is said at once: no push, its windows and the room for a head", () => {
  const { server, connection } = scene(false);
  const [settings, window] = server.frames;
  const numbers = [0, 6, 12].map((at) => [
    settings!.payload[at + 1],
    readUint32(settings!.payload, at + 2),
  ]);
  assertEquals(numbers, [[2, 0], [4, 2 ** 20], [6, 65_536]]);
  assertEquals([window!.type, window!.streamId], [FrameType.WindowUpdate, 0]);
  assertEquals(readUint32(window!.payload, 0), 2 ** 24 - 65_535);
  connection.close();
});

Deno.test("a header that is larger than a frame is continued, and only the first of all changes the table", () => {
  const { server, connection, send } = scene();
  const headers = { "x-long": "b".repeat(40_000) };
  void send({ headers, method: "POST", body: new Uint8Array(1) });
  void send({ headers });
  const pieces = server.frames.filter(({ type }) =>
    type === FrameType.Headers || type === FrameType.Continuation
  );
  assertEquals(pieces.map(({ streamId, flags, payload }) => [streamId, flags, payload.length]), [
    [1, 0, 16_384],
    [1, 0, 16_384],
    [1, Flag.EndHeaders, pieces[2]!.payload.length],
    [3, Flag.EndStream, 16_384],
    [3, 0, 16_384],
    [3, Flag.EndHeaders, pieces[5]!.payload.length],
  ]);
  const decoder = new HpackDecoder();
  for (const id of [1, 3]) {
    const block = pieces.filter(({ streamId }) => streamId === id)
      .flatMap(({ payload }) => [...payload]);
    assertEquals(block[0] === 0x20, id === 1);
    const fields = decoder.decode(new Uint8Array(block), 100_000);
    assertEquals(fields?.find(([name]) => name === "x-long")?.[1].length, 40_000);
  }
  connection.close();
});

Deno.test("a header of exactly one frame is not continued", () => {
  const { server, connection, send } = scene();
  void send();
  const bare = server.of(FrameType.Headers)[0]!.payload.length - 1;
  const sendOf = (length: number): void => void send({ headers: { a: "b".repeat(length) } });
  sendOf(16_384 - bare - 6);
  const [, whole] = server.of(FrameType.Headers);
  assertEquals([whole!.payload.length, whole!.flags], [16_384, end]);
  sendOf(16_384 - bare - 5);
  assertEquals(server.of(FrameType.Continuation).map(({ payload }) => payload.length), [1]);
  connection.close();
});

Deno.test("the server is given room again for what has come, on the stream and on the connection", async () => {
  const { server, connection, send } = scene(true, 10_000_000);
  server.frames.length = 0;
  const sent = send();
  server.header(1, [[":status", "200"]]);
  const payload = new Uint8Array(16_384);
  const updates = (id: number): number[] =>
    server.of(FrameType.WindowUpdate).filter(({ streamId }) => streamId === id)
      .map(({ payload }) => readUint32(payload, 0));
  for (let i = 0; i < 31; i++) server.push(FrameType.Data, 0, 1, payload);
  assertEquals([updates(1), updates(0)], [[], []]);
  server.push(FrameType.Data, 0, 1, payload);
  assertEquals([updates(1), updates(0)], [[2 ** 19], []]);
  for (let i = 0; i < 479; i++) server.push(FrameType.Data, 0, 1, payload);
  assertEquals(updates(0), []);
  server.push(FrameType.Data, 0, 1, payload);
  assertEquals([updates(1), updates(0)], [Array(16).fill(2 ** 19), [2 ** 23]]);
  server.push(FrameType.Data, Flag.EndStream, 1);
  const { body, bytesReceived, failure } = await sent;
  assertEquals([failure, body.length], [undefined, 2 ** 23]);
  assertEquals(bytesReceived, 9 + 1 + 512 * (16_384 + 9) + 9);
  const again = send();
  server.header(3, [[":status", "200"]]);
  for (let i = 0; i < 512; i++) server.push(FrameType.Data, 0, 3, payload);
  assertEquals(updates(0), [2 ** 23, 2 ** 23]);
  server.push(FrameType.Data, Flag.EndStream, 3);
  assertEquals((await again).failure, undefined);
  connection.close();
});

Deno.test("what came and went is counted with its frames, and when the answer began", async () => {
  const { server, connection, send } = scene();
  const sent = send({ method: "POST", body: new Uint8Array(100) });
  const wire = server.frames.slice(-2).reduce((sum, { payload }) => sum + 9 + payload.length, 0);
  server.header(1, [[":status", "200"]]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  server.data(1, "ok", Flag.EndStream);
  const { bytesSent, bytesReceived, ttfbUs, startedUs, endedUs } = await sent;
  assertEquals([bytesSent, bytesReceived], [wire, 10 + 11]);
  assert(ttfbUs! > 0 && ttfbUs! < endedUs - startedUs - 40_000);
  connection.close();
});

Deno.test("an interrupt ends the streams that it means, and no others", async () => {
  const { server, connection, send } = scene();
  const [ended, kept] = [send({ method: "PUT" }), send()];
  const failure = { class: "interrupted", message: "stopped" } as const;
  connection.interrupt(({ exchange }) => exchange.request.method === "PUT", failure);
  assertEquals((await ended).failure, failure);
  assertEquals(
    server.of(FrameType.RstStream).map(({ streamId, payload }) => [
      streamId,
      readUint32(payload, 0),
    ]),
    [[1, ErrorCode.Cancel]],
  );
  server.answer(3);
  assertEquals((await kept).status, 200);
  connection.close();
});

Deno.test("answers to pings are hoarded only while none is taken", () => {
  const { server, connection } = scene();
  const ping = (count: number): void => {
    for (let i = 0; i < count; i++) server.push(FrameType.Ping, 0, 0, new Uint8Array(8));
  };
  server.writing = true;
  ping(1000);
  server.writing = false;
  ping(1);
  server.writing = true;
  ping(1000);
  assertEquals([server.destroyed, server.of(FrameType.Ping).length], [false, 2001]);
  ping(1);
  assertEquals(server.destroyed, true);
  connection.close();
});

Deno.test("streams are numbered 1, 3, 5, and only the first finds the connection new", async () => {
  const { server, connection, send } = scene();
  const sent = [send(), send(), send()];
  assertEquals(server.of(FrameType.Headers).map(({ streamId }) => streamId), [1, 3, 5]);
  for (const id of [1, 3, 5]) server.answer(id);
  assertEquals((await Promise.all(sent)).map(({ reused }) => reused), [false, true, true]);
  assertEquals((await Promise.all(sent)).map(({ protocol }) => protocol), ["h2", "h2", "h2"]);
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
  const { server, connection, limits, send } = scene();
  server.sink.onData(settingsFrame([[Setting.MaxConcurrentStreams, 2]]));
  server.sink.onData(settingsFrame([[Setting.MaxConcurrentStreams, 2]]));
  assertEquals(limits, [2]);
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

Deno.test("every stream's time is looked at again, whichever was up first", async () => {
  const { server, connection, send } = scene();
  const sent = [send({}, 120), send({}, 20), send({}, 70), send({}, 10_000)];
  const [slow, quick, middle] = await Promise.all(sent.slice(0, 3));
  for (const exchange of [slow!, quick!, middle!]) {
    assertEquals(exchange.failure?.class, "timeout");
    assertMatch(exchange.failure!.message, /within \d+ ms/);
  }
  for (const [exchange, ms] of [[quick, 20], [middle, 70], [slow, 120]] as const) {
    const tookMs = (exchange!.endedUs - exchange!.startedUs) / 1000;
    // Not as late as the last, whose time is not up: how late is the host's.
    assert(tookMs >= ms - 1 && tookMs < 9_000, `${tookMs} ms in place of ${ms}`);
  }
  assertEquals(server.of(FrameType.RstStream).map(({ streamId }) => streamId), [3, 5, 1]);
  assertEquals(connection.hasRoom, true);
  server.answer(7);
  assertEquals((await sent[3]!).status, 200);
  connection.close();
});

Deno.test("304 may tell the length of what it does not send", async () => {
  const fields: Field[] = [[":status", "304"], ["content-length", "3"]];
  const exchange = await play(({ server }) => server.header(1, fields, end));
  assertEquals([exchange.status, exchange.failure], [304, undefined]);
});

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
