/** One HTTP/1.1 connection: one exchange at a time, over any byte stream. */
import { nowUs } from "../../../clock.ts";
import { timerMs } from "../../../timer.ts";
import { classify, timedOut } from "../../classify.ts";
import { decodeBody } from "../../content_coding.ts";
import type { Failure } from "../../failure.ts";
import type { ServerCertificate } from "../../http.ts";
import type { ByteStream, StreamSink } from "../../stream.ts";
import { type Job, settle } from "../../exchange.ts";
import { serialise } from "./request.ts";
import { ResponseParser } from "./parser.ts";

export interface ConnectionOwner {
  /** The exchange is complete and the connection may carry another. Called before the exchange's promise resolves. */
  onIdle(connection: Http1Connection): void;
  /** The connection is gone, called once. */
  onClosed(connection: Http1Connection): void;
  /** True when the owner sends the job again elsewhere, so that its failure is not to be told. */
  onLost(job: Job, failure: Failure): boolean;
}

export interface ConnectionOptions {
  readonly stream: ByteStream;
  readonly certificate?: ServerCertificate;
  /** `host:port`, for messages. */
  readonly name: string;
  readonly maxBodyBytes: number;
  /** Carries one exchange and is then closed. */
  readonly single: boolean;
  readonly owner: ConnectionOwner;
}

export class Http1Connection implements StreamSink {
  readonly #options: ConnectionOptions;
  readonly #stream: ByteStream;
  readonly #parser: ResponseParser;
  #job: Job | undefined;
  #writtenUs = 0;
  #answerBegun = false;
  #used = false;
  #closed = false;
  /** One timer for the connection's life: it is not moved with every exchange, but looks again when it fires. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerUs = Infinity;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#stream = options.stream;
    this.#parser = new ResponseParser(options.maxBodyBytes);
    options.stream.start(this);
  }

  get job(): Job | undefined {
    return this.#job;
  }

  /** Sends the job's request. The connection must be idle and open. */
  run(job: Job): void {
    const { exchange } = job;
    const bytes = bytesOf(job);
    this.#job = job;
    this.#answerBegun = false;
    exchange.protocol = "http/1.1";
    exchange.reused = this.#used;
    exchange.certificate = this.#options.certificate;
    exchange.bytesSent += bytes.length;
    this.#used = true;
    this.#parser.start(exchange.request.method);
    this.#writtenUs = nowUs();
    this.#stream.write(bytes);
    if (job.deadlineUs < this.#timerUs) this.#arm(job.deadlineUs);
  }

  /** Ends the exchange under way, if there is one, with a failure, and the connection with it. */
  fail(failure: Failure): void {
    const job = this.#job;
    this.#job = undefined;
    // Asked before the connection is given up, so that a closed set has room for the second attempt.
    const resent = job !== undefined && !this.#answerBegun &&
      this.#options.owner.onLost(job, failure);
    this.#close();
    if (job === undefined || resent) return;
    this.#fill(job);
    settle(job, failure);
  }

  close(): void {
    this.fail({
      class: "interrupted",
      message: "The client was closed while the answer was awaited",
    });
  }

  onData(bytes: Uint8Array): void {
    const job = this.#job;
    // Nobody asked: whatever this is, it must not be taken for the next request's answer.
    if (job === undefined) return this.#close();
    const now = nowUs();
    const { exchange } = job;
    if (!this.#answerBegun) {
      this.#answerBegun = true;
      exchange.ttfbUs = now - this.#writtenUs;
    }
    const parser = this.#parser;
    const taken = parser.push(bytes);
    exchange.bytesReceived += taken;
    if (parser.done) this.#complete(job, now, taken === bytes.length);
    else if (parser.failure !== undefined) this.fail(parser.failure);
  }

  onEnd(): void {
    const job = this.#job;
    if (job === undefined) return this.#close();
    this.#parser.end();
    if (this.#parser.done) this.#complete(job, nowUs(), true);
    else this.fail(this.#parser.failure ?? { class: "closed", message: "The server hung up" });
  }

  onError(error: unknown): void {
    this.fail(classify(error, "exchange", this.#options.name));
  }

  #complete(job: Job, endedUs: number, exact: boolean): void {
    this.#job = undefined;
    this.#fill(job);
    const { owner, single, maxBodyBytes } = this.#options;
    const failure = decodeBody(job.exchange, this.#parser.contentCoding, maxBodyBytes);
    if (single || !exact || !this.#parser.keepAlive || this.#refusedEarly) this.#close();
    else owner.onIdle(this);
    settle(job, failure, endedUs);
  }

  /** The body was not wanted, and the server may not read the rest of it before the next request (RFC 9112 section 9.3). */
  get #refusedEarly(): boolean {
    return this.#parser.status >= 400 && this.#stream.writing;
  }

  /** Before the parser is set to another answer. */
  #fill({ exchange }: Job): void {
    const parser = this.#parser;
    exchange.status = parser.status;
    exchange.head = parser.head;
    exchange.body = parser.body;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stream.destroy();
    this.#options.owner.onClosed(this);
  }

  #arm(deadlineUs: number): void {
    clearTimeout(this.#timer);
    this.#timerUs = deadlineUs;
    this.#timer = setTimeout(() => this.#onTimer(), timerMs((deadlineUs - nowUs()) / 1000));
  }

  #onTimer(): void {
    this.#timerUs = Infinity;
    const job = this.#job;
    if (job === undefined) return;
    // Timers count whole milliseconds and may fire early by less than one.
    if (job.deadlineUs > nowUs() + 1000) return this.#arm(job.deadlineUs);
    this.fail(timedOut("exchange", this.#options.name, job.options.timeoutMs));
  }
}

/** The request as it is written, made once for a request that is sent again and again. */
function bytesOf({ exchange: { request }, prepared, options }: Job): Uint8Array {
  return options.fresh
    ? prepared.freshBytes ??= serialise(request, true)
    : prepared.bytes ??= serialise(request, false);
}
