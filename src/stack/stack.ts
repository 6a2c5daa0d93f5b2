/**
 * A stack is a set of servers that the tool starts for a run and ends with it. What it hands over is an environment:
 * the variables of the old harness (CERTCTL_BASE, NGINX_TARGET_URL, ...), set before the plan is interpolated, so a plan
 * needs to know nothing of stacks.
 */
import type { StackName } from "../plan/plan.ts";

/** The variables that the shipped plans read, of a server each. */
export interface StackEnvironment {
  readonly CERTCTL_BASE: string;
  readonly CERTCTL_TOKEN: string;
  readonly CERTCTL_ADMIN_TOKEN: string;
  readonly NGINX_TARGET_URL: string;
  readonly APACHE_TARGET_URL: string;
  readonly HAPROXY_TARGET_URL: string;
  readonly F5_TARGET_URL: string;
  readonly CERTCTL_ACME_DIRECTORY: string;
  readonly CERTLOAD_ACME_CHALLENGE_DIRECTORY: string;
  readonly CERTLOAD_METRICS_URL: string;
  readonly CERTLOAD_LAB_CONTROL: string;
  readonly CERTLOAD_CA_FILE: string;
}

/** The servers answer. */
export interface StackReady {
  readonly ok: true;
  /** Of `StackEnvironment` what its servers have, and what else they tell. */
  readonly environment: Readonly<Record<string, string>>;
  /** For the summary's methodology: what was started, with versions where they tell. */
  readonly description: string;
}

/** They do not: `message` says which service, why, and its last log lines. Everything is torn down already. */
export interface StackFailed {
  readonly ok: false;
  readonly message: string;
}

export interface StackOptions {
  /** One line of news for a person, for stderr. */
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * ```ts
 * import { assert } from "@std/assert";
 *
 * // A server of this very process.
 * function ownStack(): Stack {
 *   let server: Deno.HttpServer<Deno.NetAddr> | undefined;
 *   return {
 *     name: "embedded",
 *     start: ({ progress }) => {
 *       server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response());
 *       const base = `http://127.0.0.1:${server.addr.port}`;
 *       progress(`a server at ${base}`);
 *       return Promise.resolve({ ok: true, environment: { CERTCTL_BASE: base }, description: "own" });
 *     },
 *     stop: async () => {
 *       await server?.shutdown();
 *       return undefined;
 *     },
 *   };
 * }
 *
 * const stack = ownStack();
 * const ready = await stack.start({ progress: () => {}, signal: new AbortController().signal });
 * assert(ready.ok && ready.environment.CERTCTL_BASE);
 * await stack.stop();
 * ```
 */
export interface Stack {
  readonly name: StackName;
  /** Never rejects; aborting `signal` tears down what was started. */
  start(options: StackOptions): Promise<StackReady | StackFailed>;
  /** Idempotent; leaves no process, container, volume or file behind. Returns what could not be cleaned, if anything. */
  stop(): Promise<string | undefined>;
}
