/** A bearer token that stays good: a pod's is written anew before it ends, so its file is read again now and then. */
import { readFileSync } from "node:fs";
import type { Clock } from "../clock.ts";
import { hide } from "../masking/mask.ts";
import type { ClusterAccess } from "./access.ts";

/** As client-go does it: a token is renewed when a fifth of its life is left, of ten minutes at least. */
const READ_AGAIN_US = 60_000_000;

export class Token {
  readonly #access: ClusterAccess;
  readonly #clock: Clock;
  readonly #readFile: (path: string) => string;
  #value: string | undefined;
  #readUs: number;

  constructor(
    access: ClusterAccess,
    clock: Clock,
    readFile = (path: string): string => readFileSync(path, "utf8"),
  ) {
    this.#access = access;
    this.#clock = clock;
    this.#readFile = readFile;
    this.#value = access.token;
    this.#readUs = clock.nowUs();
  }

  /** undefined where the client is known by its certificate, or not at all. */
  get value(): string | undefined {
    const { tokenFile } = this.#access;
    const nowUs = this.#clock.nowUs();
    if (tokenFile === undefined || nowUs - this.#readUs < READ_AGAIN_US) return this.#value;
    this.#readUs = nowUs;
    try {
      this.#value = this.#readFile(tokenFile).trim();
      hide([this.#value]);
    } catch {
      // The one that there is may well be good for a while; where it is not, the server's 401 says so.
    }
    return this.#value;
  }
}
