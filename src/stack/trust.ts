/**
 * The certificates of servers that the tool has started itself. They sign themselves, some of them anew at every start,
 * so they are learnt from the servers: this is safe for addresses on this machine alone.
 */
import { toPem } from "../pem.ts";
import { connect, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import { unmeasuredClient } from "../http/client.ts";

interface LearntTrust {
  /** What is served, issuers included, as one PEM bundle. */
  readonly pem: string;
  /** Servers that the bundle does not help with: they send no whole chain, or are not there. */
  readonly unverified: readonly string[];
}

const TIMEOUT_MS = 10_000;
const MAX_BODY_BYTES = 65_536;

/** Asks every server for its certificates, then every one again with those trusted. Never rejects. */
export async function learnTrust(urls: readonly string[]): Promise<LearntTrust> {
  const chains = await Promise.all(urls.map(servedBy));
  const pem = [...new Set(chains.flatMap((chain) => chain ?? []))].join("");
  const client = unmeasuredClient({
    tls: { insecureSkipVerify: false, caPem: pem },
    maxBodyBytes: MAX_BODY_BYTES,
  });
  const answers = await Promise.all(urls.map((url) => {
    const request = { method: "HEAD", url: new URL(url), headers: {} };
    return client.send(request, { timeoutMs: TIMEOUT_MS, fresh: true });
  }));
  client.close();
  return { pem, unverified: urls.filter((_, at) => answers[at]?.failure !== undefined) };
}

/**
 * What a server sends, the leaf first; undefined where there is none. Only an answer shows that the handshake is over:
 * `secureConnect` may come before (Deno 2.7).
 */
function servedBy(url: string): Promise<string[] | undefined> {
  const { hostname: host, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
    const finish = (chain?: string[]): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(chain);
    };
    const timer = setTimeout(finish, TIMEOUT_MS);
    socket.once("secureConnect", () => socket.write("HEAD / HTTP/1.0\r\n\r\n"));
    socket.once("data", () => finish(chainOf(socket)));
    socket.once("end", () => finish());
    socket.on("error", () => finish());
  });
}

/** PEM of each certificate. */
function chainOf(socket: TLSSocket): string[] {
  const chain: string[] = [];
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate) {
    chain.push(toPem("CERTIFICATE", certificate.raw));
    // A certificate that signed itself names itself as its issuer.
    const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate;
    certificate = issuer === certificate ? undefined : issuer;
  }
  return chain;
}
