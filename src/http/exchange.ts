/** A request on its way, and the `Exchange` it becomes. */
import { nowUs } from "../clock.ts";
import type { Failure } from "./failure.ts";
import type { Exchange, HttpRequest, SendOptions, ServerCertificate } from "./http.ts";
import type { ConnectPhases } from "./stream.ts";

const EMPTY = new Uint8Array(0);
const LATIN1 = new TextDecoder("latin1");

/** Filled in while it goes on; handed out only when it is over. */
export class LiveExchange implements Exchange {
  readonly request: HttpRequest;
  startedUs: number;
  protocol: "http/1.1" | "h2" | undefined = undefined;
  blockedUs = 0;
  dnsUs: number | undefined = undefined;
  connectUs: number | undefined = undefined;
  tlsUs: number | undefined = undefined;
  ttfbUs: number | undefined = undefined;
  endedUs = 0;
  reused = false;
  retried = false;
  /** How often it was sent again. */
  resends = 0;
  status = 0;
  body: Uint8Array = EMPTY;
  bytesReceived = 0;
  bytesSent = 0;
  certificate: ServerCertificate | undefined = undefined;
  failure: Failure | undefined = undefined;
  /** Status line and fields of HTTP/1.1 as they came; read only when a header is asked for. */
  head: Uint8Array = EMPTY;
  /** By lower-case name. */
  fields: ReadonlyMap<string, string> | undefined = undefined;

  constructor(request: HttpRequest, startedUs: number) {
    this.request = request;
    this.startedUs = startedUs;
  }

  /**
   * A connection is there, and the request is about to be written to it: what came before was the generator's lateness.
   * Not where it has waited or been sent before, for the durations hold these.
   */
  begin(): void {
    if (this.blockedUs === 0 && !this.retried) this.startedUs = nowUs();
  }

  header(name: string): string | undefined {
    this.fields ??= readFields(this.head);
    return this.fields.get(name.toLowerCase());
  }

  /** It is about to be sent once more. */
  resend(): void {
    this.resends++;
    this.retried = true;
    this.reused = false;
  }

  setPhases(phases: ConnectPhases): void {
    this.dnsUs = phases.dnsUs;
    this.connectUs = phases.connectUs;
    this.tlsUs = phases.tlsUs;
  }
}

/** The fields of a head that the parser has accepted. */
function readFields(head: Uint8Array): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const lines = LATIN1.decode(head).split("\r\n");
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    if (colon > 0) addField(fields, line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

/** Several values of one name are joined by `, ` (RFC 9110 section 5.2). */
export function addField(fields: Map<string, string>, name: string, value: string): void {
  const key = name.toLowerCase();
  const before = fields.get(key);
  fields.set(key, before === undefined ? value : `${before}, ${value}`);
}

/** An exchange under way: what has to be sent, until when, and whom to tell. */
export interface Job {
  readonly exchange: LiveExchange;
  readonly prepared: Prepared;
  readonly options: SendOptions;
  readonly deadlineUs: number;
  readonly resolve: (exchange: Exchange) => void;
}

/** What is derived from a request once, by its identity, and kept as long as the request. */
export interface Prepared {
  readonly pool: Pool;
  /** The request as HTTP/1.1 writes it, and the same with `Connection: close`; made when first wanted. */
  bytes?: Uint8Array;
  freshBytes?: Uint8Array;
  /** Its header as HTTP/2 writes it. */
  fieldBlock?: Uint8Array;
}

/** The connections to one origin. */
export interface Pool {
  /** Sends the job's request and resolves it, whatever happens. */
  submit(job: Job): void;
  /** Opens connections until `count` are idle, at most as many as a closed set allows; returns how many are. */
  open(count: number, timeoutMs: number): Promise<number>;
  /** Ends every exchange that `matches`, wherever it is. */
  interrupt(matches: (job: Job) => boolean, failure: Failure): void;
  close(): void;
}

export const INTERRUPTED: Failure = { class: "interrupted", message: "The run was stopped" };
export const CLIENT_CLOSED: Failure = { class: "interrupted", message: "The client was closed" };

/** Ends an exchange before anything is sent. */
export function refuse(exchange: LiveExchange, failure: Failure): Exchange {
  return Object.assign(exchange, { failure, endedUs: exchange.startedUs });
}

/** Of a request that comes after the client was closed. */
export const SENT_TOO_LATE: Failure = {
  class: "client",
  message: "Cannot send a request: the client is closed",
};

/** Ends a job that was never sent, or whose answer is filled in already. */
export function settle(job: Job, failure: Failure | undefined, endedUs = nowUs()): void {
  job.exchange.failure = failure;
  job.exchange.endedUs = endedUs;
  job.resolve(job.exchange);
}
