/**
 * What certctl's agent does (`cmd/agent` at aad95d31): it registers, says that it is alive, asks for work, makes a key
 * and a request for a certificate, fetches what was issued, and reports. It asks through a `Sender`, as `api.ts` does.
 */
import { makeCsr } from "../keys/csr.ts";
import { generateKey } from "../keys/keys.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { HttpClient } from "../http/http.ts";
import { type Sender, unmeasured } from "../http/step.ts";
import { toPem } from "../pem.ts";
import { VERSION } from "../version.ts";
import type { AgentFacts, Answer, CertctlApi } from "./api.ts";
import type { WorkItem } from "./resources.ts";

/** The agent's periods, which it has no option for. */
export const HEARTBEAT_MS = 60_000;
export const WORK_POLL_MS = 30_000;

/** What the agent keeps for one certificate: its key, and the request that it sends. */
export interface KeyAndRequest {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly keyPem: string;
  readonly csrPem: string;
}

/** Of a scenario's set-up: how it asks, and to whom it tells what is to be undone. */
export interface RunSetup {
  readonly client: HttpClient;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  undo(what: string, action: (signal: AbortSignal) => Promise<Failure | undefined>): void;
}

/** RFC 5280 appendix A.1, ub-common-name. */
const LONGEST_COMMON_NAME = 64;

/** A new ECDSA P-256 key and a request for `names`, the first of which is its common name if that may be so long. */
export async function keyAndRequest(names: readonly string[]): Promise<KeyAndRequest> {
  const key = await generateKey("ES256");
  const [first = ""] = names;
  const commonName = first.length <= LONGEST_COMMON_NAME ? first : undefined;
  return {
    spki: key.spki,
    keyPem: toPem("PRIVATE KEY", await key.pkcs8()),
    csrPem: toPem("CERTIFICATE REQUEST", await makeCsr(key, names, commonName)),
  };
}

/** An agent that the server knows. */
export class CertctlAgent {
  readonly #api: CertctlApi;
  readonly id: string;
  readonly name: string;

  constructor(api: CertctlApi, id: string, name: string) {
    this.#api = api;
    this.id = id;
    this.name = name;
  }

  /** Makes itself known to the server, under a name that no other agent has. */
  static async register(
    api: CertctlApi,
    sender: Sender,
    name: string,
    step?: string,
  ): Promise<CertctlAgent | Failure> {
    const answer = await api.registerAgent(sender, { name, hostname: name }, step);
    return isFailure(answer) ? answer : new CertctlAgent(api, answer.value.id, name);
  }

  /** The same for a run alone: afterwards the agent is retired. */
  static async registerForRun(
    api: CertctlApi,
    { client, timeoutMs, signal, undo }: RunSetup,
    name: string,
  ): Promise<CertctlAgent | Failure> {
    const agent = await CertctlAgent.register(api, unmeasured({ client, timeoutMs, signal }), name);
    if (isFailure(agent)) return agent;
    undo(`agent ${agent.id} (${name})`, async (signal) => {
      const sender = unmeasured({ client, timeoutMs, signal });
      const retired = await agent.retire(sender, "the load test is over");
      return isFailure(retired) ? retired : undefined;
    });
    return agent;
  }

  heartbeat(sender: Sender, step?: string): Promise<Answer<void> | Failure> {
    return this.#api.heartbeat(sender, this.id, this.#facts(), step);
  }

  work(sender: Sender, step?: string): Promise<Answer<readonly WorkItem[]> | Failure> {
    return this.#api.work(sender, this.id, step);
  }

  submitCsr(
    sender: Sender,
    certificateId: string | undefined,
    csrPem: string,
    step?: string,
  ): Promise<Answer<void> | Failure> {
    return this.#api.submitCsr(sender, this.id, certificateId, csrPem, step);
  }

  fetchCertificate(
    sender: Sender,
    certificateId: string,
    step?: string,
  ): Promise<Answer<string> | Failure> {
    return this.#api.fetchCertificate(sender, this.id, certificateId, step);
  }

  report(
    sender: Sender,
    jobId: string,
    status: "Running" | "Completed" | "Failed",
    error?: string,
    step?: string,
  ): Promise<Answer<void> | Failure> {
    return this.#api.reportJob(sender, this.id, jobId, status, error, step);
  }

  retire(sender: Sender, reason: string, step?: string): Promise<Answer<void> | Failure> {
    return this.#api.retireAgent(sender, this.id, reason, step);
  }

  #facts(): AgentFacts {
    return {
      version: `certload ${VERSION}`,
      hostname: this.name,
      os: Deno.build.os,
      architecture: Deno.build.arch,
      ipAddress: "127.0.0.1",
    };
  }
}
