/** A connection with nothing on it: what can be known of a server that is not to be asked for anything yet. */
import type { TlsOptions } from "../plan/plan.ts";
import { INTERRUPTED } from "./exchange.ts";
import { dialer } from "./connect.ts";
import type { Failure } from "./failure.ts";
import type { ServerCertificate } from "./http.ts";
import { type Alpn, type ConnectPhases, originOf } from "./stream.ts";
import type { Protocol } from "../plan/plan.ts";

export interface ReachOptions {
  readonly tls: TlsOptions;
  readonly protocol: Protocol;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Plain data. */
export interface Reached {
  readonly phases: ConnectPhases;
  /** Absent without TLS. */
  readonly certificate?: ServerCertificate;
}

const ALPN: Readonly<Record<Protocol, Alpn>> = {
  "http/1.1": ["http/1.1"],
  h2: ["h2"],
  auto: ["h2", "http/1.1"],
};

/** Name, TCP and TLS to the URL's origin as a scenario's client would; then the connection is closed. Never rejects. */
export function reach(url: URL, options: ReachOptions): Promise<Reached | Failure> {
  const { tls, protocol, timeoutMs, signal } = options;
  if (signal?.aborted) return Promise.resolve(INTERRUPTED);
  return new Promise((resolve) => {
    const interrupt = (): void => dial.cancel(INTERRUPTED);
    const dial = dialer(tls, ALPN[protocol])(originOf(url), { timeoutMs }, (result) => {
      signal?.removeEventListener("abort", interrupt);
      if (!("stream" in result)) return resolve(result);
      result.stream.destroy();
      if (protocol === "h2" && result.protocol !== "h2") return resolve(noHttp2(url));
      const { certificate } = result;
      resolve({ phases: { ...dial.phases }, ...(certificate && { certificate }) });
    });
    signal?.addEventListener("abort", interrupt, { once: true });
  });
}

function noHttp2({ host, protocol }: URL): Failure {
  const why = protocol === "https:" ? "ALPN did not choose h2" : "it is spoken over https only";
  return {
    class: "protocol",
    message: `The server at ${host} cannot be asked over HTTP/2: ${why}`,
  };
}
