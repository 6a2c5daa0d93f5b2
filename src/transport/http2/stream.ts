/** One request and its answer on an HTTP/2 connection (RFC 9113 section 8). */
import { nowUs } from "../../schedule/clock.ts";
import { addField, type Job } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import type { HttpRequest } from "../http.ts";
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
  readonly #maxBodyBytes: number;
  #chunks: Uint8Array[] = [];
  #bodyBytes = 0;
  #complete = false;

  constructor(id: number, job: Job, sendWindow: number, maxBodyBytes: number) {
    this.id = id;
    this.job = job;
    this.sendWindow = sendWindow;
    this.#maxBodyBytes = maxBodyBytes;
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

  /** Takes a list of fields: interim answer, answer or trailers. Returns what is wrong with it, if anything. */
  takeFields(fields: readonly Field[], last: boolean, now: number): Failure | undefined {
    const failure = this.answered ? undefined : this.#takeAnswer(fields, now);
    if (failure !== undefined) return failure;
    return last ? this.#end() : undefined;
  }

  takeData(data: Uint8Array, last: boolean): Failure | undefined {
    if (!this.answered) return protocol("The server sent a body before its answer's header");
    this.#bodyBytes += data.length;
    if (this.#bodyBytes > this.#maxBodyBytes) {
      const message = `The answer's body is larger than the ${this.#maxBodyBytes} bytes allowed`;
      return { class: "too_large", message };
    }
    if (data.length > 0) this.#chunks.push(data);
    return last ? this.#end() : undefined;
  }

  body(): Uint8Array {
    const [only] = this.#chunks;
    if (only === undefined || this.#chunks.length === 1) return only ?? new Uint8Array(0);
    const whole = new Uint8Array(this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  #takeAnswer(fields: readonly Field[], now: number): Failure | undefined {
    const [first, ...rest] = fields;
    const status = first?.[0] === ":status" && /^[1-5]\d\d$/.test(first[1]) ? Number(first[1]) : 0;
    if (status === 0) return protocol(`The answer has no status but ${JSON.stringify(first)}`);
    if (status < 200) return undefined;
    const { exchange } = this.job;
    const values = new Map<string, string>();
    for (const [name, value] of rest) addField(values, name, value);
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
    if (announced === undefined || bodiless || Number(announced) === this.#bodyBytes) return;
    return protocol(`The answer's body has ${this.#bodyBytes} bytes, its header says ${announced}`);
  }
}

function protocol(message: string): Failure {
  return { class: "protocol", message: message.slice(0, 200) };
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
