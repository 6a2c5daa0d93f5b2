/**
 * An ACME client for load: the directory, nonces, and signed requests as named steps. It is not a general purpose
 * client; it keeps no state on disk and leaves the order of things to the flows.
 */
import type { Clock } from "../clock.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Exchange, HttpRequest } from "../http/http.ts";
import { quoted } from "../terminal.ts";
import type { Expectation } from "../http/expectation.ts";
import type { Headers, HeadersFor } from "../http/origin_headers.ts";
import { acmeExpectation, unexpected } from "./answer.ts";
import { type Directory, directoryRequest, readDirectory } from "./directory.ts";
import { acmeHeaders } from "./headers.ts";
import { POST_AS_GET, type Signer, signJws } from "./jws.ts";
import { NoncePool } from "./nonces.ts";
import { ACME_ERROR, parseProblem } from "./problem.ts";
import type { Sender } from "../http/step.ts";

/** A signed request and what its answer must be. */
export interface SignedCall<Value> {
  /** The step's name. */
  readonly step: string;
  readonly signer: Signer;
  readonly url: string;
  /** JSON text, or POST_AS_GET. */
  readonly payload: string;
  readonly statuses: readonly number[];
  /** Media type of the answer; undefined: any but HTML. */
  readonly contentType?: string;
  /** Looks into an answer with a right status and type. */
  readonly read: (exchange: Exchange) => Value | Failure;
}

export interface Answer<Value> {
  readonly value: Value;
  readonly exchange: Exchange;
}

/** A refused nonce is tried again this often: with 5 % refused, all are refused once in a thousand million. */
const BAD_NONCE_RETRIES = 6;

const NO_NONCE = "has no usable Replay-Nonce header (RFC 8555 section 7.2)";

/** HEAD new-nonce: 200 is what a server should answer, 204 what it answers to GET. */
export const EXPECT_NONCE: Expectation = acmeExpectation(
  [200, 204],
  undefined,
  (exchange) =>
    exchange.header("replay-nonce")
      ? undefined
      : `The answer to HEAD ${exchange.request.url.pathname} ${NO_NONCE}`,
);

const encoder = new TextEncoder();
const JOSE = { "content-type": "application/jose+json" };

export class AcmeClient {
  readonly directory: Directory;
  readonly nonces = new NoncePool();
  readonly headersFor: HeadersFor;
  readonly #clock: Clock;
  readonly #newNonce: HttpRequest;

  /** Reads the directory; a Failure says why that is none. */
  static async open(
    sender: Sender,
    options: { readonly url: URL; readonly headers: Headers; readonly clock: Clock },
  ): Promise<AcmeClient | Failure> {
    const headersFor = acmeHeaders(options.url, options.headers);
    const request = directoryRequest(options.url, headersFor);
    const { directory, exchange, failure } = await readDirectory(sender, request);
    if (directory === undefined) return noDirectory(options.url, failure, exchange.status);
    const client = new AcmeClient(directory, headersFor, options.clock);
    client.nonces.put(exchange.header("replay-nonce"));
    return client;
  }

  private constructor(directory: Directory, headersFor: HeadersFor, clock: Clock) {
    this.directory = directory;
    this.#clock = clock;
    this.headersFor = headersFor;
    const url = new URL(directory.newNonce);
    this.#newNonce = { method: "HEAD", url, headers: headersFor(url) };
  }

  /**
   * Sends a signed request as one step. A refused nonce (`badNonce`, RFC 8555 section 6.5) is answered with a fresh one
   * within the step and counted as `bad_nonce_retries`; time spent on signatures is observed as `signing`.
   */
  async post<Value>(sender: Sender, call: SignedCall<Value>): Promise<Answer<Value> | Failure> {
    const first = await this.#sign(sender, call);
    if (isFailure(first)) return first;
    let value: Value | undefined;
    let retries = 0;
    const expect = acmeExpectation(call.statuses, call.contentType, (exchange) => {
      const read = call.read(exchange);
      if (isFailure(read)) return read;
      value = read;
      return undefined;
    });
    const again = async (exchange: Exchange): Promise<HttpRequest | undefined> => {
      this.nonces.put(exchange.header("replay-nonce"));
      if (!isBadNonce(exchange) || retries++ >= BAD_NONCE_RETRIES) return undefined;
      sender.count("bad_nonce_retries");
      const next = await this.#sign(sender, call);
      return isFailure(next) ? undefined : next;
    };
    const { exchange, failure } = await sender.step(call.step, first, expect, { again });
    return failure ?? { value: value as Value, exchange };
  }

