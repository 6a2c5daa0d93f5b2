/**
 * One enrollment (RFC 8555 section 7.4): order, authorisations, finalize, download. What comes next is decided in
 * `order.ts`; here is the sending, the waiting and the checking.
 */
import { identifierOf } from "../identifier.ts";
import type { Clock } from "../clock.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import { createWait, type Wait } from "../http/wait.ts";
import type { Account } from "./account.ts";
import type { AcmeClient, Answer, SignedCall } from "./client.ts";
import { unexpected } from "./answer.ts";
import { type Chain, ChainChecker } from "./chain.ts";
import { keyAuthorization } from "./challenge/proofs.ts";
import type { Responder } from "./challenge/responder.ts";
import { lacks } from "./directory.ts";
import { POST_AS_GET } from "./jws.ts";
import { locationOf } from "./location.ts";
import {
  type Authorization,
  type Challenge,
  type ChallengeType,
  errorOf,
  nextForAuthorization,
  nextForOrder,
  type Order,
  readAuthorization,
  readChallenge,
  readOrder,
} from "./order.ts";
import { type Problem, problemText } from "./problem.ts";
import type { Sender } from "../http/step.ts";
import type { PreparedOrder } from "./prepared_orders.ts";

export interface EnrollerOptions {
  readonly client: AcmeClient;
  readonly clock: Clock;
  /** RFC 3339. */
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly profile?: string;
  /** The challenge that can be answered; undefined: none. */
  readonly challengeType?: ChallengeType;
  /** Shows the proofs; undefined: nobody looks. */
  readonly responder?: Responder;
  /** Where it listens, for whoever has to find out why a proof was not found. */
  readonly shownOn?: string;
  readonly poll: {
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly honourRetryAfter: boolean;
  };
}

/** An order with its own URL. */
export interface PlacedOrder extends Order {
  readonly url: string;
}

/** An authorisation that the server is checking, and its last answer. */
interface Waiting {
  readonly url: string;
  readonly last: Exchange;
}

const JSON_TYPE = "application/json";
const CHAIN_TYPE = "application/pem-certificate-chain";

export class Enroller {
  readonly #options: EnrollerOptions;
  readonly #chains = new ChainChecker();

  constructor(options: EnrollerOptions) {
    this.#options = options;
  }

  /** For one account, through one iteration. */
  attempt(sender: Sender, account: Account): Attempt {
    return new Attempt(this.#options, this.#chains, sender, account);
  }
}

/** The steps of one enrollment. */
class Attempt {
  readonly #options: EnrollerOptions;
  readonly #chains: ChainChecker;
  readonly #sender: Sender;
  readonly #account: Account;

  constructor(options: EnrollerOptions, chains: ChainChecker, sender: Sender, account: Account) {
    this.#options = options;
    this.#chains = chains;
    this.#sender = sender;
    this.#account = account;
  }

  /** From an order to a checked certificate. */
  async enroll(prepared: PreparedOrder): Promise<Chain | Failure> {
    const order = await this.authorize(prepared);
    if (isFailure(order)) return order;
    const finalized = await this.#finalize(prepared, order);
    return isFailure(finalized) ? finalized : await this.#download(prepared, finalized);
  }

  /** Places an order, proves its names and waits until it is ready: everything before finalize. */
  async authorize(prepared: PreparedOrder): Promise<PlacedOrder | Failure> {
    const order = await this.placeOrder(prepared.names);
    if (isFailure(order)) return order;
    return await this.prove(order) ?? order;
  }

  /** Proves the names of a pending order until it is ready; one that is past that has nothing to prove. */
  async prove(order: PlacedOrder): Promise<Failure | undefined> {
    const step = nextForOrder(order);
    if (step.next === "fail") return step.failure;
    if (step.next !== "authorize") return undefined;
    const opened: (() => void)[] = [];
    try {
      const failure = await this.#proveEach(order, opened);
      if (failure !== undefined) return failure;
    } finally {
      for (const close of opened) close();
    }
    return await this.#awaitReady(order);
  }

  /** The last authorization may be valid before its order has noticed (RFC 8555 section 7.4). */
  async #awaitReady(order: PlacedOrder): Promise<Failure | undefined> {
    const wait = this.#waiter(`the order ${new URL(order.url).pathname}`);
    for (;;) {
      const answer = await this.#get("order", order.url, readOrder);
      if (isFailure(answer)) return answer;
      const step = nextForOrder(answer.value);
      if (step.next === "fail") return step.failure;
      if (step.next !== "authorize") return undefined;
      const late = await wait(answer.exchange, textOf(answer.value.error));
      if (late !== undefined) return late;
    }
  }

