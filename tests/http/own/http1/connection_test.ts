import { assertEquals, assertMatch } from "../../../assert.ts";
import { nowUs } from "../../../../src/clock.ts";
import { LiveExchange } from "../../../../src/http/exchange.ts";
import type { Exchange, HttpRequest } from "../../../../src/http/http.ts";
import { Http1Connection } from "../../../../src/http/own/http1/connection.ts";
import type { ByteStream, StreamSink } from "../../../../src/http/stream.ts";

/** The server's end of a connection, in memory. */
class Server implements ByteStream {
  writing = false;
  destroyed = false;
  readonly written: Uint8Array[] = [];
  sink!: StreamSink;

  start(sink: StreamSink): void {
    this.sink = sink;
  }

  write(bytes: Uint8Array): void {
    this.written.push(bytes);
  }

  destroy(): void {
    this.destroyed = true;
  }

  send(text: string): void {
    this.sink.onData(new TextEncoder().encode(text));
  }
}

interface Scene {
  readonly server: Server;
  readonly connection: Http1Connection;
  /** What the owner was told, in order. */
  readonly told: string[];
  send(request?: Partial<HttpRequest>, timeoutMs?: number): Promise<Exchange>;
}

function scene(): Scene {
  const server = new Server();
  const told: string[] = [];
  const connection = new Http1Connection({
    stream: server,
    name: "a.example:80",
    maxBodyBytes: 100,
    single: false,
    owner: {
      onIdle: () => void told.push("idle"),
      onClosed: () => void told.push("closed"),
      onLost: (_, { class: kind }) => {
        told.push(`lost: ${kind}`);
        return false;
      },
    },
  });
  const send: Scene["send"] = (given, timeoutMs = 10_000) =>
    new Promise((resolve) => {
      const request = { method: "GET", url: new URL("http://a.example/"), headers: {}, ...given };
      const exchange = new LiveExchange(request, nowUs());
      const deadlineUs = exchange.startedUs + timeoutMs * 1000;
      // The pool is the client's business, not the connection's.
      const prepared = { pool: undefined as never };
      connection.run({ exchange, prepared, options: { timeoutMs }, deadlineUs, resolve });
    });
  return { server, connection, told, send };
}

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const REFUSED = "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno";

for (
  const [what, answer, writing, expected] of [
    ["an answer that comes while the body is sent", OK, true, "idle"],
    ["a refusal once the body is sent", REFUSED, false, "idle"],
    ["a refusal while the body is sent", REFUSED, true, "closed"],
  ] as const
) {
  Deno.test(`after ${what} the connection is ${expected}`, async () => {
    const { server, connection, told, send } = scene();
    const sent = send({ method: "POST", body: new Uint8Array(10) });
    server.writing = writing;
    server.send(answer);
    assertEquals((await sent).failure, undefined);
    assertEquals(told, [expected]);
    connection.close();
  });
}

Deno.test("each exchange's time is its own, though one timer serves them all", async () => {
  const { server, send } = scene();
  const first = send({}, 40);
  server.send(OK);
  assertEquals((await first).status, 200);
  const second = await send({}, 120);
  assertEquals([second.failure?.class, server.destroyed], ["timeout", true]);
  assertMatch(second.failure!.message, /within 120 ms/);
  assertEquals(second.endedUs - second.startedUs >= 119_000, true);
});

Deno.test("a shorter time than that of the exchange before is heeded", async () => {
  const { server, send } = scene();
  const first = send({}, 60_000);
  server.send(OK);
  await first;
  const startedMs = performance.now();
  assertEquals((await send({}, 30)).failure?.class, "timeout");
  assertEquals(performance.now() - startedMs < 10_000, true);
});

Deno.test("bytes that nobody asked for end an idle connection", async () => {
  const { server, told, send } = scene();
  const sent = send();
  server.send(OK);
  await sent;
  server.send(OK);
  assertEquals([server.destroyed, told], [true, ["idle", "closed"]]);
});

Deno.test("the time to the first byte is that of the first, and what came and went is counted", async () => {
  const { server, connection, send } = scene();
  const sent = send();
  server.send(OK.slice(0, 10));
  await new Promise((resolve) => setTimeout(resolve, 50));
  server.send(OK.slice(10));
  const { ttfbUs, startedUs, endedUs, bytesReceived, bytesSent, reused } = await sent;
  assertEquals(ttfbUs! < endedUs - startedUs - 40_000, true);
  assertEquals([bytesReceived, bytesSent, reused], [OK.length, server.written[0]!.length, false]);
  const again = send();
  server.send(OK);
  assertEquals((await again).reused, true);
  connection.close();
});

Deno.test("only what got no byte of an answer is asked to be sent again", async () => {
  for (
    const [begun, told] of [["", ["lost: closed", "closed"]], ["HTTP/1.1 2", ["closed"]]] as const
  ) {
    const setting = scene();
    const sent = setting.send();
    if (begun !== "") setting.server.send(begun);
    setting.server.sink.onEnd();
    assertEquals((await sent).failure?.class, "closed");
    assertEquals(setting.told, [...told]);
    // The stream tells of its end more than once.
    setting.server.sink.onEnd();
    assertEquals(setting.told, [...told]);
  }
});
