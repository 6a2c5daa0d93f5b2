/**
 * What an enrollment needs that can be made before the clock starts: its names, a key and the request signed with it.
 */
import { canonicalName } from "../identifier.ts";
import { sleep } from "../timer.ts";
import { encodeBase64url } from "../keys/base64url.ts";
import { makeCsr } from "../keys/csr.ts";
import { type Algorithm, generateKey, type SigningKey } from "../keys/keys.ts";

export interface PreparedOrder {
  readonly names: readonly string[];
  readonly key: SigningKey;
  /** Payload of finalize. */
  readonly finalizePayload: string;
}

export interface PreparedOrderOptions {
  readonly identifiers: readonly string[];
  /** How often an identifier with `{n}` is repeated. */
  readonly names: number;
  readonly alg: Algorithm;
  /** Keys to share among the orders; undefined: a new one for each. */
  readonly sharedKeys?: number;
}

/** Beyond this, orders are prepared when they are needed: they would take memory that grows with the run. */
const MAX_PREPARED = 10_000;

export class PreparedOrders {
  readonly #options: PreparedOrderOptions;
  readonly #ready: PreparedOrder[] = [];
  readonly #keys: SigningKey[] = [];
  /** Names must not repeat over workers and runs. */
  readonly #run = randomLabel();
  #made = 0;

  constructor(options: PreparedOrderOptions) {
    this.#options = options;
  }

  async prepare(count: number, signal: AbortSignal): Promise<void> {
    const wanted = Math.min(count, MAX_PREPARED);
    while (this.#ready.length < wanted && !signal.aborted) {
      this.#ready.push(await this.make());
      if (this.#ready.length % 50 === 0) await sleep(0);
    }
  }

  /** A prepared order; undefined when there is none left. */
  take(): PreparedOrder | undefined {
    return this.#ready.pop();
  }

  async make(): Promise<PreparedOrder> {
    const number = this.#made++;
    const names = namesOf(this.#options, `${this.#run}-${number.toString(36)}`);
    const key = await this.#key(number);
    const csr = encodeBase64url(await makeCsr(key, names));
    return { names, key, finalizePayload: `{"csr":"${csr}"}` };
  }

  async #key(number: number): Promise<SigningKey> {
    const { alg, sharedKeys } = this.#options;
    if (sharedKeys === undefined) return await generateKey(alg);
    return this.#keys[number % sharedKeys] ??= await generateKey(alg);
  }
}

/** The names of one order: placeholders filled in, `{n}` counted from 1. */
function namesOf(
  { identifiers, names }: Pick<PreparedOrderOptions, "identifiers" | "names">,
  id: string,
): string[] {
  return identifiers.flatMap((template) => {
    const named = template.replaceAll("{id}", id);
    if (!named.includes("{n}")) return [canonicalName(named)];
    const numbered = (_: unknown, index: number): string =>
      canonicalName(named.replaceAll("{n}", `${index + 1}`));
    return Array.from({ length: names }, numbered);
  });
}

function randomLabel(): string {
  const octets = crypto.getRandomValues(new Uint8Array(5));
  return "c" + Array.from(octets, (octet) => octet.toString(36).padStart(2, "0")).join("");
}