  async placeOrder(names: readonly string[]): Promise<PlacedOrder | Failure> {
    const { client, notBefore, notAfter, profile } = this.#options;
    const { newOrder: url } = client.directory;
    if (url === undefined) return lacks("newOrder");
    const identifiers = names.map(identifierOf);
    const answer = await client.post(this.#sender, {
      step: "new_order",
      signer: this.#account.signer,
      url,
      payload: JSON.stringify({ identifiers, notBefore, notAfter, profile }),
      statuses: [201],
      contentType: JSON_TYPE,
      read: readPlacedOrder,
    });
    return isFailure(answer) ? answer : answer.value;
  }

  /** Answers every pending authorisation, then waits for each. `opened` gets what has to be cleaned up. */
  async #proveEach(order: Order, opened: (() => void)[]): Promise<Failure | undefined> {
    const waiting: Waiting[] = [];
    for (const url of order.authorizations) {
      const begun = await this.#begin(url, opened);
      if (isFailure(begun)) return begun;
      if (begun !== undefined) waiting.push(begun);
    }
    for (const { url, last } of waiting) {
      const failure = await this.#awaitAuthorization(url, last);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  /** Answers one authorisation's challenge; undefined: it is valid already. */
  async #begin(url: string, opened: (() => void)[]): Promise<Waiting | Failure | undefined> {
    const { challengeType } = this.#options;
    const authorization = await this.#fetchAuthorization(url);
    if (isFailure(authorization)) return authorization;
    const step = nextForAuthorization(authorization.value, challengeType);
    if (step.next === "fail") return step.failure;
    if (step.next === "done") return undefined;
    if (step.next === "poll") return { url, last: authorization.exchange };
    const { name } = authorization.value;
    const shown = await this.#show(name, step.challenge, opened);
    if (shown !== undefined) return shown;
    const answered = await this.#respond(step.challenge.url);
    return isFailure(answered) ? answered : { url, last: answered.exchange };
  }

  async #show(
    name: string,
    challenge: Challenge,
    opened: (() => void)[],
  ): Promise<Failure | undefined> {
    const { responder, challengeType: type } = this.#options;
    if (responder === undefined || type === undefined) return undefined;
    const { token } = challenge;
    const proof = {
      type,
      name,
      token,
      keyAuthorization: keyAuthorization(token, this.#account.key),
    };
    const failure = await responder.put(proof);
    if (failure === undefined) opened.push(() => responder.remove(proof));
    return failure;
  }

  #respond(url: string): Promise<Answer<Challenge> | Failure> {
    return this.#options.client.post(this.#sender, {
      step: "challenge",
      signer: this.#account.signer,
      url,
      payload: "{}",
      statuses: [200],
      contentType: JSON_TYPE,
      read: readChallenge,
    });
  }

  #fetchAuthorization(url: string): Promise<Answer<Authorization> | Failure> {
    return this.#get("authz", url, readAuthorization);
  }

  async #awaitAuthorization(url: string, last: Exchange): Promise<Failure | undefined> {
    const wait = this.#waiter(`the authorization ${new URL(url).pathname}`);
    let error: Problem | undefined;
    for (;;) {
      const late = await wait(last, textOf(error));
      if (late !== undefined) return error === undefined ? late : this.#notProved(late);
      const authorization = await this.#fetchAuthorization(url);
      if (isFailure(authorization)) return authorization;
      const step = nextForAuthorization(authorization.value, this.#options.challengeType);
      if (step.next === "done") return undefined;
      if (step.next === "fail") return this.#notProved(step.failure);
      last = authorization.exchange;
      error = errorOf(authorization.value);
    }
  }

  /** A validation that failed, with where the proof was to be seen. */
  #notProved({ class: kind, message }: Failure): Failure {
    const { shownOn } = this.#options;
    const where = shownOn === undefined
      ? "no proof was shown (challenge.listen: none)"
      : `the proof was shown on ${shownOn} (challenge.listen)`;
    return { class: kind, message: `${message}; ${where}` };
  }

  /** Sends the request, then waits until the order is valid; returns the certificate's URL. */
  async #finalize(prepared: PreparedOrder, order: PlacedOrder): Promise<string | Failure> {
    let answer = await this.#options.client.post(this.#sender, {
      step: "finalize",
      signer: this.#account.signer,
      url: order.finalize,
      payload: prepared.finalizePayload,
      statuses: [200],
      contentType: JSON_TYPE,
      read: readOrder,
    });
    const wait = this.#waiter(`the order ${new URL(order.url).pathname}`);
    for (;;) {
      if (isFailure(answer)) return answer;
      const step = nextForOrder(answer.value);
      if (step.next === "download") return step.url;
      if (step.next === "fail") return step.failure;
      const late = await wait(answer.exchange, textOf(answer.value.error));
      if (late !== undefined) return late;
      answer = await this.#get("order", order.url, readOrder);
    }
  }

  async #download(prepared: PreparedOrder, url: string): Promise<Chain | Failure> {
    const { clock } = this.#options;
    const answer = await this.#options.client.post(this.#sender, {
      step: "certificate",
      signer: this.#account.signer,
      url,
      payload: POST_AS_GET,
      statuses: [200],
      contentType: CHAIN_TYPE,
      read: (exchange) => {
        const startedUs = clock.nowUs();
        const nowMs = startedUs / 1000;
        const { names, key: { spki } } = prepared;
        const chain = this.#chains.check(exchange.body, { spki, names, nowMs });
        this.#sender.observe("chain_check", clock.nowUs() - startedUs);
        return chain;
      },
    });
    return isFailure(answer) ? answer : answer.value;
  }

  #get<Value>(
    step: string,
    url: string,
    read: SignedCall<Value>["read"],
  ): Promise<Answer<Value> | Failure> {
    const { signer } = this.#account;
    return this.#options.client.read(this.#sender, { step, signer, url, read });
  }

  #waiter(what: string): Wait {
    const { clock, poll } = this.#options;
    return createWait({
      clock,
      what,
      ...poll,
      timeoutOption: "poll.timeout",
      signal: this.#sender.signal,
      observe: (name, us) => this.#sender.observe(name, us),
    });
  }
}

function readPlacedOrder(exchange: Exchange): PlacedOrder | Failure {
  const order = readOrder(exchange);
  if (isFailure(order)) return order;
  const url = locationOf(exchange);
  return url === undefined || isFailure(url)
    ? url ?? unexpected("The new order has no Location (RFC 8555 section 7.4)")
    : { ...order, url };
}

function textOf(problem: Problem | undefined): string | undefined {
  return problem && problemText(problem);
}
