/**
 * The certificates of servers that the tool has started itself. They sign themselves, some of them anew at every start,
 * so they are learnt from the servers: this is safe for addresses on this machine alone.
 */
import { connect } from "node:tls";

const TIMEOUT_MS = 10_000;

/** The leaf certificates served at `urls` as one PEM bundle; a server that cannot be asked is left out. */
export async function servedCertificates(urls: readonly string[]): Promise<string> {
  const served = await Promise.all(urls.map((url) => servedCertificate(new URL(url))));
  return [...new Set(served.filter((pem) => pem !== undefined))].join("");
}

function servedCertificate(url: URL): Promise<string | undefined> {
  return new Promise((resolve) => {
    const port = Number(url.port || 443);
    const socket = connect({ host: url.hostname, port, rejectUnauthorized: false });
    const finish = (pem?: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(pem);
    };
    const timer = setTimeout(finish, TIMEOUT_MS);
    socket.once("secureConnect", () => finish(toPem(socket.getPeerCertificate().raw)));
    socket.once("error", () => finish());
  });
}

function toPem(der: Uint8Array): string {
  const base64 = der.toBase64().replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}