  /** Reads a resource of JSON (POST-as-GET, RFC 8555 section 6.3). */
  read<Value>(
    sender: Sender,
    call: Pick<SignedCall<Value>, "step" | "signer" | "url" | "read">,
  ): Promise<Answer<Value> | Failure> {
    const asked = { payload: POST_AS_GET, statuses: [200], contentType: "application/json" };
    return this.post(sender, { ...call, ...asked });
  }

  /** Fetches nonces into the pool until it holds `count`; stops at the first that fails. */
  async fillNonces(sender: Sender, count: number): Promise<Failure | undefined> {
    while (this.nonces.size < count) {
      const before = this.nonces.size;
      const { exchange, failure } = await sender.step("new_nonce", this.#newNonce, EXPECT_NONCE);
      if (failure !== undefined) return failure;
      this.nonces.put(exchange.header("replay-nonce"));
      if (this.nonces.size === before) return undefined;
    }
    return undefined;
  }

  async #sign<Value>(sender: Sender, call: SignedCall<Value>): Promise<HttpRequest | Failure> {
    const url = httpUrl(call.url);
    if (url === undefined) return noUrl(call.step, call.url);
    const nonce = this.nonces.take() ?? await this.#fetchNonce(sender);
    if (isFailure(nonce)) return nonce;
    const startedUs = this.#clock.nowUs();
    const body = await signJws(call.signer, call.url, call.payload, nonce);
    sender.observe("signing", this.#clock.nowUs() - startedUs);
    return {
      method: "POST",
      url,
      headers: this.headersFor(url, JOSE),
      body: encoder.encode(body),
    };
  }

  async #fetchNonce(sender: Sender): Promise<string | Failure> {
    const { exchange, failure } = await sender.step("new_nonce", this.#newNonce, EXPECT_NONCE);
    if (failure !== undefined) return failure;
    this.nonces.put(exchange.header("replay-nonce"));
    return this.nonces.take() ?? {
      class: "unexpected_body",
      message: `The answer to HEAD ${this.#newNonce.url.pathname} ${NO_NONCE}: it is ` +
        `${JSON.stringify(exchange.header("replay-nonce"))}, malformed or seen before`,
    };
  }
}

/** What the server gave as the URL of one of its resources, when it is one to send to. */
export function httpUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url?.protocol === "https:" || url?.protocol === "http:" ? url : undefined;
}

function noUrl(step: string, text: string): Failure {
  return unexpected(
    `The server gave ${quoted(text, 120)} as the URL for ${step}, which is no ` +
      `absolute http(s) URL (RFC 8555 section 7.1)`,
  );
}

const CHECK_URL = "Check the URL: certctl's is /acme/profile/PROFILE/directory, with a profile " +
  "that exists";
const CHECK_AUTHORIZATION = "The server wants authorization, or another than it got: name " +
  "the directory's server as the target, whose token it then gets, or set headers in the scenario's options (conform: --header 'authorization: Bearer TOKEN')";

/** An answer that is no directory, with what to do about it; what was no answer stays as it is. */
function noDirectory(
  { origin, pathname }: URL,
  failure: Failure | undefined,
  status: number,
): Failure {
  if (failure === undefined) {
    return unexpected(`No ACME directory was read at ${origin}${pathname}`);
  }
  const isAnswer = failure.class === "unexpected_body" || failure.class.startsWith("status_");
  if (!isAnswer) return failure;
  const advice = status === 401 ? CHECK_AUTHORIZATION : CHECK_URL;
  return {
    ...failure,
    message: `There is no ACME directory at ${origin}${pathname}: ${failure.message}. ${advice}`,
  };
}

function isBadNonce(exchange: Exchange): boolean {
  return exchange.status >= 400 && parseProblem(exchange.body)?.type === ACME_ERROR + "badNonce";
}
