/**
 * The second train of a watch: requests on connections that stay open, as clients with a pool have them. A daemon that
 * ends such a connection in a reload while a request is on its way cuts that request off.
 */
import type { Clock } from "../clock.ts";
import { createClient } from "../http/client.ts";
import type { Exchange, HttpClient, HttpRequest } from "../http/http.ts";
import type { HostPort } from "./options.ts";
import { pace } from "./pace.ts";

export interface KeptOptions {
  readonly url: string;
  readonly address: HostPort;
  readonly clock: Clock;
  /** Requests a second, over all connections. */
  readonly perS: number;
  readonly connections: number;
  readonly timeoutMs: number;
}

export interface KeptCounts {
  /** On connections that had carried one before. */
  readonly requests: number;
  /** Of these, cut off before any byte of an answer. */
  readonly reset: number;
  /** Of all, on new connections too. */
  readonly answered: number;
}

interface Lane {
  readonly client: HttpClient;
  busy: boolean;
}

/** Answers of a watched target are small; whatever is not is not read on. */
const MAX_BODY_BYTES = 1 << 20;

export class KeptTrain {
  readonly #options: KeptOptions;
  readonly #request: HttpRequest;
  readonly #lanes: readonly Lane[];
  #train: AbortController | undefined;
  #watchers = 0;
  #next = 0;
  #requests = 0;
  #reset = 0;
  #answered = 0;

  private constructor(options: KeptOptions, lanes: readonly Lane[]) {
    this.#options = options;
    this.#request = { method: "GET", url: new URL(options.url), headers: {} };
    this.#lanes = lanes;
  }

  static async open(options: KeptOptions): Promise<KeptTrain> {
    const lanes: Lane[] = [];
    for (let n = 0; n < options.connections; n++) {
      const client = await createClient({
        tls: { insecureSkipVerify: true },
        protocol: "http/1.1",
        connectTo: options.address,
        maxConnections: 1,
        maxBodyBytes: MAX_BODY_BYTES,
      });
      lanes.push({ client, busy: false });
    }
    return new KeptTrain(options, lanes);
  }

  /** So far, over all that watched. */
  get counts(): KeptCounts {
    return { requests: this.#requests, reset: this.#reset, answered: this.#answered };
  }

  /** Runs until as many have ended as began. */
  begin(): void {
    this.#watchers++;
    if (this.#train !== undefined || this.#lanes.length === 0) return;
    const train = new AbortController();
    this.#train = train;
    const { clock, perS } = this.#options;
    void pace({ clock, perS, signal: train.signal, act: () => this.#send() });
  }

  end(): void {
    this.#watchers--;
    if (this.#watchers > 0) return;
    this.#train?.abort();
    this.#train = undefined;
  }

  close(): void {
    this.#train?.abort();
    for (const { client } of this.#lanes) client.close();
  }

  /** On the connection whose turn it is; where it still waits for an answer, on the next that does not. */
  #send(): void {
    const { length } = this.#lanes;
    for (let tried = 0; tried < length; tried++) {
      const lane = this.#lanes[this.#next++ % length]!;
      if (lane.busy) continue;
      lane.busy = true;
      const sent = lane.client.send(this.#request, { timeoutMs: this.#options.timeoutMs });
      void sent.then((exchange) => {
        lane.busy = false;
        this.#count(exchange);
      });
      return;
    }
  }

  /**
   * The client sends a request that was cut off once more, on a new connection, and says so (`retried`): what counts here
   * is the first attempt.
   */
  #count({ reused, retried, failure }: Exchange): void {
    if (failure === undefined) this.#answered++;
    if (!reused && !retried) return;
    this.#requests++;
    const cut = failure?.class === "reset" || failure?.class === "closed";
    if (retried || cut) this.#reset++;
  }
}
