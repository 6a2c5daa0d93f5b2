/** Exchanges and certificates for tests: a plain 200 on a reused connection, with what a test changes. */
import type { Exchange, ServerCertificate } from "../../src/http/http.ts";

export function exchangeOf(parts: Partial<Exchange> = {}): Exchange {
  return {
    request: { method: "GET", url: new URL("http://127.0.0.1/"), headers: {} },
    startedUs: 0,
    blockedUs: 0,
    endedUs: 0,
    reused: true,
    status: 200,
    header: () => undefined,
    body: new Uint8Array(),
    bytesReceived: 100,
    bytesSent: 50,
    protocol: "http/1.1",
    ...parts,
  };
}

export function peerOf(name: string): ServerCertificate {
  return {
    tlsVersion: "TLSv1.3",
    cipher: "TLS_AES_256_GCM_SHA384",
    keyType: "ECDSA P-256",
    fingerprintSha256: name.padEnd(64, "0"),
    subject: `CN=${name}`,
    issuer: "CN=test",
    sans: [name],
    notAfter: "2030-01-01T00:00:00.000Z",
    chainLength: 1,
  };
}
