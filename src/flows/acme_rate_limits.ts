/**
 * `acme_rate_limits`: the contract of certctl's limiter with asserted answers. Each limit is used up by an account of
 * its own; then the next request must be refused with 429 and `rateLimited` (RFC 8555 section 6.6), while another
 * action of the same account, and another account, are not touched. Whether the refusals say Retry-After is counted
 * (`retry_after_present`, `retry_after_absent`). One arrival checks all limits: hundreds of requests.
 */
import { ENROLL_MEASURES } from "../acme/measures.ts";
import { z } from "zod";
import { identifierOf } from "../identifier.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import type { FlowDefinition, Iteration } from "./flow.ts";
import type { Account } from "../acme/account.ts";
import { unexpected } from "../acme/answer.ts";
import { lacks } from "../acme/directory.ts";
import { readAuthorization } from "../acme/order.ts";
import { Enrollment, enrollmentOptions } from "../acme/enrollment.ts";
import { changeKey, keyChangePayload } from "../acme/key_change.ts";
import { generateKey } from "../keys/keys.ts";
import { ACME_ERROR, parseProblem, statusFailure } from "../acme/problem.ts";
import { preparedFlow } from "./prepared_flow.ts";

const limit = (fallback: number): z.ZodDefault<z.ZodInt> =>
  z.int().min(0).max(10_000).default(fallback);

const { accounts: _pool, ...withoutPool } = enrollmentOptions;

const options = z.strictObject({
  ...withoutPool,
  limits: z.strictObject({
    orders_per_hour: limit(100),
    concurrent_orders: limit(5),
    key_changes_per_hour: limit(5),
    challenge_responds_per_hour: limit(60),
  }).prefault({}).describe("Limits of the server as it is configured; 0: off, and not checked"),
});

export type RateLimitOptions = z.output<typeof options>;

export const acmeRateLimits: FlowDefinition<RateLimitOptions> = {
  name: "acme_rate_limits",
  summary: "ACME rate limits: used up, refused with 429 rateLimited, and isolated",
  tier: "acme",
  options,
  measures: {
    ...ENROLL_MEASURES,
    counters: {
      ...ENROLL_MEASURES.counters,
      retry_after_present: "refusals that say when to come again",
      retry_after_absent: "refusals that do not",
    },
  },
  changes: () => "once",
  serverUrl: ({ directory }) => directory,
  steps: () => [
    "new_nonce",
    "new_account",
    "new_order",
    "authz",
    "challenge",
    "finalize",
    "order",
    "certificate",
    "key_change",
    "order_limited",
    "concurrent_limited",
    "key_change_limited",
    "challenge_limited",
  ],
  create: (context) =>
    preparedFlow(
      () => {
        const options = { ...context.options, accounts: "per_flow" as const };
        return Enrollment.open({ ...context, options }, ["keyChange"]);
      },
      (enrollment, iteration) =>
        new Contract(enrollment, iteration, context.options.limits).check(),
    ),
};

class Contract {
  readonly #enrollment: Enrollment;
  readonly #iteration: Iteration;
  readonly #limits: RateLimitOptions["limits"];

  constructor(enrollment: Enrollment, iteration: Iteration, limits: RateLimitOptions["limits"]) {
    this.#enrollment = enrollment;
    this.#iteration = iteration;
    this.#limits = limits;
  }

  async check(): Promise<Failure | undefined> {
    return await this.#ordersPerHour() ?? await this.#concurrentOrders() ??
      await this.#keyChanges() ?? await this.#challengeResponds();
  }

  /** Orders are completed, so that they do not count as open ones. */
  async #ordersPerHour(): Promise<Failure | undefined> {
    const { orders_per_hour: allowed, concurrent_orders: open } = this.#limits;
    if (allowed === 0) return undefined;
    const account = await this.#newAccount();
    if (isFailure(account)) return account;
    for (let made = 0; made < allowed; made++) {
      const failure = await (open > 0 ? this.#enroll(account) : this.#placeOrder(account));
      if (failure !== undefined) return failure;
    }
    return await this.#limitedOrder("order_limited", account) ?? await this.#rollOver(account) ??
      await this.#placeOrderOfAnother();
  }

