/** The server under examination, and what the examination has so far: accounts, an order, a certificate. */
import { type FlattenedJWS, FlattenedSign } from "jose";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Exchange, HttpClient, HttpRequest } from "../http/http.ts";
import type { Account } from "../acme/account.ts";
import { type AcmeClient, httpUrl } from "../acme/client.ts";
import { type Enrolled, Enrollment, type EnrollmentOptions } from "../acme/enrollment.ts";
import type { SessionContext } from "../acme/session.ts";
import { POST_AS_GET } from "../acme/jws.ts";
import type { SigningKey } from "../keys/keys.ts";
import { ACME_ERROR, parseProblem } from "../acme/problem.ts";
import { type Sender, unmeasured } from "../http/step.ts";
import type { HeldOrder } from "./held_order.ts";
import { patient } from "./patient.ts";

/** A signed request, with whatever is to be wrong about it. */
export interface Ask {
  /** As the server gave it. */
  readonly url: string;
  /** JSON text; empty for POST-as-GET. */
  readonly payload: string;
  readonly key: SigningKey;
  /** The account; without it the key itself is sent. */
  readonly kid?: string;
  /** Over the protected header's usual fields; undefined takes one out. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signs in place of `key`, for a symmetric `alg`. */
  readonly secret?: Uint8Array;
  readonly contentType?: string;
  /** Changes the body after it was signed. */
  readonly tamper?: (jws: FlattenedJWS) => FlattenedJWS;
}

/** Nobody answered, or there is nothing to ask: that ends a case. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
}

const RETRIES = 10;

export class Subject {
  readonly enrollment: Enrollment;
  readonly sender: Sender;
  /** Answers to signed requests, for what holds of all of them. */
  readonly answers: Exchange[] = [];
  account?: Account;
  /** Another account, which owns nothing. */
  other?: Account;
  /** The order that cases share; `held_order.ts` knows when it is spent. */
  held?: HeldOrder;
  enrolled?: Enrolled;
  readonly #context: SessionContext<EnrollmentOptions>;
  readonly #client: HttpClient;

  /** Reads the directory and opens the responder; a Failure says why there can be no examination. */
  static async open(context: SessionContext<EnrollmentOptions>): Promise<Subject | Failure> {
    const { client, clock } = context;
    const unhurried = { ...context, client: patient(client, clock) };
    const enrollment = await Enrollment.open(unhurried);
    return isFailure(enrollment) ? enrollment : new Subject(unhurried, enrollment);
  }

  private constructor(context: SessionContext<EnrollmentOptions>, enrollment: Enrollment) {
    this.#context = context;
    this.#client = context.client;
    this.enrollment = enrollment;
    this.sender = unmeasured(context);
  }

  get acme(): AcmeClient {
    return this.enrollment.session.client;
  }

  /** Registers the two accounts that cases use, anew. */
  async register(): Promise<Failure | undefined> {
    const account = await this.#newAccount();
    if (isFailure(account)) return account;
    this.account = account;
    const other = await this.#newAccount();
    if (isFailure(other)) return other;
    this.other = other;
    return undefined;
  }

  /**
   * Runs what places an order; again with a new account, which takes the place of the present one, where the server has
   * had enough orders of that (certctl: five open ones, a hundred in an hour). There must be an account.
   */
  async withOrdersLeft<Value>(
    order: (account: Account) => Promise<Value | Failure>,
  ): Promise<Value | Failure> {
    const first = await order(this.account!);
    if (!isFailure(first) || first.class !== "rate_limited") return first;
    const account = await this.#newAccount();
    if (isFailure(account)) return account;
    this.account = account;
    return await order(account);
  }

  /** One enrollment. There must be an account. */
  async enroll(): Promise<Enrolled | Failure> {
    const { enroller } = this.enrollment;
    const prepared = await this.enrollment.prepareOrder(this.sender);
    return await this.withOrdersLeft(async (account) => {
      const chain = await enroller.attempt(this.sender, account).enroll(prepared);
      return isFailure(chain) ? chain : { account, prepared, chain };
    });
  }

  /** An unsigned request. */
  async get(href: string, method = "GET"): Promise<Exchange> {
    const url = new URL(href);
    return await this.#send({ method, url, headers: this.acme.headersFor(url) });
  }

  /** A signed request; a refused nonce is tried again, because some servers refuse good ones on purpose. */
  async ask(ask: Ask): Promise<Exchange> {
    for (let retry = 0;; retry++) {
      const exchange = await this.askOnce(ask, await this.nonce());
      const type = exchange.status >= 400 ? parseProblem(exchange.body)?.type : undefined;
      if (type !== ACME_ERROR + "badNonce" || retry === RETRIES) return exchange;
    }
  }

  /** Signed by an account: without a payload a POST-as-GET. */
  askAs({ key, url: kid }: Account, url: string, payload = POST_AS_GET): Promise<Exchange> {
    return this.ask({ url, payload, key, kid });
  }

  /** The same as `ask` with this very nonce (undefined: none), whatever comes. */
  async askOnce(ask: Ask, nonce: string | undefined): Promise<Exchange> {
    const url = httpUrl(ask.url);
    if (url === undefined) throw new NoAnswer(`${JSON.stringify(ask.url)} is no http(s) URL`);
    const exchange = await this.#send({
      method: "POST",
      url,
      headers: this.acme.headersFor(url, {
        "content-type": ask.contentType ?? "application/jose+json",
      }),
      body: new TextEncoder().encode(await jws(ask, nonce)),
    });
    this.answers.push(exchange);
    this.acme.nonces.put(exchange.header("replay-nonce"));
    return exchange;
  }

  async nonce(): Promise<string> {
    const failure = await this.acme.fillNonces(this.sender, 1);
    const nonce = this.acme.nonces.take();
    if (nonce === undefined) throw new NoAnswer(failure?.message ?? "The server gives no nonces");
    return nonce;
  }

  #newAccount(): Promise<Account | Failure> {
    return this.enrollment.session.accounts.take(this.acme, this.sender);
  }

  async #send(request: HttpRequest): Promise<Exchange> {
    const { timeoutMs, signal } = this.#context;
    const exchange = await this.#client.send(request, { timeoutMs, signal });
    if (exchange.failure !== undefined) throw new NoAnswer(exchange.failure.message);
    return exchange;
  }

  close(): Promise<void> {
    return this.enrollment.close();
  }
}

async function jws(ask: Ask, nonce: string | undefined): Promise<string> {
  const { alg, jwk } = ask.key;
  const identity = ask.kid === undefined ? { jwk } : { kid: ask.kid };
  const signed = await new FlattenedSign(new TextEncoder().encode(ask.payload))
    .setProtectedHeader({ alg, ...identity, nonce, url: ask.url, ...ask.header })
    .sign(ask.secret ?? await ask.key.privateKey());
  return JSON.stringify(ask.tamper?.(signed) ?? signed);
}
