/**
 * `kubernetes_secret`: one arrival writes a TLS Secret (server-side apply), reads it back, and waits until a watcher has
 * it, as an ingress controller would. The Secrets are made before the clock and deleted after it; each arrival writes a
 * certificate that was not there before.
 */
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import { unmeasured } from "../http/step.ts";
import { lines } from "../http/undici/lines.ts";
import type { ClusterAccess } from "../kubernetes/access.ts";
import { clusterAccess } from "../kubernetes/find_access.ts";
import { NAMESPACE, NAMESPACE_WANTED } from "../kubernetes/names.ts";
import { MANAGED_LABEL, Secrets, type StoredSecret } from "../kubernetes/secrets.ts";
import { SecretWatch } from "../kubernetes/watch.ts";
import { hide } from "../masking/mask.ts";
import type { FlowMeasures } from "../measures.ts";
import { toPem } from "../pem.ts";
import { durationAboveZero } from "../plan/units.ts";
import * as x509 from "../x509.ts";
import type { Flow, FlowContext, FlowDefinition, Iteration, SetupContext } from "./flow.ts";

const options = z.strictObject({
  kubeconfig: z.string().default("").describe(
    "Whose current context says which API server and as whom (${KUBECONFIG}); empty: the pod's own account",
  ),
  namespace: z.string().regex(NAMESPACE, NAMESPACE_WANTED).optional()
    .describe("Where the Secrets are made; the context's if left out"),
  count: z.int().min(1).max(1000).default(10).describe(
    "Secrets that the arrivals write in turn; made before the clock, deleted afterwards",
  ),
  domain: z.string().default("loadtest.example.com").describe("Suffix of the certificates' names"),
  watch: z.boolean().default(true).describe("Whether each write is waited for by a watch too"),
  watch_timeout: durationAboveZero().prefault("10s").describe(
    "How long; a watcher that has not heard by then is a failure",
  ),
  target_type: z.literal("kubernetes").default("kubernetes").describe(
    "Name in the summary's connector tier",
  ),
});

type Options = z.output<typeof options>;

const measures = {
  durations: {
    watch_lag: "a write sent to a watcher having it",
  },
  counters: {
    overtaken: "reads that found a later arrival's write",
    watch_reconnects: "watches that the server ended, and that went on",
    watch_gaps: "times that the server had forgotten where a watch was",
  },
} as const satisfies FlowMeasures;

export const kubernetesSecret: FlowDefinition<Options> = {
  name: "kubernetes_secret",
  summary: "A TLS Secret written by server-side apply, read back, and seen by a watch",
  tier: "connector",
  options,
  // Of Secrets of its own; the same write twice is one (RFC 9110 section 9.2.2 of PUT).
  changes: () => "idempotent",
  serverUrl: ({ kubeconfig }) => accessOf(kubeconfig)?.server,
  tls: ({ kubeconfig }) => accessOf(kubeconfig)?.tls,
  makes: ({ count, namespace }) =>
    `${count} Secrets in ${
      namespace === undefined ? "the context's namespace" : `namespace ${namespace}`
    }`,
  measures,
  steps: () => ["apply", "read"],
  setup,
  create: (context) => new KubernetesSecret(context),
};

/** undefined where there is none: the set-up says why. */
function accessOf(kubeconfig: string): ClusterAccess | undefined {
  const access = clusterAccess(kubeconfig);
  return "server" in access ? access : undefined;
}

interface Made {
  /** Names of the Secrets. */
  readonly names: readonly string[];
}

async function setup(
  context: SetupContext<Options>,
): Promise<{ readonly made: Made } | Failure> {
  const { options, client, clock, timeoutMs, runId, scenario, progress, undo } = context;
  const access = clusterAccess(options.kubeconfig);
  if ("refused" in access) return { class: "client", message: access.refused };
  const namespace = options.namespace ?? access.namespace;
  const secrets = new Secrets(access, namespace, clock);
  const sender = unmeasured(context);
  const pair = await newPair(options.domain);
  const names = Array.from({ length: options.count }, (_, n) => secretName(runId, scenario, n));
  for (const [n, name] of names.entries()) {
    const made = await secrets.apply(sender, "apply", { name, ...pair });
    if (isFailure(made)) {
      return { ...made, message: `Writing Secret ${namespace}/${name}: ${made.message}` };
    }
    undo(
      `Secret ${namespace}/${name}`,
      (signal) => secrets.remove(unmeasured({ client, timeoutMs, signal }), "delete", name),
    );
    progress(n + 1, names.length, "Secrets");
  }
  return { made: { names } };
}

/** A DNS name, as Secrets are named: the run's id and the scenario's name may hold more than that allows. */
export function secretName(runId: string, scenario: string, n: number): string {
  const name = `certload-${runId}-${scenario}`.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-");
  return `${name.replaceAll(/^-+|-+$/g, "")}-${n}`;
}

