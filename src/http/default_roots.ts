/**
 * The roots that Deno trusts by default: Mozilla's or the system's, and what DENO_CERT and NODE_EXTRA_CA_CERTS name. It
 * copies all of them for every TLS connection, needed or not: with a bundle of 140 roots in NODE_EXTRA_CA_CERTS a fifth
 * of what a handshake costs the generator.
 */
import type { TlsOptions } from "../plan/plan.ts";

type Environment = Pick<typeof Deno.env, "set" | "delete">;

/**
 * Empties the default roots where no connection asks for them: verification is off, or the plan brings the CA that alone
 * is trusted. Deno reads the variables at the process's first TLS connection, so later calls change nothing.
 */
export function dropUnusedRoots(tls: TlsOptions, env: Environment = Deno.env): void {
  if (!tls.insecureSkipVerify && tls.caPem === undefined) return;
  env.set("DENO_TLS_CA_STORE", "");
  env.delete("DENO_CERT");
  env.delete("NODE_EXTRA_CA_CERTS");
}
