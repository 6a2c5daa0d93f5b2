/** What the flows that enroll have on top of a session: prepared orders, a responder, and the enroller. */
import { z } from "zod";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Account } from "./account.ts";
import type { Chain } from "./chain.ts";
import { openResponder, type Responder } from "./challenge/responder.ts";
import type { Directory, Resource } from "./directory.ts";
import { Enroller } from "./enroller.ts";
import {
  accounts,
  certificateAlgorithm,
  challengeOptions,
  instantOf,
  orderOptions,
  responderOptions,
} from "./options.ts";
import { type Sender, unmeasured } from "../http/step.ts";
import { Session, type SessionContext, sessionOptions } from "./session.ts";
import {
  type PreparedOrder,
  type PreparedOrderOptions,
  PreparedOrders,
} from "./prepared_orders.ts";

/** Options of every flow that enrolls. */
export const enrollmentOptions = {
  ...sessionOptions,
  ...orderOptions,
  ...challengeOptions,
  accounts: accounts.default(20).describe("Accounts to share, or per_flow: a new one each time"),
};

const schema = z.strictObject(enrollmentOptions);
export type EnrollmentOptions = z.output<typeof schema>;

/** Steps up to the certificate, or up to what comes before finalize. */
export function enrollmentSteps(
  { accounts }: EnrollmentOptions,
  stopBefore?: "finalize",
): string[] {
  return [
    "new_nonce",
    ...(accounts === "per_flow" ? ["new_account"] : []),
    "new_order",
    "authz",
    "challenge",
    "order",
    ...(stopBefore === "finalize" ? [] : ["finalize", "certificate"]),
  ];
}

/** Of an enrollment with one name. */
const SIGNATURES = 8;

export interface Enrolled {
  readonly account: Account;
  readonly prepared: PreparedOrder;
  readonly chain: Chain;
}

export class Enrollment {
  readonly session: Session;
  readonly enroller: Enroller;
  readonly #context: SessionContext<EnrollmentOptions>;
  readonly #responder?: Responder;
  readonly #orders: PreparedOrders;

  /** Reads the directory, which must have what the flow `needs`, and opens the responder; a Failure says why not. */
  static async open(
    context: SessionContext<EnrollmentOptions>,
    needs: readonly Resource[] = [],
  ): Promise<Enrollment | Failure> {
    const { options, share } = context;
    const all: readonly Resource[] = ["newAccount", "newOrder", ...needs];
    const session = await Session.open(context, options.accounts, all);
    if (isFailure(session)) return session;
    const refused = profileFailure(session.client.directory, options.profile);
    if (refused !== undefined) return refused;
    const wanted = responderOptions(options.challenge);
    const responder = wanted && await openResponder(wanted, share);
    return isFailure(responder) ? responder : new Enrollment(context, session, responder);
  }

  private constructor(
    context: SessionContext<EnrollmentOptions>,
    session: Session,
    responder: Responder | undefined,
  ) {
    this.#context = context;
    this.session = session;
    this.#responder = responder;
    this.#orders = new PreparedOrders(preparedOrderOptions(context.options));
    this.enroller = enrollerOf(context, session, responder);
  }

  async prepare(iterations: number): Promise<Failure | undefined> {
    const { options, signal } = this.#context;
    if (options.prepare) await this.#orders.prepare(iterations, signal);
    return await this.session.prepare(iterations, options.prepare ? SIGNATURES : 0);
  }

  /** An account, new or in turn, and what is to be enrolled with it. */
  async next(sender: Sender): Promise<Omit<Enrolled, "chain"> | Failure> {
    const account = await this.session.accounts.take(this.session.client, sender);
    return isFailure(account) ? account : { account, prepared: await this.prepareOrder(sender) };
  }

  /** One enrollment with the next account and prepared order. */
  async enroll(sender: Sender): Promise<Enrolled | Failure> {
    const next = await this.next(sender);
    if (isFailure(next)) return next;
    const chain = await this.enroller.attempt(sender, next.account).enroll(next.prepared);
    return isFailure(chain) ? chain : { ...next, chain };
  }

  /** One enrollment that is not measured. */
  enrollUnmeasured(): Promise<Enrolled | Failure> {
    return this.enroll(unmeasured(this.#context));
  }

  async close(): Promise<void> {
    await this.#responder?.close();
  }

  /** An order that was prepared, or is now (observed as `csr`). */
  async prepareOrder(sender: Sender): Promise<PreparedOrder> {
    const ready = this.#orders.take();
    if (ready !== undefined) return ready;
    const startedUs = this.#context.clock.nowUs();
    const made = await this.#orders.make();
    sender.observe("csr", this.#context.clock.nowUs() - startedUs);
    return made;
  }
}

function enrollerOf(
  { options, clock }: SessionContext<EnrollmentOptions>,
  { client }: Session,
  responder: Responder | undefined,
): Enroller {
  const nowMs = clock.nowUs() / 1000;
  return new Enroller({
    client,
    clock,
    responder,
    challengeType: options.challenge?.type,
    notBefore: options.not_before && instantOf(options.not_before, nowMs),
    notAfter: options.not_after && instantOf(options.not_after, nowMs),
    profile: options.profile,
    shownOn: responderOptions(options.challenge)?.listen,
    poll: {
      intervalMs: options.poll.interval,
      timeoutMs: options.poll.timeout,
      honourRetryAfter: options.poll.honour_retry_after,
    },
  });
}

function preparedOrderOptions(options: EnrollmentOptions): PreparedOrderOptions {
  const { identifiers, names, certificate_key: type, certificate_keys: keys } = options;
  const count = keys ?? (type === "rsa-2048" ? 8 : "per_order");
  return {
    identifiers: typeof identifiers === "string" ? [identifiers] : identifiers,
    names,
    alg: certificateAlgorithm(type),
    sharedKeys: count === "per_order" ? undefined : count,
  };
}

/** Why an order cannot ask this server for the profile (draft-ietf-acme-profiles section 3). */
function profileFailure(directory: Directory, profile: string | undefined): Failure | undefined {
  if (profile === undefined || directory.profiles?.includes(profile)) return undefined;
  return {
    class: "client",
    message: `The server has no profile "${profile}": its directory names ` +
      (directory.profiles?.join(", ") || "no profiles at all") +
      `; order one that it has, or none (profile, conform: --profile)`,
  };
}
