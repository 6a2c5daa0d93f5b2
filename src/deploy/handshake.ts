/** A fresh TLS handshake with a target, and nothing else: which certificate is served, and when that was asked. */
import type { Clock } from "../clock.ts";
import { dialer } from "../http/connect.ts";
import { originOf, type SocketAddress } from "../http/stream.ts";
import type { Handshake } from "./timeline.ts";

/** Makes one handshake; its failure is data. */
export type Shake = () => Promise<Handshake>;

export interface ShakeOptions {
  /** Its host name is sent as SNI. */
  readonly url: string;
  readonly address: SocketAddress;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/**
 * Nothing is verified but the server's signature (RFC 8446 section 4.4.3): which certificate is right, fingerprints say. So
 * where verification fails, whatever the reason that the runtime gives, the key is not that of the certificate shown. Deno
 * 2.7 does not look.
 */
export function shaker({ url, address, clock, timeoutMs }: ShakeOptions): Shake {
  const dial = dialer({ insecureSkipVerify: true }, ["http/1.1"], address);
  const origin = originOf(new URL(url));
  return () =>
    new Promise((resolve) => {
      const sentUs = clock.nowUs();
      dial(origin, { timeoutMs }, (result) => {
        const doneUs = clock.nowUs();
        if (!("stream" in result)) {
          const mismatched = result.class === "tls_verify";
          resolve({ sentUs, doneUs, fingerprint: undefined, ...(mismatched && { mismatched }) });
          return;
        }
        result.stream.destroy();
        resolve({ sentUs, doneUs, fingerprint: result.certificate?.fingerprintSha256 });
      });
    });
}
