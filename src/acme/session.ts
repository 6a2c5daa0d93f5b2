/**
 * What every signed flow has: the directory, nonces and accounts, made before the clock starts.
 */
import { z } from "zod";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Clock } from "../clock.ts";
import type { WorkerShare } from "../worker_share.ts";
import type { HttpClient } from "../http/http.ts";
import { type Registration, registrationFailure } from "./account.ts";
import { Accounts } from "./accounts.ts";
import { AcmeClient } from "./client.ts";
import { type AcmeTarget, directoryHeaders } from "./headers.ts";
import { directoryUrl, lacks, missingFrom, type Resource } from "./directory.ts";
import { accountOptions, endpointOptions, hmacKeyOf } from "./options.ts";
import { prepareSignatures } from "../keys/prepared_signatures.ts";
import { unmeasured } from "../http/step.ts";

export const sessionOptions = { ...endpointOptions, ...accountOptions };

const schema = z.strictObject(sessionOptions);
export type SessionOptions = z.output<typeof schema>;

/** What of a flow's context, or of an examination's, a session works with. */
export interface SessionContext<Options> {
  readonly options: Options;
  /** Where the directory is when the options give a path. */
  readonly target: AcmeTarget;
  readonly client: HttpClient;
  readonly clock: Clock;
  /** Of one request. */
  readonly timeoutMs: number;
  /** This worker's place among the workers, for sharing out prepared things. */
  readonly share: WorkerShare;
  readonly signal: AbortSignal;
}

/** Nonces in store when the clock starts; every answer brings another. */
const FIRST_NONCES = 16;

export class Session {
  readonly client: AcmeClient;
  readonly accounts: Accounts;
  readonly #context: SessionContext<SessionOptions>;

  /** Reads the directory, which must have what the flow needs; a Failure says why there can be no load. */
  static async open(
    context: SessionContext<SessionOptions>,
    accounts: number | "per_flow",
    needs: readonly Resource[] = ["newAccount"],
  ): Promise<Session | Failure> {
    const { options, target, clock } = context;
    const url = directoryUrl(options.directory, target.baseUrl);
    const client = await AcmeClient.open(unmeasured(context), {
      url,
      headers: directoryHeaders(url, target, options.headers),
      clock,
    });
    if (isFailure(client)) return client;
    const missing = missingFrom(client.directory, needs);
    if (missing.length > 0) return lacks(...missing);
    const refused = registrationFailure(client.directory, registrationOf(options));
    return refused ?? new Session(context, client, accounts);
  }

  private constructor(
    context: SessionContext<SessionOptions>,
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
    const { share, signal, options } = this.#context;
    if (options.account_key === "ES256") await prepareSignatures(iterations * signatures, signal);
    return await this.accounts.prepare(this.client, sender, share, iterations) ??
      await this.client.fillNonces(sender, Math.min(FIRST_NONCES, iterations));
  }
}

function registrationOf(options: SessionOptions): Registration {
  const { contact, agree_to_terms: agreeToTerms, eab } = options;
  const hmacKey = eab && hmacKeyOf(eab.hmac_key);
  return { contact, agreeToTerms, eab: eab && hmacKey && { kid: eab.kid, hmacKey } };
}
