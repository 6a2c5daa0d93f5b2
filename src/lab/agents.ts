/**
 * Agents of the lab's own, which do what certctl's do: say that they are there, take work, make key and request, fetch
 * the certificate, install it on the target, report. They go to the lab's API within the process.
 */
import type { Clock } from "../clock.ts";
import { toPem } from "../pem.ts";
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from "../x509.ts";
import { isIP } from "node:net";
import { heartbeat, takeWork, type WorkItem } from "./api/agent.ts";
import type { ApiContext } from "./api/context.ts";
import { recordVerification, reportJob } from "./api/deployment.ts";
import { submitRequest } from "./api/issuance.ts";
import { readJob } from "./api/job.ts";
import { latestVersion } from "./api/version.ts";
import type { Deployments } from "./deployments.ts";
import type { Installation } from "./tls_target.ts";

export interface AgentsOptions {
  /** Default 0. The lab's targets are shared out among them. */
  readonly count?: number;
  /** How often they ask for work, default certctl's 30 s. */
  readonly pollMs?: number;
  /** Default certctl's 60 s. */
  readonly heartbeatMs?: number;
  /** From an installation until it is reported, default certctl's 2 s. */
  readonly deployMs?: number;
}

export type AgentsSettings = Required<AgentsOptions>;

const DEFAULTS: AgentsSettings = { count: 0, pollMs: 30_000, heartbeatMs: 60_000, deployMs: 2_000 };

export function agentsSettings(options: AgentsOptions = {}): AgentsSettings {
  return { ...DEFAULTS, ...options };
}

/** `ag-lt-1`, `ag-lt-2`, ... */
export function agentId(index: number): string {
  return `ag-lt-${index + 1}`;
}

export interface AgentsContext {
  readonly api: ApiContext;
  readonly deployments: Deployments;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

export class Agents {
  readonly #context: AgentsContext;
  readonly #settings: AgentsSettings;
  readonly #closing = new AbortController();
  readonly #loops: Promise<void>[] = [];

  constructor(context: AgentsContext, settings: AgentsSettings) {
    this.#context = context;
    this.#settings = settings;
  }

  /** Their first polls are spread evenly over a period. */
  start(): void {
    const { count, pollMs, heartbeatMs } = this.#settings;
    const { store } = this.#context.api;
    for (let index = 0; index < count; index++) {
      const agent = new Agent(agentId(index), this.#context, this.#settings, this.#closing.signal);
      const phase = index / count;
      this.#loops.push(
        this.#every(heartbeatMs, phase, () => void heartbeat(store, agent.id, {})),
        this.#every(pollMs, phase, () => agent.poll()),
      );
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#loops);
  }

  /** A turn that takes longer than the period is followed by the next at once. */
  async #every(ms: number, phase: number, act: () => void | Promise<void>): Promise<void> {
    const { clock, log } = this.#context;
    const { signal } = this.#closing;
    let nextUs = clock.nowUs() + phase * ms * 1000;
    while (!signal.aborted) {
      await clock.sleepUntil(nextUs, signal);
      if (signal.aborted) return;
      try {
        await act();
      } catch (error) {
        log(`an agent's turn failed: ${error}`);
      }
      nextUs = Math.max(nextUs + ms * 1000, clock.nowUs());
    }
  }
}

class Agent {
  readonly id: string;
  readonly #context: AgentsContext;
  readonly #settings: AgentsSettings;
  readonly #signal: AbortSignal;
  /** Of the certificates that it asked for, PKCS #8 by certificate: its key files. */
  readonly #keys = new Map<string, string>();

  constructor(
    id: string,
    context: AgentsContext,
    settings: AgentsSettings,
    signal: AbortSignal,
  ) {
    this.id = id;
    this.#context = context;
    this.#settings = settings;
    this.#signal = signal;
  }

  /** One after the other, as certctl's does. */
  async poll(): Promise<void> {
    const { store, asShipped } = this.#context.api;
    if (asShipped.has("work_500")) return;
    for (const item of takeWork(store, this.id, asShipped) ?? []) {
      if (this.#signal.aborted) return;
      if (item.status === "AwaitingCSR") await this.#request(item);
      else await this.#deploy(item);
    }
  }

  async #request({ certificate_id, common_name = "", sans = [] }: WorkItem): Promise<void> {
    const { csrPem, keyPem } = await makeRequest(common_name, sans);
    this.#keys.set(certificate_id, keyPem);
    await submitRequest(this.#context.api, certificate_id, csrPem);
  }

  /** Whether it is served is looked for and told; that it is not does not keep the job from being Completed. */
  async #deploy(item: WorkItem): Promise<void> {
    const { api, clock } = this.#context;
    const installed = this.#install(item);
    if (typeof installed === "string") {
      reportJob(api, item.id, "Failed", installed);
      return;
    }
    await clock.sleepUntil(clock.nowUs() + this.#settings.deployMs * 1000, this.#signal);
    if (this.#signal.aborted) return;
    this.#verify(item, installed);
    reportJob(api, item.id, "Completed", "");
  }

  #verify({ id }: WorkItem, { target, fingerprint }: Installation): void {
    const { api, deployments } = this.#context;
    const job = readJob(api.store, id);
    const actual = deployments.servedBy(target) ?? "";
    if (job) recordVerification(api, job, { verified: actual === fingerprint, actual });
  }

  /** Why it could not be, where it could not. */
  #install({ id: jobId, certificate_id, target_config }: WorkItem): Installation | string {
    const { api, deployments } = this.#context;
    const version = latestVersion(api.store, certificate_id);
    if (version === undefined) return "certificate not found or not ready";
    const keyPem = this.#keys.get(certificate_id) ?? version.csr_pem;
    const target = (target_config as { lab_target?: unknown } | null)?.lab_target;
    const pair = { certificatePem: version.pem_chain, keyPem };
    return deployments.install(String(target), pair, { by: "agent", jobId });
  }
}

async function makeRequest(
  commonName: string,
  sans: readonly string[],
): Promise<{ readonly csrPem: string; readonly keyPem: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const names = new SubjectAlternativeNameExtension(
    [...new Set([commonName, ...sans])].map((value) => ({
      type: isIP(value) === 0 ? "dns" as const : "ip" as const,
      value,
    })),
  );
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: [names],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    csrPem: request.toString("pem"),
    keyPem: toPem("PRIVATE KEY", new Uint8Array(pkcs8)),
  };
}
