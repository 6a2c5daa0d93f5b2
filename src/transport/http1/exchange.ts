/** A request on its way, and the `Exchange` it becomes. */
import type { Failure } from "../failure.ts";
import type { Exchange, HttpRequest, PeerIdentity, SendOptions } from "../http.ts";
import type { ConnectPhases } from "../stream.ts";

const EMPTY = new Uint8Array(0);
const LATIN1 = new TextDecoder("latin1");

/** Filled in while it goes on; handed out only when it is over. */
export class Http1Exchange implements Exchange {
  readonly request: HttpRequest;
  readonly startedUs: number;
  readonly protocol = "http/1.1" as const;
  blockedUs = 0;
  dnsUs: number | undefined = undefined;
  connectUs: number | undefined = undefined;
  tlsUs: number | undefined = undefined;
  ttfbUs: number | undefined = undefined;
  endedUs = 0;
  reused = false;
  retried = false;
  status = 0;
  body: Uint8Array = EMPTY;
  bytesReceived = 0;
  bytesSent = 0;
  peer: PeerIdentity | undefined = undefined;
  failure: Failure | undefined = undefined;
  /** Status line and fields as they came. */
  head: Uint8Array = EMPTY;
  #fields: Map<string, string> | undefined = undefined;

  constructor(request: HttpRequest, startedUs: number) {
    this.request = request;
    this.startedUs = startedUs;
  }

  header(name: string): string | undefined {
    this.#fields ??= readFields(this.head);
    return this.#fields.get(name.toLowerCase());
  }

  setPhases(phases: ConnectPhases): void {
    this.dnsUs = phases.dnsUs;
    this.connectUs = phases.connectUs;
    this.tlsUs = phases.tlsUs;
  }
}

/** The fields of a head that the parser has accepted, by lower-case name. */
function readFields(head: Uint8Array): Map<string, string> {
  const fields = new Map<string, string>();
  const lines = LATIN1.decode(head).split("\r\n");
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
}

/** An exchange under way: what has to be sent, until when, and whom to tell. */
export interface Job {
  readonly exchange: Http1Exchange;
  readonly bytes: Uint8Array;
  readonly options: SendOptions;
  readonly deadlineUs: number;
  readonly resolve: (exchange: Exchange) => void;
}
