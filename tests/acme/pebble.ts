/** Starts a real Pebble on free loopback ports, with its hostile default of 5 % refused nonces unless told otherwise. */
import { selfSigned } from "../../src/acme/challenge/challenge_certificate.ts";
import { generateKey } from "../../src/keys/keys.ts";
import { subjectAltName } from "../../src/keys/x509.ts";
import { toPem } from "../../src/pem.ts";

export interface Pebble {
  readonly directory: string;
  /** PEM of the certificate to trust for its HTTPS. */
  readonly caCert: string;
  /** Where it looks for challenges. */
  readonly httpPort: number;
  readonly tlsPort: number;
  readonly dnsPort: number;
  stop(): Promise<void>;
}

export interface PebbleOptions {
  readonly env?: Record<string, string>;
  /** Merged into the `pebble` object of its configuration. */
  readonly config?: Record<string, unknown>;
}

/** The binary, or undefined when this machine has none. */
export function findPebble(): string | undefined {
  const env = (name: string): string => Deno.env.get(name) ?? "";
  const folders = [...env("PATH").split(":"), env("GOBIN"), `${env("HOME")}/go/bin`];
  return folders.filter((folder) => folder !== "").map((folder) => `${folder}/pebble`)
    .find(isFile);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

export async function startPebble(binary: string, options: PebbleOptions = {}): Promise<Pebble> {
  const [port, httpPort, tlsPort, dnsPort] = freePorts(4) as [number, number, number, number];
  const folder = await Deno.makeTempDir({ prefix: "certload-pebble-" });
  const key = await generateKey("ES256");
  const names = [subjectAltName(["localhost"])];
  const caCert = toPem("CERTIFICATE", await selfSigned(key, names, Date.now()));
  await Deno.writeTextFile(`${folder}/cert.pem`, caCert);
  await Deno.writeTextFile(`${folder}/key.pem`, toPem("PRIVATE KEY", await key.pkcs8()), {
    mode: 0o600,
  });
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    certificate: `${folder}/cert.pem`,
    privateKey: `${folder}/key.pem`,
    httpPort,
    tlsPort,
    keyAlgorithm: "ecdsa",
    retryAfter: { authz: 1, order: 1 },
    ...options.config,
  };
  await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify({ pebble }));
  const child = new Deno.Command(binary, {
    args: ["-config", `${folder}/config.json`, "-dnsserver", `127.0.0.1:${dnsPort}`],
    env: { PEBBLE_VA_NOSLEEP: "1", ...options.env },
    stdout: "null",
    stderr: "null",
  }).spawn();
  const directory = `https://localhost:${port}/dir`;
  await untilReady(directory, caCert);
  return {
    directory,
    caCert,
    httpPort,
    tlsPort,
    dnsPort,
    stop: async () => {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function untilReady(url: string, caCert: string): Promise<void> {
  const client = Deno.createHttpClient({ caCerts: [caCert] });
  try {
    for (let attempt = 0;; attempt++) {
      try {
        const response = await fetch(url, { client });
        await response.body?.cancel();
        return;
      } catch (error) {
        if (attempt === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  } finally {
    client.close();
  }
}

/** Ports that were free a moment ago. */
export function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map((listener) => listener.addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}
