/**
 * The native road where it is open, node:tls elsewhere. Deno's TLS must verify and shows no certificate, so the first
 * connection to an origin goes over node:tls, and the chain seen there becomes the root of the native ones (`pin.ts`).
 *
 * - Only where verification is off. Deno trusts its default roots beside the given ones and a pin needs the check of the
 *   name switched off: together that is weaker than what a plan with verification asks for.
 * - Not for connections that carry one request, nor while many are being closed, which takes Deno its time
 *   (`closing_sockets.ts`).
 * - A self-signed leaf is pinned exactly: another certificate fails the handshake, and the same dial then goes over
 *   node:tls and reports what is served.
 * - A leaf pinned by its issuer may be renewed unseen. So a dial goes over node:tls when the last look is older than
 *   `LOOK_AGAIN_US`.
 */
import { nowUs } from "../schedule/clock.ts";
import type { TlsOptions } from "../plan/plan.ts";
import { closingSockets } from "./closing_sockets.ts";
import { nodeRoad } from "./connect.ts";
import type { Failure } from "./failure.ts";
import type { PeerIdentity } from "./http.ts";
import { NativeDial, type Trust } from "./native.ts";
import { pinOf } from "./pin.ts";
import type {
  Alpn,
  Connected,
  ConnectPhases,
  Dial,
  DialResult,
  DialWish,
  Origin,
  Road,
} from "./stream.ts";

const LOOK_AGAIN_US = 5_000_000;
/** Half of the threads that Deno closes sockets on, so that the other half are there for what else needs them. */
const MOST_CLOSING = 16;
/** Dials that find the first look under way wait for it, but no longer than this share of their time. */
const WAIT_SHARE = 0.25;

/** What is known of an origin's certificate; without a pin node:tls is taken. */
interface Known {
  readonly fingerprint: string;
  readonly pin?: Trust & { readonly exact: boolean };
  /** When it was last seen, or a connection was sent to see it. */
  seenUs: number;
}

export function pinnedRoad(tls: TlsOptions, alpn: Alpn = ["http/1.1"]): Road {
  const node = nodeRoad(tls, alpn);
  if (!tls.insecureSkipVerify) {
    return (origin, wish, done) =>
      origin.secure ? node(origin, wish, done) : new NativeDial({ ...wish, origin, alpn }, done);
  }
  const shared: Shared = { node, alpn, known: new Map(), looks: new Map(), refused: new Set() };
  return (origin, wish, done) => new PinnedDial(shared, origin, wish, done);
}

interface Shared {
  readonly node: Road;
  readonly alpn: Alpn;
  /** By `host:port`. */
  readonly known: Map<string, Known>;
  /** First looks under way, by `host:port`. */
  readonly looks: Map<string, Promise<void>>;
  /** Fingerprints of leaves whose pin was tried and not taken. */
  readonly refused: Set<string>;
}

class PinnedDial implements Dial {
  readonly #shared: Shared;
  readonly #origin: Origin;
  readonly #key: string;
  readonly #wish: DialWish;
  readonly #deadlineUs: number;
  readonly #done: (result: DialResult) => void;
  #dial: Dial | undefined;
  #cancelled = false;

  constructor(shared: Shared, origin: Origin, wish: DialWish, done: (result: DialResult) => void) {
    this.#shared = shared;
    this.#origin = origin;
    this.#key = `${origin.hostname}:${origin.port}`;
    this.#wish = wish;
    this.#deadlineUs = nowUs() + wish.timeoutMs * 1000;
    this.#done = done;
    const look = shared.looks.get(this.#key);
    if (look === undefined) this.#start();
    else void this.#startAfter(look);
  }

  /** Those of the connection that was used in the end. */
  get phases(): ConnectPhases {
    return this.#dial?.phases ?? {};
  }

  cancel(failure: Failure): void {
    if (this.#dial !== undefined) return this.#dial.cancel(failure);
    if (!this.#cancelled) this.#done(failure);
    this.#cancelled = true;
  }

  async #startAfter(look: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#wish.timeoutMs * WAIT_SHARE);
    await Promise.race([look, promise]);
    clearTimeout(timer);
    if (!this.#cancelled) this.#start();
  }

  #start(): void {
    const known = this.#shared.known.get(this.#key);
    if (!this.#origin.secure) this.#native(undefined);
    else if (known?.pin !== undefined && this.#mayUse(known, known.pin)) this.#native(known.pin);
    else if (known === undefined && !this.#shared.looks.has(this.#key)) this.#look();
    else this.#node();
  }

  #mayUse(known: Known, { exact }: { readonly exact: boolean }): boolean {
    if (this.#wish.single || closingSockets.countAt(nowUs()) > MOST_CLOSING) return false;
    if (exact) return true;
    const now = nowUs();
    const recent = now - known.seenUs < LOOK_AGAIN_US;
    // This dial goes and looks; those beside it need not.
    if (!recent) known.seenUs = now;
    return recent;
  }

  #native(trust: Trust | undefined): void {
    const options = { ...this.#wish, origin: this.#origin, trust, alpn: this.#shared.alpn };
    this.#dial = new NativeDial(options, (result) => {
      const unfit = !("stream" in result) && result.class === "tls_verify";
      if (trust === undefined || !unfit) return this.#done(result);
      this.#refuse(trust.peer);
      this.#node();
    });
  }

  #look(): void {
    const { looks } = this.#shared;
    const { promise, resolve } = Promise.withResolvers<void>();
    looks.set(this.#key, promise);
    this.#node(() => {
      looks.delete(this.#key);
      resolve();
    });
  }

  #node(seen?: () => void): void {
    const timeoutMs = Math.max(0, (this.#deadlineUs - nowUs()) / 1000);
    this.#dial = this.#shared.node(this.#origin, { timeoutMs }, (result) => {
      if ("stream" in result) this.#learn(result);
      seen?.();
      this.#done(result);
    });
  }

  #learn({ peer, chain }: Connected): void {
    if (peer === undefined || chain === undefined) return;
    const { known, refused } = this.#shared;
    const fingerprint = peer.fingerprintSha256;
    const before = known.get(this.#key);
    if (before?.fingerprint === fingerprint) before.seenUs = nowUs();
    else {
      const pin = refused.has(fingerprint) ? undefined : pinOf(chain);
      known.set(this.#key, { fingerprint, pin: pin && { ...pin, peer }, seenUs: nowUs() });
    }
  }

  /** Another certificate is served, or this one cannot be pinned: node:tls will tell. */
  #refuse({ fingerprintSha256 }: PeerIdentity): void {
    const { known, refused } = this.#shared;
    known.set(this.#key, { fingerprint: fingerprintSha256, seenUs: nowUs() });
    // Bounded, for a server that shows a new certificate each time.
    if (refused.size >= 256) refused.clear();
    refused.add(fingerprintSha256);
  }
}
