/**
 * cert-manager enrols from certctl, in a cluster that exists for this alone: kind, cert-manager, certctl by its chart, a
 * ClusterIssuer, a Certificate, and a look at what came of it.
 */
import { join } from "node:path";
import { runCommand } from "../../src/command.ts";
import { checkTlsSecret } from "./secret.ts";

export interface EnrolmentOptions {
  /** Name of the cluster. */
  readonly cluster: string;
  /** certctl's Helm chart, a folder. */
  readonly chart: string;
  /** `repository:tag` of the server. */
  readonly image: string;
  /** The image is on this machine alone, and is loaded into the cluster. */
  readonly loadImage: boolean;
  /** Manifest of cert-manager: a URL, or a file where there is no network. */
  readonly certManager: string;
  readonly progress: (line: string) => void;
}

export const CERT_MANAGER_VERSION = "v1.15.0";

/** The settings of the environment, with their defaults. */
export function enrolmentOptions(
  env: (name: string) => string | undefined,
  progress: (line: string) => void,
): EnrolmentOptions {
  const version = env("CERT_MANAGER_VERSION") || CERT_MANAGER_VERSION;
  const image = env("CERTCTL_IMAGE");
  return {
    cluster: `certload-${crypto.randomUUID().slice(0, 8)}`,
    chart: env("CERTCTL_CHART") ||
      join(env("CERTCTL_SOURCE") || "../certctl", "deploy/helm/certctl"),
    image: image || "certctl-server:latest",
    loadImage: Boolean(image),
    certManager: env("CERT_MANAGER_MANIFEST") ||
      `https://github.com/cert-manager/cert-manager/releases/download/${version}/cert-manager.yaml`,
    progress,
  };
}

const SERVER = "certctl-test-server.default.svc.cluster.local";
const NAMES = ["test.example.com", "www.test.example.com"];
const HERE = import.meta.dirname!;
const FIXTURES = join(HERE, "../../compose/fixtures");

/** Goes through the whole of it, and deletes the cluster whatever happens. Throws an Error that says what went wrong. */
export async function enrol(options: EnrolmentOptions): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "certload-" });
  const run = runner(options, folder);
  try {
    await run(
      "kind",
      "create",
      "cluster",
      "--name",
      options.cluster,
      "--config",
      here("kind.yaml"),
      "--wait",
      "5m",
    );
    if (options.loadImage) {
      await run("kind", "load", "docker-image", options.image, "--name", options.cluster);
    }
    await installCertManager(run, options);
    await installCertctl(run, options, folder);
    await issue(run, folder);
    const secret = await run("kubectl", "get", "secret", "test-com-tls", "--output", "json");
    const problems = await checkTlsSecret(secret, NAMES);
    if (problems.length > 0) throw new Error(`Bad Secret test-com-tls: ${problems.join("; ")}`);
  } finally {
    await run("kind", "delete", "cluster", "--name", options.cluster);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a program on this cluster alone; returns its output, throws when it fails. */
type Run = (program: string, ...args: string[]) => Promise<string>;

function runner(options: EnrolmentOptions, folder: string): Run {
  // The operator's own clusters and current context stay untouched.
  const environment = { KUBECONFIG: join(folder, "kubeconfig") };
  return async (program, ...args) => {
    options.progress([program, ...args].join(" "));
    const { code, stdout, tail } = await runCommand([program, ...args], { environment });
    if (code === 0) return stdout;
    throw new Error(`"${program} ${args.join(" ")}" failed with code ${code}:\n${tail.join("\n")}`);
  };
}

function here(file: string): string {
  return join(HERE, file);
}

async function installCertManager(run: Run, options: EnrolmentOptions): Promise<void> {
  await run("kubectl", "apply", "--filename", options.certManager);
  const deployments = ["", "-cainjector", "-webhook"].map((part) =>
    `deployment/cert-manager${part}`
  );
  await run(
    "kubectl",
    "wait",
    "--namespace",
    "cert-manager",
    "--for=condition=Available",
    "--timeout=5m",
    ...deployments,
  );
}

async function installCertctl(run: Run, options: EnrolmentOptions, folder: string): Promise<void> {
  const bootstrap = join(FIXTURES, "tls_bootstrap.sh");
  await run(
    "sh",
    bootstrap,
    folder,
    "server",
    "certctl-server",
    `DNS:${SERVER},DNS:certctl-test-server`,
  );
  const [crt, key] = ["crt", "key"].map((part) => join(folder, `server.${part}`));
  await run(
    "kubectl",
    "create",
    "secret",
    "tls",
    "certctl-test-tls",
    `--cert=${crt}`,
    `--key=${key}`,
  );
  const seed = `--from-file=seed_demo.sql=${join(FIXTURES, "seed_demo.sql")}`;
  await run("kubectl", "create", "configmap", "certctl-test-seed", seed);
  await run("kubectl", "apply", "--filename", here("postgres.yaml"));
  await run(
    "kubectl",
    "wait",
    "--for=condition=Available",
    "--timeout=3m",
    "deployment/certctl-test-postgres",
  );
  const colon = options.image.lastIndexOf(":");
  const image = [
    `server.image.repository=${options.image.slice(0, colon)}`,
    `server.image.tag=${options.image.slice(colon + 1)}`,
  ];
  const values = ["--values", here("values.yaml"), "--set", image.join()];
  await run("helm", "install", "certctl-test", options.chart, ...values);
  await run(
    "kubectl",
    "wait",
    "--for=condition=Available",
    "--timeout=3m",
    "deployment/certctl-test-server",
  );
}

async function issue(run: Run, folder: string): Promise<void> {
  const ca = btoa(await Deno.readTextFile(join(folder, "server.crt")));
  const issuer = join(folder, "issuer.yaml");
  const template = await Deno.readTextFile(here("issuer.yaml"));
  await Deno.writeTextFile(issuer, template.replace(/(caBundle: )CA_BUNDLE/, `$1${ca}`));
  await run("kubectl", "apply", "--filename", issuer);
  await waitReady(run, "clusterissuer/certctl-test-trust", "2m");
  await run("kubectl", "apply", "--filename", here("certificate.yaml"));
  await waitReady(run, "certificate/test-com", "3m");
}

/** Waits; on failure the error holds what the cluster says about the resource and its orders. */
async function waitReady(run: Run, resource: string, timeout: string): Promise<void> {
  try {
    await run("kubectl", "wait", "--for=condition=Ready", `--timeout=${timeout}`, resource);
  } catch (error) {
    const described = await run("kubectl", "describe", resource).catch(String);
    const orders = await run("kubectl", "describe", "orders,challenges").catch(String);
    throw new Error(`${resource} is not Ready\n${described}\n${orders}`, { cause: error });
  }
}
