/** A TLS target's certificates: the one that it serves, what it served before, and what goes wrong in between. */
import { createHash } from "node:crypto";
import { PEM_CERTIFICATE } from "../pem.ts";
import { type Served, servedAt } from "./deployment_timeline.ts";
import type { DeploymentFault, DeploymentFaultKind } from "./faults.ts";
import type { CertificateChoice, KeyPair } from "./http/server.ts";
import type { TargetName } from "./target_name.ts";

/** One installation, as it was: the truth that a test compares with. Instants are microseconds since the Unix epoch. */
export interface Installation {
  /** From 1, over all targets. */
  readonly number: number;
  readonly target: TargetName;
  readonly by: "control" | "agent";
  readonly jobId?: string;
  readonly fault?: DeploymentFaultKind;
  /** SHA-256 of the leaf, lower-case hex. */
  readonly fingerprint: string;
  readonly oldFingerprint: string;
  readonly installedUs: number;
  /** Of the connections that came after it, the first and the last that got each. */
  readonly served: Readonly<Partial<Record<Served, ServedSpan>>>;
  /** By its reload, where reloads cut. */
  readonly cutConnections: number;
  /** Of them, those on which a request came too late. */
  readonly resetRequests: number;
}

export interface ServedSpan {
  readonly handshakes: number;
  readonly firstUs: number;
  readonly lastUs: number;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
export type OpenInstallation = Mutable<Omit<Installation, "served">> & {
  served: Partial<Record<Served, Mutable<ServedSpan>>>;
};

interface Current {
  readonly record: OpenInstallation;
  readonly pairs: Readonly<Record<Served, KeyPair>>;
  readonly fault: DeploymentFault | undefined;
  handshakes: number;
}

export class TlsTarget implements CertificateChoice {
  readonly name: TargetName;
  readonly #nowUs: () => number;
  #usual: KeyPair;
  #current: Current | undefined;
  #fault: KeyPair | undefined;

  constructor(name: TargetName, usual: KeyPair, nowUs: () => number) {
    this.name = name;
    this.#usual = usual;
    this.#nowUs = nowUs;
  }

  /** Whatever is installed, this one is served, until it is none. */
  setFault(pair: KeyPair | undefined): void {
    this.#fault = pair;
  }

  /** What a handshake shows now; of a mixture the new one. */
  get shown(): KeyPair {
    return this.#fault ?? this.#served;
  }

  get #served(): KeyPair {
    if (this.#current === undefined) return this.#usual;
    const { pairs, fault, record } = this.#current;
    return pairs[servedAt(fault, (this.#nowUs() - record.installedUs) / 1000, 1)];
  }

  install(
    pairs: { readonly new: KeyPair; readonly wrong: KeyPair },
    fault: DeploymentFault | undefined,
    record: OpenInstallation,
  ): void {
    const old = this.#served;
    this.#usual = pairs.new;
    this.#current = { record, fault, pairs: { ...pairs, old }, handshakes: 0 };
  }

  /** For the connection that has just come. */
  readonly choose = (): KeyPair => {
    if (this.#fault !== undefined) return this.#fault;
    if (this.#current === undefined) return this.#usual;
    const { pairs, fault, record } = this.#current;
    const nowUs = this.#nowUs();
    const sinceMs = (nowUs - record.installedUs) / 1000;
    const state = servedAt(fault, sinceMs, this.#current.handshakes++);
    const span = record.served[state] ??= { handshakes: 0, firstUs: nowUs, lastUs: nowUs };
    span.handshakes++;
    span.lastUs = nowUs;
    return pairs[state];
  };

  readonly keeps = (pair: KeyPair): boolean => {
    const pairs = this.#current && Object.values(this.#current.pairs);
    return pair === this.#usual || pairs?.includes(pair) === true;
  };
}

/** SHA-256 of the leaf's DER, lower-case hex. */
export function leafFingerprint({ certificatePem }: KeyPair): string {
  const leaf = certificatePem.match(PEM_CERTIFICATE)?.[0] ?? "";
  const der = Uint8Array.fromBase64(leaf.replace(/-----[A-Z ]+-----/g, ""));
  return createHash("sha256").update(der).digest("hex");
}
