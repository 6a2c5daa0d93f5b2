/**
 * The built-in responders, for all scenarios and workers of a run. Only one worker can listen on a port: it is the first
 * (worker 0), and the others tell it over a BroadcastChannel what to show, and wait for its word before the challenge is
 * answered. Scenarios that name the same address share its listener.
 */
import { type Failure, isFailure } from "../../http/failure.ts";
import { threadOf, type WorkerShare } from "../../worker_share.ts";
import type { ChallengeType } from "../order.ts";
import { parseAddress } from "./address.ts";
import { serveDns } from "./dns01.ts";
import { serveHttp01 } from "./http01.ts";
import { type Proof, ProofTable } from "./proofs.ts";
import { RemoteProofs, shareProofs } from "./remote.ts";
import { serveTlsAlpn01 } from "./tls_alpn01.ts";
import { messageOf } from "../../message_of.ts";

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

type Stop = () => Promise<void>;

/** What this worker shows, and through what; one of each, because ports are the process's and not a scenario's. */
const proofs = new ProofTable();
const open = new Map<string, { users: number; readonly stop: Stop }>();

const CHANNEL = "certload-acme-proofs";

/** Opens the responder, or in another worker than the first the way to it. */
export async function openResponder(
  options: ResponderOptions,
  share: WorkerShare,
): Promise<Responder | Failure> {
  const thread = threadOf(share);
  if (thread.index > 0) return await RemoteProofs.connect(CHANNEL);
  const releases: Stop[] = [];
  const release = async (): Promise<void> => {
    for (const each of releases) await each();
  };
  for (const [type, address] of addresses(options)) {
    const listening = await listen(type, address, options.dnsAnswer);
    if (isFailure(listening)) {
      await release();
      return listening;
    }
    releases.push(listening);
  }
  // Released first: it waits for the other workers, who may still need the listeners.
  if (thread.count > 1) {
    releases.unshift(await acquire(CHANNEL, () => shareProofs(CHANNEL, proofs)));
  }
  return localResponder(release);
}

function addresses({ type, listen, dns }: ResponderOptions): [ChallengeType, string][] {
  const own: [ChallengeType, string] = [type, listen];
  return dns === undefined || type === "dns-01" ? [own] : [own, ["dns-01", dns]];
}

function localResponder(close: Stop): Responder {
  return {
    put: (proof) => {
      proofs.put(proof);
      return Promise.resolve(undefined);
    },
    remove: (proof) => proofs.remove(proof),
    close,
  };
}

async function listen(
  type: ChallengeType,
  address: string,
  dnsAnswer: string,
): Promise<Stop | Failure> {
  try {
    return await acquire(`${type} ${address}`, () => serve(type, address, dnsAnswer));
  } catch (error) {
    return listenFailure(type, address, error);
  }
}

/** One more user of what has this name; the last to release it stops it. */
async function acquire(name: string, start: () => Stop | Promise<Stop>): Promise<Stop> {
  const entry = open.get(name) ?? { users: 0, stop: await start() };
  open.set(name, entry);
  entry.users++;
  return async () => {
    if (--entry.users > 0) return;
    open.delete(name);
    await entry.stop();
  };
}

async function serve(type: ChallengeType, text: string, dnsAnswer: string): Promise<Stop> {
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

const ANOTHER_ADDRESS = "choose another address in the plan (conform: --listen, --dns)";

function listenFailure(type: ChallengeType, address: string, error: unknown): Failure {
  const reason = messageOf(error);
  const inUse = /in use|EADDRINUSE/i.test(reason);
  const denied = /denied|EACCES|not permitted/i.test(reason);
  const advice = inUse
    ? `something else listens there; stop it, or ${ANOTHER_ADDRESS}`
    : denied
    ? "ports below 1024 need privileges; choose another port and let the server's be forwarded to it"
    : `${reason}; ${ANOTHER_ADDRESS}`;
  return { class: "client", message: `Cannot listen on ${address} for ${type}: ${advice}` };
}
