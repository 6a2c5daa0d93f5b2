/** One request and its answer on an HTTP/2 connection (RFC 9113 section 8). */
import { nowUs } from "../../../clock.ts";
import { ByteBuffer } from "../../byte_buffer.ts";
import { quoted } from "../../../terminal.ts";
import { addField, type Job } from "../../exchange.ts";
import type { Failure } from "../../failure.ts";
import type { HttpRequest } from "../../http.ts";
import { MAX_HEAD_BYTES, repeatedNumber } from "../http1/parser.ts";
import { encodeFields, type Field } from "./hpack.ts";

export class Http2Stream {
  readonly id: number;
  readonly job: Job;
  readonly writtenUs = nowUs();
  /** What the peer still takes of the body, and the body that is still to be sent. */
  sendWindow: number;
  unsent: Uint8Array | undefined;
  /** Bytes that came since the peer was last given room for more. */
  unacknowledged = 0;
  /** Bytes that interim answers, answer and trailers may still have together. */
  headRoom = MAX_HEAD_BYTES;
  readonly #maxBodyBytes: number;
  readonly #body: ByteBuffer;
  #complete = false;

  constructor(id: number, job: Job, sendWindow: number, maxBodyBytes: number) {
    this.id = id;
    this.job = job;
    this.sendWindow = sendWindow;
    this.#maxBodyBytes = maxBodyBytes;
    this.#body = new ByteBuffer(maxBodyBytes);
    const { body } = job.exchange.request;
    this.unsent = body?.length ? body : undefined;
  }

  /** The answer has begun. */
  get answered(): boolean {
    return this.job.exchange.status > 0;
  }

  /** The answer has come whole. */
  get complete(): boolean {
    return this.#complete;
  }

  /**
   * Takes a list of fields: interim answer, answer or trailers; undefined for one that is too large. Returns what is
   * wrong, if anything.
   */
  takeFields(
    fields: readonly Field[] | undefined,
    last: boolean,
    now: number,
  ): Failure | undefined {
    if (fields === undefined) {
      const message = `The answer's head is larger than ${MAX_HEAD_BYTES} bytes`;
      return { class: "too_large", message };
    }
    const failure = this.answered ? checkTrailers(fields, last) : this.#takeAnswer(fields, now);
    if (failure !== undefined) return failure;
    return last ? this.#end() : undefined;
  }

  takeData(data: Uint8Array, last: boolean): Failure | undefined {
    if (!this.answered) return protocol("The server sent a body before its answer's header");
    if (this.#body.length + data.length > this.#maxBodyBytes) {
      const message = `The answer's body is larger than the ${this.#maxBodyBytes} bytes allowed`;
      return { class: "too_large", message };
    }
    if (data.length > 0) this.#body.append(data);
    return last ? this.#end() : undefined;
  }

  get body(): Uint8Array {
    return this.#body.bytes;
  }

  #takeAnswer(fields: readonly Field[], now: number): Failure | undefined {
    const [first, ...rest] = fields;
    const status = first?.[0] === ":status" && /^[1-5]\d\d$/.test(first[1]) ? Number(first[1]) : 0;
    if (status === 0) return protocol(`The answer has no status but ${shown(first)}`);
    if (status === 101) return protocol("The server switched protocols unasked (101)");
    if (status < 200) return undefined;
    const { exchange } = this.job;
    const values = new Map<string, string>();
    for (const [name, value] of rest) {
      if (isPseudo(name)) return protocol(`The answer's header has a field ${quoted(name, 40)}`);
      addField(values, name, value);
    }
    exchange.ttfbUs = now - this.writtenUs;
    exchange.status = status;
    exchange.fields = values;
    return undefined;
  }

  /** A length that was announced must be kept (RFC 9113 section 8.1.1). */
  #end(): Failure | undefined {
    const { exchange } = this.job;
    if (!this.answered) return protocol("The server ended the answer before its header");
    this.#complete = true;
    const announced = exchange.header("content-length");
    const bodiless = exchange.request.method === "HEAD" || exchange.status === 304;
    const { length } = this.#body;
    if (announced === undefined || bodiless || repeatedNumber(announced) === length) return;
    return protocol(
      `The answer's body has ${length} bytes, its header says ${quoted(announced, 40)}`,
    );
  }
}

/** Trailers are dropped, but must be the last, and of the message alone (RFC 9113 section 8.1). */
function checkTrailers(fields: readonly Field[], last: boolean): Failure | undefined {
  if (!last) return protocol("The server sent another header within the answer's body");
  const [name] = fields.find(([name]) => isPseudo(name)) ?? [];
  if (name === undefined) return undefined;
  return protocol(`The answer's trailers have a field ${quoted(name, 40)}`);
}

function isPseudo(name: string): boolean {
  return name.startsWith(":");
}

function protocol(message: string): Failure {
  return { class: "protocol", message };
}

function shown(field: Field | undefined): string {
  return field === undefined ? "nothing" : quoted(field.join(": "), 80);
}

/** The request's header as HPACK: the same bytes on every connection. */
export function encodeRequest({ method, url, headers, body }: HttpRequest): Uint8Array {
  const fields: Field[] = [
    [":method", method],
    [":scheme", url.protocol.slice(0, -1)],
    [":authority", url.host],
    [":path", url.pathname + url.search],
  ];
  for (const name in headers) fields.push([name.toLowerCase(), headers[name]!]);
  if (body !== undefined) fields.push(["content-length", String(body.length)]);
  return encodeFields(fields);
}
