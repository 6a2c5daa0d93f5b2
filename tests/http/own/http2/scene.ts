/** An HTTP/2 server in memory that does to one connection exactly what a test says. */
import { assert } from "../../../assert.ts";
import { nowUs } from "../../../../src/clock.ts";
import { type Job, LiveExchange } from "../../../../src/http/exchange.ts";
import type { Failure } from "../../../../src/http/failure.ts";
import type { Exchange, HttpRequest } from "../../../../src/http/http.ts";
import { Http2Connection } from "../../../../src/http/own/http2/connection.ts";
import {
  Flag,
  type Frame,
  FrameReader,
  FrameType,
  PREFACE,
  readUint32,
  settingsFrame,
  writeFrame,
} from "../../../../src/http/own/http2/frames.ts";
import { encodeFields, type Field } from "../../../../src/http/own/http2/hpack.ts";
import type { ByteStream, StreamSink } from "../../../../src/http/stream.ts";

export const EMPTY = new Uint8Array(0);

/** The server's end of a connection, in memory. */
export class Server implements ByteStream {
  writing = false;
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

  /** The error code with which the client gave the connection up. */
  get blamed(): number | undefined {
    const [farewell] = this.of(FrameType.Goaway);
    return farewell && readUint32(farewell.payload, 4);
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

export interface Scene {
  readonly server: Server;
  readonly connection: Http2Connection;
  readonly lost: Loss[];
  /** What the server said of streams at a time. */
  readonly limits: number[];
  readonly closed: { count: number };
  send(request?: Partial<HttpRequest>, timeoutMs?: number): Promise<Exchange>;
}

export function scene(begun = true, maxBodyBytes = 1000): Scene {
  const server = new Server();
  const limits: number[] = [];
  const lost: Loss[] = [];
  const closed = { count: 0 };
  const connection = new Http2Connection({
    stream: server,
    name: "a.example:443",
    maxBodyBytes,
    owner: {
      onRoom: () => {},
      onLimit: (_, streams) => void limits.push(streams),
      onClosed: () => void closed.count++,
      onLost: (job, failure, untouched) => {
        lost.push({ job, failure, untouched });
        return false;
      },
    },
  });
  const send: Scene["send"] = (given, timeoutMs = 10_000) =>
    new Promise((resolve) => {
      const request = {
        method: "GET",
        url: new URL("https://a.example/p?q"),
        headers: {},
        ...given,
      };
      const exchange = new LiveExchange(request, nowUs());
      const options = { timeoutMs };
      const deadlineUs = exchange.startedUs + timeoutMs * 1000;
      // The pool is the client's business, not the connection's.
      const prepared = { pool: undefined as never };
      connection.run({ exchange, prepared, options, deadlineUs, resolve });
    });
  if (begun) server.sink.onData(settingsFrame([]));
  return { server, connection, lost, limits, closed, send };
}

/** Plays a scene with one request under way on stream 1, and returns how that ended. */
export async function play(
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

export function bodyOf(exchange: Exchange): string {
  return new TextDecoder().decode(exchange.body);
}
