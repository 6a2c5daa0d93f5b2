/**
 * The built-in responders of one address, for all scenarios and workers of a run. Only one worker can listen on a port:
 * it is the first (shard 0), and the others tell it over a BroadcastChannel what to show, and wait for its word before
 * the challenge is answered.
 */
import type { Failure } from "../../../transport/failure.ts";
import type { ChallengeType } from "../order.ts";
import { parseAddress } from "./address.ts";
import { serveDns } from "./dns01.ts";
import { serveHttp01 } from "./http01.ts";
import { type Proof, ProofTable } from "./proofs.ts";
import { RemoteProofs, shareProofs } from "./remote.ts";
import { serveTlsAlpn01 } from "./tls_alpn01.ts";

export interface ResponderOptions {
  readonly type: ChallengeType;
  /** `127.0.0.1:5002` */
  readonly listen: string;
  /** Address of a DNS server that gives `dnsAnswer` to every name; for http-01 and tls-alpn-01. */
  readonly dns?: string;
  readonly dnsAnswer: string;
}

export interface Responder {
  /** Resolves once the proof is shown. */
  put(proof: Proof): Promise<Failure | undefined>;
  remove(proof: Proof): void;
  close(): Promise<void>;
}

/** Opens the responder, or in another worker than the first the way to it. */
export async function openResponder(
  options: ResponderOptions,
  shard: { readonly index: number; readonly count: number },
): Promise<Responder | Failure> {
  const channel = `certload-acme ${options.type} ${options.listen}`;
  if (shard.index > 0) return await RemoteProofs.connect(channel);
  const shared = listening.get(channel);
  if (shared !== undefined) {
    shared.users++;
    return shared.responder;
  }
  return await listen(options, channel, shard.count > 1);
}

/** Responders of this worker, because two scenarios may name the same address. */
const listening = new Map<string, { responder: Responder; users: number }>();

async function listen(
  options: ResponderOptions,
  channel: string,
  shared: boolean,
): Promise<Responder | Failure> {
  const proofs = new ProofTable();
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops) await each();
  };
  for (const [type, address] of addresses(options)) {
    try {
      stops.push(await serve(type, address, proofs, options.dnsAnswer));
    } catch (error) {
      await stop();
      return listenFailure(type, address, error);
    }
  }
  if (shared) stops.unshift(shareProofs(channel, proofs));
  const entry = { users: 1, responder: localResponder(channel, proofs, stop) };
  listening.set(channel, entry);
  return entry.responder;
}

function addresses({ type, listen, dns }: ResponderOptions): [ChallengeType, string][] {
  const own: [ChallengeType, string] = [type, listen];
  return dns === undefined || type === "dns-01" ? [own] : [own, ["dns-01", dns]];
}

async function serve(
  type: ChallengeType,
  text: string,
  proofs: ProofTable,
  dnsAnswer: string,
): Promise<() => Promise<void>> {
  const address = parseAddress(text);
  if (address === undefined) throw new TypeError(`"${text}" is no host:port`);
  switch (type) {
    case "http-01":
      return serveHttp01(address, proofs);
    case "tls-alpn-01":
      return await serveTlsAlpn01(address, proofs);
    case "dns-01":
      return await serveDns(address, proofs, dnsAnswer);
  }
}

function localResponder(
  channel: string,
  proofs: ProofTable,
  stop: () => Promise<void>,
): Responder {
  return {
    put: (proof) => {
      proofs.put(proof);
      return Promise.resolve(undefined);
    },
    remove: (proof) => proofs.remove(proof),
    close: async () => {
      const entry = listening.get(channel);
      if (entry === undefined || --entry.users > 0) return;
      listening.delete(channel);
      await stop();
    },
  };
}

function listenFailure(type: ChallengeType, address: string, error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  const inUse = /in use|EADDRINUSE/i.test(reason);
  const denied = /denied|EACCES|not permitted/i.test(reason);
  const advice = inUse
    ? "something else listens there; stop it, or choose another address in the plan"
    : denied
    ? "ports below 1024 need privileges; choose another port and let the server's be forwarded to it"
    : reason;
  return { class: "client", message: `Cannot listen on ${address} for ${type}: ${advice}` };
}
