/**
 * Validations under way: each challenge type has its own slots, so that one which nobody answers holds up only its
 * kind. What waits for a slot is bounded by the limits on orders and responses.
 */
import type { AcmeSettings, ChallengeType } from "./options.ts";
import { Problem, type ProblemDocument } from "./problem.ts";
import { validateDns01 } from "./validators/dns01.ts";
import { validateHttp01 } from "./validators/http01.ts";
import { validateTlsAlpn01 } from "./validators/tls_alpn01.ts";

export interface Validation {
  readonly type: ChallengeType;
  /** DNS name without a wildcard label, or IP address. */
  readonly name: string;
  readonly token: string;
  /** RFC 8555 section 8.1. */
  readonly keyAuthorization: string;
}

/** Resolves when the name is proved, rejects with a Problem when it is not. */
type Validator = (
  validation: Validation,
  settings: AcmeSettings,
  signal: AbortSignal,
) => Promise<void>;

const VALIDATORS: Readonly<Record<ChallengeType, Validator>> = {
  "http-01": validateHttp01,
  "tls-alpn-01": validateTlsAlpn01,
  "dns-01": validateDns01,
};
const TIMEOUT_MS = 30_000;

export interface ValidationsOptions {
  readonly settings: AcmeSettings;
  readonly validators?: Readonly<Record<ChallengeType, Validator>>;
  /** Takes a line about a mistake of the lab's own. */
  readonly log: (line: string) => void;
}

export class Validations {
  readonly #options: ValidationsOptions;
  readonly #slots: Readonly<Record<ChallengeType, Slots>>;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: ValidationsOptions) {
    this.#options = options;
    const slots = (): Slots => new Slots(options.settings.validationConcurrency);
    this.#slots = { "http-01": slots(), "tls-alpn-01": slots(), "dns-01": slots() };
  }

  /** `settle` gets the problem, or nothing when the name is proved; not after `close`. */
  start(validation: Validation, settle: (problem: ProblemDocument | undefined) => void): void {
    const running = this.#run(validation).then((problem) => {
      if (!this.#stop.signal.aborted) settle(problem);
    }).catch((error) => this.#options.log(`Cannot settle a challenge: ${error}`));
    this.#running.add(running);
    running.finally(() => this.#running.delete(running));
  }

  /** Cuts short what is under way. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  async #run(validation: Validation): Promise<ProblemDocument | undefined> {
    const { settings, validators = VALIDATORS } = this.#options;
    const slots = this.#slots[validation.type];
    await slots.take();
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#stop.signal]);
      if (!signal.aborted) await validators[validation.type](validation, settings, signal);
    } catch (error) {
      return problemOf(error).document;
    } finally {
      slots.give();
    }
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem("connection", 400, `the validation failed: ${(error as Error).message}`);
}

/** A counting semaphore, first come first served. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = Math.max(1, count);
  }

  take(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
