/**
 * What every signed flow has: the directory, nonces and accounts, made before the clock starts.
 */
import { z } from "zod";
import type { Failure } from "../http/failure.ts";
import type { Flow, FlowContext, Iteration } from "../flows/flow.ts";
import { type Registration, registrationFailure } from "./account.ts";
import { Accounts } from "./accounts.ts";
import { isFailure } from "./answer.ts";
import { AcmeClient } from "./client.ts";
import { directoryUrl, lacks, missingFrom, type Resource } from "./directory.ts";
import { accountOptions, endpointOptions, hmacKeyOf } from "./options.ts";
import { prepareSignatures } from "./prepared_signatures.ts";
import { unmeasured } from "./sender.ts";

export const sessionOptions = { ...endpointOptions, ...accountOptions };

const schema = z.strictObject(sessionOptions);
export type SessionOptions = z.output<typeof schema>;

/** Nonces in store when the clock starts; every answer brings another. */
const FIRST_NONCES = 16;

export class Session {
  readonly client: AcmeClient;
  readonly accounts: Accounts;
  readonly #context: FlowContext<SessionOptions>;

  /** Reads the directory, which must have what the flow needs; a Failure says why there can be no load. */
  static async open(
    context: FlowContext<SessionOptions>,
    accounts: number | "per_flow",
    needs: readonly Resource[] = ["newAccount"],
  ): Promise<Session | Failure> {
    const { options, target, clock } = context;
    const client = await AcmeClient.open(unmeasured(context), {
      url: directoryUrl(options.directory, target.baseUrl),
      headers: options.headers,
      clock,
    });
    if (isFailure(client)) return client;
    const missing = missingFrom(client.directory, needs);
    if (missing.length > 0) return lacks(...missing);
    const refused = registrationFailure(client.directory, registrationOf(options));
    return refused ?? new Session(context, client, accounts);
  }

  private constructor(
    context: FlowContext<SessionOptions>,
    client: AcmeClient,
    accounts: number | "per_flow",
  ) {
    const { options } = context;
    this.#context = context;
    this.client = client;
    this.accounts = new Accounts({
      accounts,
      alg: options.account_key,
      registration: registrationOf(options),
    });
  }

  /** Accounts, first nonces and the first half of signatures for about `iterations` arrivals. */
  async prepare(iterations: number, signatures = 4): Promise<Failure | undefined> {
    const sender = unmeasured(this.#context);
    const { shard, signal, options } = this.#context;
    if (options.account_key === "ES256") await prepareSignatures(iterations * signatures, signal);
    return await this.accounts.prepare(this.client, sender, shard, iterations) ??
      await this.client.fillNonces(sender, Math.min(FIRST_NONCES, iterations));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function registrationOf(options: SessionOptions): Registration {
  const { contact, agree_to_terms: agreeToTerms, eab } = options;
  const hmacKey = eab && hmacKeyOf(eab.hmac_key);
  return { contact, agreeToTerms, eab: eab && hmacKey && { kid: eab.kid, hmacKey } };
}

/** What a flow works with between `prepare` and `close`. */
interface Work {
  prepare(iterations: number): Promise<Failure | undefined>;
  close(): Promise<void>;
}

/** A flow whose work is opened in `prepare` and handed to every iteration. */
export function preparedFlow<Opened extends Work>(
  open: () => Promise<Opened | Failure>,
  iterate: (opened: Opened, iteration: Iteration) => Promise<Failure | undefined>,
): Flow {
  let opened: Opened | undefined;
  return {
    prepare: async (iterations) => {
      const work = await open();
      if (isFailure(work)) return work;
      opened = work;
      return await work.prepare(iterations);
    },
    run: (iteration) => {
      if (opened === undefined) throw new Error("The flow runs before it is prepared");
      return iterate(opened, iteration);
    },
    close: async () => await opened?.close(),
  };
}
