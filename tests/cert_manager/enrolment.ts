/**
 * cert-manager enrols from the lab's profile that trusts accounts: a ClusterIssuer, Certificates, and a look at what came
 * of them. All that it makes has a name of its own, and is deleted.
 */
import { join } from "node:path";
import { programCommand } from "../end_to_end/program.ts";
import type { Cluster } from "./cluster.ts";
import { checkTlsSecret } from "./secret.ts";

/** A certificate that is asked for: its name in the cluster, and the names in it, the first of which is its subject. */
export interface Wanted {
  readonly name: string;
  readonly dnsNames: readonly string[];
}

export interface Enrolled {
  /** From `kubectl apply` on until each was seen to be Ready, in that order. */
  readonly readyMs: readonly number[];
  /** What is wrong with a Secret, after its name. */
  readonly problems: readonly string[];
}

/** The limit of one wait: cert-manager asks its cluster no more than 20 times a second, some 25 times for each. */
const PATIENCE_MS = 600_000;

/** An issuer in a cluster, and what enrols from it. */
export class Enrolment implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #lab: RunningLab;
  /** Of the namespace and of the issuer. */
  readonly #name = `certload-${crypto.randomUUID().slice(0, 8)}`;

  private constructor(cluster: Cluster, lab: RunningLab) {
    this.#cluster = cluster;
    this.#lab = lab;
  }

  /** @throws {Error} when the issuer does not become Ready, with what the cluster says of it. */
  static async start(cluster: Cluster): Promise<Enrolment> {
    const enrolment = new Enrolment(cluster, await startLab(cluster.hostAddress));
    try {
      await enrolment.#issuer();
      return enrolment;
    } catch (error) {
      await enrolment[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #issuer(): Promise<void> {
    await this.#cluster.kubectl("create", "namespace", this.#name);
    await this.#apply([{
      apiVersion: "cert-manager.io/v1",
      kind: "ClusterIssuer",
      metadata: { name: this.#name },
      spec: {
        acme: {
          email: "test@example.com",
          server: this.#lab.directory,
          caBundle: btoa(this.#lab.caPem),
          privateKeySecretRef: { name: `${this.#name}-account` },
          // The profile trusts its accounts, so nothing is ever solved; cert-manager wants one named all the same.
          solvers: [{ http01: { ingress: { ingressClassName: "none" } } }],
        },
      },
    }]);
    const issuer = `clusterissuer/${this.#name}`;
    try {
      await this.#cluster.kubectl("wait", "--for=condition=Ready", "--timeout=2m", issuer);
    } catch (error) {
      const described = await this.#cluster.kubectl("describe", issuer).catch(String);
      throw new Error(`${issuer} is not Ready\n${described}`, { cause: error });
    }
  }

  /** Asks for all at once. @throws {Error} when not all become Ready, with what the cluster says of their orders. */
  async enrol(wanted: readonly Wanted[]): Promise<Enrolled> {
    const readyMs = new Map<string, number>();
    const enough = new AbortController();
    const ofThis = ["--namespace", this.#name];
    const ready = `{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}`;
    const watched = ["get", "certificates", ...ofThis, "--watch", `--output=jsonpath=${ready}`];
    let startedMs = 0;
    const watching = this.#cluster.watch(watched, (line) => {
      const [name = "", status] = line.split(" ");
      if (status !== "True" || readyMs.has(name)) return;
      if (wanted.some((each) => each.name === name)) {
        readyMs.set(name, performance.now() - startedMs);
      }
      if (readyMs.size === wanted.length) enough.abort();
    }, enough.signal);
    const patience = setTimeout(() => enough.abort(), PATIENCE_MS);
    startedMs = performance.now();
    try {
      await this.#apply(wanted.map((each) => this.#certificate(each)));
      await watching;
    } finally {
      clearTimeout(patience);
      enough.abort();
    }
    if (readyMs.size < wanted.length) throw new Error(await this.#whyNotReady(wanted, readyMs));
    return { readyMs: [...readyMs.values()], problems: await this.#faults(wanted) };
  }

  #certificate({ name, dnsNames }: Wanted): unknown {
    return {
      apiVersion: "cert-manager.io/v1",
      kind: "Certificate",
      metadata: { name, namespace: this.#name },
      spec: {
        secretName: `${name}-tls`,
        commonName: dnsNames[0],
        dnsNames,
        privateKey: { algorithm: "ECDSA", size: 256 },
        issuerRef: { name: this.#name, kind: "ClusterIssuer" },
        duration: "720h",
        renewBefore: "240h",
      },
    };
  }

  async #apply(items: readonly unknown[]): Promise<void> {
    const file = join(this.#lab.folder, "apply.json");
    await Deno.writeTextFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    await this.#cluster.kubectl("apply", "--filename", file);
  }

  async #whyNotReady(
    wanted: readonly Wanted[],
    ready: ReadonlyMap<string, number>,
  ): Promise<string> {
    const missing = wanted.filter(({ name }) => !ready.has(name)).map(({ name }) => name);
    const kinds = "certificates,certificaterequests,orders,challenges";
    const described = await this.#cluster.kubectl("describe", kinds, "--namespace", this.#name)
      .catch(String);
    return `${missing.length} of ${wanted.length} are not Ready: ${
      missing.slice(0, 5).join(", ")
    }\n` +
      described.slice(-4_000);
  }

  async #faults(wanted: readonly Wanted[]): Promise<string[]> {
    const faults = wanted.map(async ({ name, dnsNames }) => {
      const secret = `${name}-tls`;
      const json = await this.#cluster
        .kubectl("get", "secret", secret, "--namespace", this.#name, "--output", "json");
      return (await checkTlsSecret(json, dnsNames)).map((fault) => `${secret}: ${fault}`);
    });
    return (await Promise.all(faults)).flat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { kubectl } = this.#cluster;
    const gone = ["--ignore-not-found", "--timeout=2m"];
    await kubectl("delete", "namespace", this.#name, ...gone);
    await kubectl("delete", "clusterissuer", this.#name, ...gone);
    // cert-manager keeps accounts of cluster issuers in a namespace of its own, commonly this.
    await kubectl(
      "delete",
      "secret",
      `${this.#name}-account`,
      "--namespace",
      "cert-manager",
      ...gone,
    );
    await this.#lab.close();
  }
}

interface RunningLab {
  readonly directory: string;
  readonly caPem: string;
  readonly folder: string;
  close(): Promise<void>;
}

/** Limits by account are off: a cluster has one account. */
async function startLab(hostname: string): Promise<RunningLab> {
  const folder = await Deno.makeTempDir({ prefix: "certload-" });
  const caFile = join(folder, "ca.pem");
  const acme = JSON.stringify({ concurrentOrders: 0, ordersPerHour: 0 });
  const [program, ...before] = programCommand();
  const child = new Deno.Command(program, {
    args: [...before, "lab", "--json", "--hostname", hostname, "--ca-file", caFile, "--acme", acme],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`The lab has ended: ${said}`);
    said += value;
  }
  return {
    directory: JSON.parse(said).environment.CERTCTL_ACME_DIRECTORY,
    caPem: await Deno.readTextFile(caFile),
    folder,
    async close(): Promise<void> {
      await child.stdin.close();
      await reader.cancel();
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
