/**
 * What the signed flows have in common: from options and context to a directory, accounts and an enroller, made before
 * the clock starts.
 */
import { z } from "zod";
import type { Failure } from "../../transport/failure.ts";
import type { FlowContext } from "../flow.ts";
import { type Registration, registrationFailure } from "./account.ts";
import { Accounts } from "./accounts.ts";
import { isFailure } from "./answer.ts";
import { openResponder, type Responder } from "./challenge/responder.ts";
import { AcmeClient } from "./client.ts";
import { type Directory, directoryUrl } from "./directory.ts";
import { Enroller } from "./enroller.ts";
import {
  accountOptions,
  certificateAlgorithm,
  challengeOptions,
  endpointOptions,
  hmacKeyOf,
  instantOf,
  orderOptions,
  responderOptions,
} from "./options.ts";
import { type Sender, unmeasured } from "./sender.ts";
import { type Ticket, type TicketOptions, Tickets } from "./tickets.ts";

/** Options of every flow that enrolls. */
export const sessionOptions = {
  ...endpointOptions,
  ...accountOptions,
  ...orderOptions,
  ...challengeOptions,
};

const schema = z.strictObject(sessionOptions);
export type SessionOptions = z.output<typeof schema>;

/** Nonces in store when the clock starts; every answer brings another. */
const FIRST_NONCES = 16;

export class Session {
  readonly client: AcmeClient;
  readonly accounts: Accounts;
  readonly enroller: Enroller;
  readonly #tickets: Tickets;
  readonly #responder?: Responder;
  readonly #context: FlowContext<SessionOptions>;

  /** Reads the directory and opens the responder; a Failure says why there can be no load. */
  static async open(
    context: FlowContext<SessionOptions>,
    accounts: number | "per_flow",
  ): Promise<Session | Failure> {
    const { options, target, clock, shard } = context;
    const url = directoryUrl(options.directory, target.baseUrl);
    const client = await AcmeClient.open(unmeasured(context), {
      url,
      headers: options.headers,
      clock,
    });
    if (isFailure(client)) return client;
    const refused = registrationFailure(client.directory, registrationOf(options)) ??
      profileFailure(client.directory, options.profile);
    if (refused !== undefined) return refused;
    const wanted = responderOptions(options.challenge);
    const responder = wanted && await openResponder(wanted, shard);
    return isFailure(responder) ? responder : new Session(context, client, accounts, responder);
  }

  private constructor(
    context: FlowContext<SessionOptions>,
    client: AcmeClient,
    accounts: number | "per_flow",
    responder: Responder | undefined,
  ) {
    const { options, clock } = context;
    this.client = client;
    this.#context = context;
    this.#responder = responder;
    this.#tickets = new Tickets(ticketOptions(options));
    this.accounts = new Accounts({
      accounts,
      alg: options.account_key,
      registration: registrationOf(options),
    });
    const nowMs = clock.nowUs() / 1000;
    this.enroller = new Enroller({
      client,
      clock,
      responder,
      challengeType: options.challenge?.type,
      notBefore: options.not_before && instantOf(options.not_before, nowMs),
      notAfter: options.not_after && instantOf(options.not_after, nowMs),
      profile: options.profile,
      poll: {
        intervalMs: options.poll.interval,
        timeoutMs: options.poll.timeout,
        honourRetryAfter: options.poll.honour_retry_after,
      },
    });
  }

  /** Accounts, tickets and first nonces for about `iterations` enrollments. */
  async prepare(iterations: number): Promise<Failure | undefined> {
    const { options, shard, signal } = this.#context;
    const sender = unmeasured(this.#context);
    const failure = await this.accounts.prepare(this.client, sender, shard, iterations);
    if (failure !== undefined) return failure;
    if (options.prepare) await this.#tickets.prepare(iterations, signal);
    return await this.client.fillNonces(sender, Math.min(FIRST_NONCES, iterations));
  }

  /** A prepared ticket, or one made now (observed as `csr`). */
  async ticket(sender: Sender): Promise<Ticket> {
    const ready = this.#tickets.take();
    if (ready !== undefined) return ready;
    const startedUs = this.#context.clock.nowUs();
    const made = await this.#tickets.make();
    sender.observe("csr", this.#context.clock.nowUs() - startedUs);
    return made;
  }

  async close(): Promise<void> {
    await this.#responder?.close();
  }
}

function registrationOf(options: SessionOptions): Registration {
  const { contact, agree_to_terms: agreeToTerms, eab } = options;
  const hmacKey = eab && hmacKeyOf(eab.hmac_key);
  return { contact, agreeToTerms, eab: eab && hmacKey && { kid: eab.kid, hmacKey } };
}

function ticketOptions(options: SessionOptions): TicketOptions {
  const { identifiers, names, certificate_key: type, certificate_keys: keys } = options;
  const count = keys ?? (type === "rsa-2048" ? 8 : "per_order");
  return {
    identifiers,
    names,
    alg: certificateAlgorithm(type),
    sharedKeys: count === "per_order" ? undefined : count,
  };
}

/** Why an order cannot ask this server for the profile (draft-ietf-acme-profiles section 3). */
function profileFailure(directory: Directory, profile: string | undefined): Failure | undefined {
  if (profile === undefined || directory.profiles?.includes(profile)) return undefined;
  const known = directory.profiles?.join(", ");
  return {
    class: "client",
    message: `The server has no profile "${profile}": its directory names ` +
      (known ? `${known}` : "no profiles at all"),
  };
}
