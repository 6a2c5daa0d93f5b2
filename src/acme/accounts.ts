/** The accounts of a worker: a pool made before the clock starts, or a new one for every iteration. */
import { sleep } from "../timer.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import { partOf, type WorkerShare } from "../worker_share.ts";
import { type Account, register, type Registration } from "./account.ts";
import type { AcmeClient } from "./client.ts";
import { type Algorithm, generateKey, type SigningKey } from "../keys/keys.ts";
import type { Sender } from "../http/step.ts";

export interface AccountsOptions {
  /** Accounts of the whole scenario, shared out among its workers (each has at least one); or a new one each time. */
  readonly accounts: number | "per_flow";
  readonly alg: Algorithm;
  readonly registration: Registration;
}

/** Beyond this, keys are made when they are needed. An RSA key takes a tenth of a second and more. */
const MAX_PREPARED_KEYS = { ES256: 10_000, ES384: 10_000, EdDSA: 10_000, RS256: 100 };

export class Accounts {
  readonly #options: AccountsOptions;
  readonly #pool: Account[] = [];
  readonly #keys: SigningKey[] = [];
  #next = 0;

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  /** Registers this worker's share of the pool; or makes keys for `iterations` new accounts. */
  async prepare(
    client: AcmeClient,
    sender: Sender,
    share: WorkerShare,
    iterations: number,
  ): Promise<Failure | undefined> {
    const { accounts, alg, registration } = this.#options;
    if (accounts === "per_flow") {
      const wanted = Math.min(iterations, MAX_PREPARED_KEYS[alg]);
      while (this.#keys.length < wanted && !sender.signal.aborted) {
        this.#keys.push(await generateKey(alg));
        if (this.#keys.length % 50 === 0) await sleep(0);
      }
      return undefined;
    }
    const wanted = Math.max(1, Math.min(partOf(accounts, share), iterations));
    while (this.#pool.length < wanted && !sender.signal.aborted) {
      const account = await register(client, sender, await generateKey(alg), registration);
      if (isFailure(account)) return account;
      this.#pool.push(account);
    }
    return undefined;
  }

  /** An account that nobody else has until it is given back; a new one when all are lent. */
  async borrow(client: AcmeClient, sender: Sender): Promise<Account | Failure> {
    return this.#pool.shift() ?? await this.#register(client, sender);
  }

  giveBack(account: Account): void {
    this.#pool.push(account);
  }

  /** The next account in turn, or a new one (step `new_account`). */
  async take(client: AcmeClient, sender: Sender): Promise<Account | Failure> {
    const pooled = this.#pool[this.#next++ % this.#pool.length];
    return pooled ?? await this.#register(client, sender);
  }

  async #register(client: AcmeClient, sender: Sender): Promise<Account | Failure> {
    const key = this.#keys.pop() ?? await generateKey(this.#options.alg);
    return await register(client, sender, key, this.#options.registration);
  }
}
