/** Whether a server still answers: asked on and on, one that does not would keep an examination for half an hour. */
import type { Failure } from "../http/failure.ts";
import type { HttpClient } from "../http/http.ts";

/** So many requests in a row without an answer are enough. */
const ENOUGH = 3;

export class Attention implements HttpClient {
  readonly #client: HttpClient;
  #unanswered = 0;
  #last: Failure | undefined;

  constructor(client: HttpClient) {
    this.#client = client;
  }

  /** Why there is no use in asking on. */
  get lost(): Failure | undefined {
    return this.#unanswered >= ENOUGH ? this.#last : undefined;
  }

  open: HttpClient["open"] = (...given) => this.#client.open(...given);

  send: HttpClient["send"] = async (request, options) => {
    const exchange = await this.#client.send(request, options);
    this.#unanswered = exchange.failure === undefined ? 0 : this.#unanswered + 1;
    this.#last = exchange.failure;
    return exchange;
  };

  close(): void {
    this.#client.close();
  }
}
