/** The ACME server with what runs beside its requests: validations and the garbage collector. */
import type { Metrics } from "../api/metrics.ts";
import type { Authority } from "../authority.ts";
import type { SignerTurn } from "../capacity.ts";
import type { LabRequest, LabResponse } from "../http/message.ts";
import type { Clock } from "../../clock.ts";
import type { Store } from "../store.ts";
import { acmeSweeps, GarbageCollector } from "./gc.ts";
import { Limits } from "./limits.ts";
import { Nonces } from "./nonces.ts";
import type { AcmeSettings } from "./options.ts";
import { AcmeServer } from "./server.ts";
import { Validations } from "./validations.ts";

export interface AcmeServiceOptions {
  readonly store: Store;
  readonly authority: Authority;
  readonly signerTurn: SignerTurn;
  readonly metrics: Metrics;
  readonly settings: AcmeSettings;
  readonly clock: Clock;
  /** Takes a line about a mistake of the lab's own. */
  readonly log: (line: string) => void;
}

export class AcmeService {
  readonly #server: AcmeServer;
  readonly #validations: Validations;
  readonly #collector: GarbageCollector;

  /** The API's tables have to be there. */
  constructor(options: AcmeServiceOptions) {
    const { store, authority, signerTurn, metrics, settings, clock, log } = options;
    const nowMs = (): number => clock.nowUs() / 1000;
    const { nonceTtlMs: ttlMs, badNonceShare: badShare, gcIntervalMs: intervalMs } = settings;
    const nonces = new Nonces({ store, ttlMs, badShare, nowMs });
    const limits = new Limits({ store, settings });
    const validations = this.#validations = new Validations({ settings, log });
    const shared = { store, authority, signerTurn, metrics, settings, nowMs };
    this.#server = new AcmeServer({ ...shared, nonces, limits, validations });
    const sweeps = acmeSweeps(store, nowMs);
    this.#collector = new GarbageCollector({ sweeps, metrics, clock, intervalMs, log });
  }

  start(): void {
    this.#collector.start();
  }

  handle(request: LabRequest): Promise<LabResponse> {
    return this.#server.handle(request);
  }

  /** Cuts short the validations, and ends the sweeps. */
  async close(): Promise<void> {
    await Promise.all([this.#validations.close(), this.#collector.stop()]);
  }
}
