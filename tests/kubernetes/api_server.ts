/** A real API server with its etcd, on loopback, where both are installed. */
import { join } from "node:path";
import { issue, type Issued } from "../http/certificates.ts";
import { findProgram } from "../programs.ts";

export interface ApiServer extends AsyncDisposable {
  readonly origin: string;
  /** Of an administrator, known by a client certificate or by a token. */
  kubeconfig(by: "certificate" | "token" | "nobody"): string;
}

/** Takes some five seconds. */
export async function startApiServer(): Promise<ApiServer> {
  const folder = await Deno.makeTempDir({ prefix: "certload-kubernetes-" });
  const authority = await issue({ ca: true, names: ["kubernetes-ca"] });
  const server = await issue({ issuer: authority });
  const admin = await issue({
    issuer: authority,
    names: ["admin"],
    organization: "system:masters",
  });
  const account = await issue();
  const files = {
    "ca.crt": authority.certPem,
    "server.crt": server.certPem,
    "server.key": server.keyPem,
    "account.key": account.keyPem,
    "account.crt": account.certPem,
    "tokens.csv": 'admin-token-of-the-test,admin,1,"system:masters"\nnobody-token,nobody,2\n',
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(folder, name), text);
  }
  const at = (name: string): string => join(folder, name);
  const [etcdPort, peerPort, port] = [freePort(), freePort(), freePort()];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`, peerUrl = `http://127.0.0.1:${peerPort}`;
  const etcd = start("etcd", [
    ...["--data-dir", at("etcd"), "--unsafe-no-fsync", "--log-level", "error"],
    ...["--listen-client-urls", etcdUrl, "--advertise-client-urls", etcdUrl],
    ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
    ...["--initial-cluster", `default=${peerUrl}`],
  ], at("etcd.log"));
  const api = start("kube-apiserver", [
    ...["--etcd-servers", etcdUrl, "--bind-address", "127.0.0.1", "--secure-port", String(port)],
    ...["--advertise-address", "127.0.0.1", "--endpoint-reconciler-type", "none"],
    ...["--service-cluster-ip-range", "127.96.0.0/24", "--authorization-mode", "RBAC"],
    ...["--tls-cert-file", at("server.crt"), "--tls-private-key-file", at("server.key")],
    ...["--client-ca-file", at("ca.crt"), "--token-auth-file", at("tokens.csv")],
    ...["--service-account-issuer", "https://kubernetes.default.svc"],
    ...["--service-account-key-file", at("account.crt")],
    ...["--service-account-signing-key-file", at("account.key")],
    ...["--disable-admission-plugins", "ServiceAccount", "--cert-dir", at("generated")],
  ], at("api.log"));
  const origin = `https://127.0.0.1:${port}`;
  const close = async (): Promise<void> => {
    for (const each of [api, etcd]) {
      each.kill("SIGKILL");
      await each.status;
    }
    await Deno.remove(folder, { recursive: true });
  };
  try {
    await ready(`${origin}/api/v1/namespaces/default`, authority.certPem);
  } catch (error) {
    const log = await Deno.readTextFile(at("api.log")).catch(() => "");
    await close();
    throw new Error(`${error}\n${log.slice(-2000)}`);
  }
  return {
    origin,
    kubeconfig: (by) => kubeconfigOf(origin, authority, USERS[by](admin)),
    [Symbol.asyncDispose]: close,
  };
}

const base64 = (text: string): string => new TextEncoder().encode(text).toBase64();

const USERS = {
  certificate: ({ certPem, keyPem }: Issued) => ({
    "client-certificate-data": base64(certPem),
    "client-key-data": base64(keyPem),
  }),
  token: () => ({ token: "admin-token-of-the-test" }),
  nobody: () => ({ token: "nobody-token" }),
};

function kubeconfigOf(server: string, authority: Issued, user: Record<string, string>): string {
  return JSON.stringify({
    clusters: [{
      name: "c",
      cluster: { server, "certificate-authority-data": base64(authority.certPem) },
    }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  });
}

function start(program: string, args: readonly string[], log: string): Deno.ChildProcess {
  // Its words go to a file, so that they end nowhere that nobody reads.
  return new Deno.Command("sh", {
    args: ["-c", `exec "$0" "$@" >"$LOG" 2>&1`, findProgram(program)!, ...args],
    env: { LOG: log },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

async function ready(url: string, caCert: string): Promise<void> {
  using client = Deno.createHttpClient({ caCerts: [caCert] });
  const headers = { authorization: "Bearer admin-token-of-the-test" };
  let last = "";
  for (let attempt = 0; attempt < 480; attempt++) {
    try {
      const answer = await fetch(url, { client, headers });
      last = `${answer.status}: ${await answer.text()}`;
      if (answer.status === 200) return;
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`The API server is not ready after 120 s: ${last}`);
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
