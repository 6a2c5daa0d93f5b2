/** A Kubernetes TLS Secret: whoever serves it (an ingress, a gateway) watches it. Written, then read back. */
import { type Failure, isFailure } from "../http/failure.ts";
import { unmeasuredClient } from "../http/client.ts";
import { type Sender, unmeasured } from "../http/step.ts";
import { clusterAccess } from "../kubernetes/find_access.ts";
import { Secrets, type TlsSecret } from "../kubernetes/secrets.ts";
import { type Bundle, fullChainOf } from "./bundle.ts";
import { type Installer, type InstallerContext, notInstalled, type Restore } from "./installer.ts";
import type { KubernetesOptions } from "./options.ts";

const MAX_BODY_BYTES = 4 << 20;

export class KubernetesInstaller implements Installer {
  readonly #options: KubernetesOptions;
  readonly #label: string;
  readonly #context: InstallerContext;

  constructor(options: KubernetesOptions, label: string, context: InstallerContext) {
    this.#options = options;
    this.#label = label;
    this.#context = context;
  }

  async install(bundle: Bundle, signal: AbortSignal): Promise<Failure | undefined> {
    return await this.#with(signal, async (secrets, sender) => {
      const { secret: name } = this.#options;
      const certificatePem = fullChainOf(bundle);
      const written = await secrets.apply(sender, "apply", {
        name,
        certificatePem,
        keyPem: bundle.keyPem,
      });
      if (isFailure(written)) return written;
      const read = await secrets.read(sender, "read", name);
      if (isFailure(read)) return read;
      return read.stored.certificatePem === certificatePem
        ? undefined
        : { class: "unexpected_body", message: "the Secret that is read back has another one" };
    });
  }

  async former(signal: AbortSignal): Promise<Restore | Failure | undefined> {
    const { secret: name, namespace = "the context's namespace" } = this.#options;
    let before: TlsSecret | undefined;
    const failure = await this.#with(signal, async (secrets, sender) => {
      const pair = await secrets.pair(sender, "read", name);
      if (isFailure(pair)) return pair;
      before = pair;
    });
    if (failure !== undefined) return failure;
    return {
      what: `Secret ${name} of ${this.#label} in ${namespace}`,
      restore: (undoing) =>
        this.#with(undoing, async (secrets, sender) => {
          if (before === undefined) return await secrets.remove(sender, "delete", name);
          const written = await secrets.apply(sender, "apply", before);
          return isFailure(written) ? written : undefined;
        }),
    };
  }

  /** On connections of its own: a cluster has an authority of its own. */
  async #with(
    signal: AbortSignal,
    act: (secrets: Secrets, sender: Sender) => Promise<Failure | undefined>,
  ): Promise<Failure | undefined> {
    const { kubeconfig } = this.#options;
    const { clock, timeoutMs } = this.#context;
    const access = clusterAccess(kubeconfig);
    if (!("server" in access)) return notInstalled(this.#label, access.refused);
    const { namespace = access.namespace } = this.#options;
    const client = unmeasuredClient({ tls: access.tls, maxBodyBytes: MAX_BODY_BYTES });
    try {
      const secrets = new Secrets(access, namespace, clock);
      const failure = await act(secrets, unmeasured({ client, timeoutMs, signal }));
      if (failure === undefined || failure.class === "interrupted") return failure;
      return notInstalled(this.#label, failure.message);
    } finally {
      client.close();
    }
  }
}