/** Certificates of a worker: each write differs from the one before it. */
const PAIRS = 16;

interface Pair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

class KubernetesSecret implements Flow {
  readonly #options: Options;
  readonly #clock: Clock;
  readonly #secrets: Secrets;
  readonly #names: readonly string[];
  readonly #watch: SecretWatch;
  readonly #pairs: Pair[] = [];
  #next = 0;
  #told = { reconnects: 0, gaps: 0 };

  constructor(context: FlowContext<Options>) {
    const { options, clock, made } = context;
    const access = clusterAccess(options.kubeconfig);
    if ("refused" in access) throw new Error(access.refused);
    this.#options = options;
    this.#clock = clock;
    this.#names = (made as Made).names;
    this.#secrets = new Secrets(access, options.namespace ?? access.namespace, clock);
    this.#watch = new SecretWatch({
      secrets: this.#secrets,
      selector: `${MANAGED_LABEL}=certload`,
      sender: unmeasured(context),
      clock,
      lines: (request, given, opened) => lines(request, { tls: access.tls, ...given }, opened),
    });
  }

  async prepare(iterations: number): Promise<Failure | undefined> {
    const wanted = Math.max(2, Math.min(PAIRS, iterations));
    while (this.#pairs.length < wanted) this.#pairs.push(await newPair(this.#options.domain));
    if (!this.#options.watch) return undefined;
    const failure = await this.#watch.open();
    return failure && { ...failure, message: `Watching the Secrets: ${failure.message}` };
  }

  async run(iteration: Iteration): Promise<Failure | undefined> {
    const name = this.#names[iteration.index % this.#names.length]!;
    const pair = this.#pairs[this.#next++ % this.#pairs.length]!;
    const applied = await this.#secrets.apply(iteration, "apply", { name, ...pair });
    if (isFailure(applied)) return applied;
    const { stored: written, exchange } = applied;
    const read = await this.#secrets.read(iteration, "read", name);
    if (isFailure(read)) return read;
    const different = this.#compare(iteration, pair, written, read.stored);
    if (different !== undefined || !this.#options.watch) return different;
    return await this.#await(iteration, written, exchange.startedUs);
  }

  async close(): Promise<void> {
    await this.#watch.close();
  }

  /** Another arrival may have written the same Secret in between: then the version is another one too. */
  #compare(
    iteration: Iteration,
    pair: Pair,
    written: StoredSecret,
    read: StoredSecret,
  ): Failure | undefined {
    if (read.resourceVersion !== written.resourceVersion) {
      iteration.count("overtaken");
      return undefined;
    }
    if (read.type === "kubernetes.io/tls" && read.certificatePem === pair.certificatePem) return;
    const what = read.type === "kubernetes.io/tls"
      ? "another certificate than was written"
      : `the type ${read.type || "none"}`;
    const message = `Secret ${read.name} has ${what}, in the very version that the write made`;
    return { class: "wrong_certificate", message };
  }

  async #await(
    iteration: Iteration,
    { name, resourceVersion }: StoredSecret,
    sentUs: number,
  ): Promise<Failure | undefined> {
    const { watch_timeout: timeoutMs } = this.#options;
    const deadlineUs = this.#clock.nowUs() + timeoutMs * 1000;
    const cameUs = await this.#watch.cameUs(name, resourceVersion, deadlineUs);
    this.#tellWatch(iteration);
    if (cameUs !== undefined) {
      iteration.observe("watch_lag", Math.max(0, cameUs - sentUs));
      return undefined;
    }
    if (iteration.signal.aborted) return { class: "interrupted", message: "Interrupted" };
    const why = this.#watch.failure === undefined ? "" : `: ${this.#watch.failure.message}`;
    return {
      class: "timeout",
      message: `No watch told of Secret ${name}'s new version within ${timeoutMs / 1000} s ` +
        `(watch_timeout)${why}`,
    };
  }

  #tellWatch(iteration: Iteration): void {
    const { reconnects, gaps } = this.#watch;
    iteration.count("watch_reconnects", reconnects - this.#told.reconnects);
    iteration.count("watch_gaps", gaps - this.#told.gaps);
    this.#told = { reconnects, gaps };
  }
}

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

/** A self-signed certificate and its key: what is in a Secret is nothing to the API server. */
async function newPair(domain: string): Promise<Pair> {
  const keys = await crypto.subtle.generateKey(EC, true, ["sign", "verify"]) as CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: crypto.getRandomValues(new Uint8Array(16)).toHex(),
    name: `CN=${domain}`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 90 * DAY_MS),
    keys,
    signingAlgorithm: EC,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: domain }])],
  });
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const keyPem = toPem("PRIVATE KEY", pkcs8);
  hide([keyPem]);
  return { certificatePem: toPem("CERTIFICATE", new Uint8Array(certificate.rawData)), keyPem };
}
