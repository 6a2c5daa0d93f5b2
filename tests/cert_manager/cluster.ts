/**
 * The cluster in which cert-manager enrols: one that is there (`CERT_MANAGER_AVAILABLE` is set, `KUBECONFIG` says which)
 * or one that kind makes for this alone (`KIND_AVAILABLE` is set) and that is deleted afterwards.
 */
import { join } from "node:path";
import { type CommandOptions, runCommand } from "../../src/command.ts";

/** Environment variables. */
export type Env = (name: string) => string | undefined;

export interface Cluster extends AsyncDisposable {
  /** An address of this host that cert-manager reaches. */
  readonly hostAddress: string;
  /** Gives what it printed; throws, with the end of that, when it fails. */
  kubectl(...args: string[]): Promise<string>;
  /** Until `signal` aborts, or kubectl ends. */
  watch(
    args: readonly string[],
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** What runs a program and gives what it printed. */
type Run = (argv: readonly string[], options?: CommandOptions) => Promise<string>;

const CERT_MANAGER =
  "https://github.com/cert-manager/cert-manager/releases/download/v1.15.0/cert-manager.yaml";
const DEPLOYMENTS = ["", "-cainjector", "-webhook"].map((part) => `deployment/cert-manager${part}`);

/** Why there is none, or undefined: an operator's cluster is not taken without being asked for. */
export function whyNoCluster(env: Env, missing: (program: string) => boolean): string | undefined {
  const programs = env("CERT_MANAGER_AVAILABLE")
    ? ["kubectl"]
    : env("KIND_AVAILABLE")
    ? ["kubectl", "kind", "docker"]
    : undefined;
  if (programs === undefined) {
    return "neither CERT_MANAGER_AVAILABLE, for the cluster of KUBECONFIG, nor KIND_AVAILABLE is set";
  }
  const absent = programs.find(missing);
  return absent === undefined ? undefined : `${absent} is not installed`;
}

/** @throws {Error} that says what went wrong; nothing is left behind. */
export async function openCluster(env: Env, onLine: (line: string) => void): Promise<Cluster> {
  const run: Run = async (argv, options) => {
    onLine(argv.join(" "));
    const { code, stdout, tail } = await runCommand(argv, options);
    if (code === 0) return stdout;
    throw new Error(`"${argv.join(" ")}" failed with code ${code}:\n${tail.join("\n")}`);
  };
  return env("CERT_MANAGER_AVAILABLE")
    ? await presentCluster(env, run)
    : await kindCluster(env, run);
}

async function presentCluster(env: Env, run: Run): Promise<Cluster> {
  await run(["kubectl", "get", "crd", "certificates.cert-manager.io"]);
  return {
    hostAddress: env("CERT_MANAGER_HOST_ADDRESS") || "127.0.0.1",
    ...kubectlOf(run, {}),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The operator's own clusters and current context stay untouched. */
async function kindCluster(env: Env, run: Run): Promise<Cluster> {
  const folder = await Deno.makeTempDir({ prefix: "certload-" });
  const name = `certload-${crypto.randomUUID().slice(0, 8)}`;
  const environment = { KUBECONFIG: join(folder, "kubeconfig") };
  const dispose = async (): Promise<void> => {
    await run(["kind", "delete", "cluster", "--name", name], { environment });
    await Deno.remove(folder, { recursive: true });
  };
  try {
    await run(["kind", "create", "cluster", "--name", name, "--wait", "5m"], { environment });
    const { kubectl, watch } = kubectlOf(run, environment);
    await kubectl("apply", "--filename", env("CERT_MANAGER_MANIFEST") || CERT_MANAGER);
    const available = ["--for=condition=Available", "--timeout=5m"];
    await kubectl("wait", "--namespace", "cert-manager", ...available, ...DEPLOYMENTS);
    return { hostAddress: await gateway(run), kubectl, watch, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Where kind's nodes find this host: IPv4, which the lab's addresses are. */
async function gateway(run: Run): Promise<string> {
  const format = "{{range .IPAM.Config}}{{.Gateway}} {{end}}";
  const gateways = await run(["docker", "network", "inspect", "kind", "--format", format]);
  const address = gateways.split(/\s+/).find((each) => /^\d+(\.\d+){3}$/.test(each));
  if (address === undefined) throw new Error(`kind's network has no IPv4 gateway: ${gateways}`);
  return address;
}

function kubectlOf(
  run: Run,
  environment: Readonly<Record<string, string>>,
): Pick<Cluster, "kubectl" | "watch"> {
  return {
    kubectl: (...args) => run(["kubectl", ...args], { environment }),
    async watch(args, onLine, signal): Promise<void> {
      await runCommand(["kubectl", ...args], { environment, onLine, signal });
    },
  };
}