  async #concurrentOrders(): Promise<Failure | undefined> {
    const { concurrent_orders: allowed } = this.#limits;
    if (allowed === 0) return undefined;
    const account = await this.#newAccount();
    if (isFailure(account)) return account;
    for (let open = 0; open < allowed; open++) {
      const failure = await this.#placeOrder(account);
      if (failure !== undefined) return failure;
    }
    return await this.#limitedOrder("concurrent_limited", account) ??
      await this.#rollOver(account) ?? await this.#placeOrderOfAnother();
  }

  async #keyChanges(): Promise<Failure | undefined> {
    const { key_changes_per_hour: allowed } = this.#limits;
    const { client } = this.#enrollment.session;
    if (allowed === 0) return undefined;
    let account = await this.#newAccount();
    for (let changed = 0; changed < allowed; changed++) {
      if (isFailure(account)) return account;
      account = await changeKey(
        client,
        this.#iteration,
        account,
        await this.#sameKindOfKey(account),
      );
    }
    if (isFailure(account)) return account;
    const { keyChange: url } = client.directory;
    if (url === undefined) return lacks("keyChange");
    const payload = await keyChangePayload(url, account, await this.#sameKindOfKey(account));
    const limited = await this.#limited("key_change_limited", account, url, payload);
    if (limited !== undefined) return limited;
    const other = await this.#newAccount();
    if (isFailure(other)) return other;
    return await this.#rollOver(other) ?? await this.#placeOrder(account);
  }

  /** A challenge that is answered already may be answered again, or be refused; only 429 is what counts here. */
  async #challengeResponds(): Promise<Failure | undefined> {
    const { challenge_responds_per_hour: allowed } = this.#limits;
    if (allowed === 0) return undefined;
    const account = await this.#newAccount();
    if (isFailure(account)) return account;
    const url = await this.#challengeUrl(account);
    if (isFailure(url)) return url;
    for (let answered = 0; answered < allowed; answered++) {
      const failure = await this.#answerChallenge(account, url);
      if (failure !== undefined) return failure;
    }
    return await this.#limited("challenge_limited", account, url, "{}") ??
      await this.#rollOver(account) ?? await this.#answerChallengeOfAnother();
  }

  async #newAccount(): Promise<Account | Failure> {
    const { accounts, client } = this.#enrollment.session;
    return await accounts.take(client, this.#iteration);
  }

  #sameKindOfKey({ key }: Account): ReturnType<typeof generateKey> {
    return generateKey(key.alg);
  }

  async #enroll(account: Account): Promise<Failure | undefined> {
    const { enroller } = this.#enrollment;
    const prepared = await this.#enrollment.prepareOrder(this.#iteration);
    const chain = await enroller.attempt(this.#iteration, account).enroll(prepared);
    return isFailure(chain) ? chain : undefined;
  }

  async #placeOrder(account: Account): Promise<Failure | undefined> {
    const { names } = await this.#enrollment.prepareOrder(this.#iteration);
    const attempt = this.#enrollment.enroller.attempt(this.#iteration, account);
    const order = await attempt.placeOrder(names);
    return isFailure(order) ? order : undefined;
  }

  /** Another account is not touched. */
  async #placeOrderOfAnother(): Promise<Failure | undefined> {
    const other = await this.#newAccount();
    return isFailure(other) ? other : await this.#placeOrder(other);
  }

  async #answerChallengeOfAnother(): Promise<Failure | undefined> {
    const other = await this.#newAccount();
    if (isFailure(other)) return other;
    const url = await this.#challengeUrl(other);
    return isFailure(url) ? url : await this.#answerChallenge(other, url);
  }

  /** Another action of the account is not touched. */
  async #rollOver(account: Account): Promise<Failure | undefined> {
    const { client } = this.#enrollment.session;
    const key = await this.#sameKindOfKey(account);
    const rolled = await changeKey(client, this.#iteration, account, key);
    return isFailure(rolled) ? rolled : undefined;
  }

  async #challengeUrl(account: Account): Promise<string | Failure> {
    const { enroller, session } = this.#enrollment;
    const { names } = await this.#enrollment.prepareOrder(this.#iteration);
    const order = await enroller.attempt(this.#iteration, account).placeOrder(names);
    if (isFailure(order)) return order;
    const [url] = order.authorizations;
    if (url === undefined) return unexpected("The order has no authorization");
    const asked = { step: "authz", signer: account.signer, url, read: readAuthorization };
    const answer = await session.client.read(this.#iteration, asked);
    if (isFailure(answer)) return answer;
    return answer.value.challenges[0]?.url ?? unexpected("The authorization has no challenge");
  }

  async #answerChallenge(account: Account, url: string): Promise<Failure | undefined> {
    const answer = await this.#enrollment.session.client.post(this.#iteration, {
      step: "challenge",
      signer: account.signer,
      url,
      payload: "{}",
      statuses: [200, 400, 403, 409],
      read: () => undefined,
    });
    return isFailure(answer) ? answer : undefined;
  }

  async #limitedOrder(step: string, account: Account): Promise<Failure | undefined> {
    const { names } = await this.#enrollment.prepareOrder(this.#iteration);
    const identifiers = names.map(identifierOf);
    const { newOrder } = this.#enrollment.session.client.directory;
    if (newOrder === undefined) return lacks("newOrder");
    return await this.#limited(step, account, newOrder, JSON.stringify({ identifiers }));
  }

  /** Sends what must be refused. */
  async #limited(
    step: string,
    account: Account,
    url: string,
    payload: string,
  ): Promise<Failure | undefined> {
    const answer = await this.#enrollment.session.client.post(this.#iteration, {
      step,
      signer: account.signer,
      url,
      payload,
      statuses: Array.from({ length: 400 }, (_, index) => 200 + index),
      read: (exchange) => limitComplaint(exchange),
    });
    if (isFailure(answer)) return answer;
    const said = answer.exchange.header("retry-after") !== undefined;
    this.#iteration.count(said ? "retry_after_present" : "retry_after_absent");
    return undefined;
  }
}

/** What keeps an answer from being a refusal by a rate limit. */
function limitComplaint(exchange: Exchange): Failure | undefined {
  if (exchange.status < 300) {
    return {
      class: "unexpected_status",
      message: `${exchange.request.url.pathname} was answered with ${exchange.status} where the ` +
        `limit should have refused it with 429: the server's limit is higher than the plan's, or off`,
    };
  }
  if (exchange.status !== 429) return statusFailure(exchange);
  const type = parseProblem(exchange.body)?.type;
  return type === ACME_ERROR + "rateLimited" ? undefined : unexpected(
    `A 429 must have a problem document of type ${ACME_ERROR}rateLimited ` +
      `(RFC 8555 section 6.6), this one has ${type ?? "none"}`,
  );
}
