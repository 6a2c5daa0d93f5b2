/** One deployment as it is watched: from before its request to when what it left is known. */
import type { Clock } from "../clock.ts";
import type { Deployment } from "../deployment.ts";
import type { Failure } from "../http/failure.ts";
import type { DeployTarget } from "./target.ts";
import { type Timeline, timelineOf } from "./timeline.ts";
import type { Look } from "./watch.ts";

export interface WatchLimits {
  readonly holdUs: number;
  readonly servedWithinUs: number;
  readonly overlapUs: number;
  /** From the request; what is not served by then never is. */
  readonly deadlineUs: number;
  /** How long is looked on after the new certificate was served. */
  readonly watchAfterUs: number;
}

/** So many handshakes in a row with the new certificate, and the target is free for the next deployment. */
const SETTLED = 5;

export class Sighting {
  readonly #target: DeployTarget;
  readonly #limits: WatchLimits;
  readonly #clock: Clock;
  readonly #by: Deployment["by"];
  readonly #look: Look;
  /** Instants as they become known. */
  requestedUs: number | undefined;
  issuedUs: number | undefined;
  reportedUs: number | undefined;
  #wanted: string | undefined;
  /** Another certificate is on its way to the target: what is seen from then on is that one's. */
  #cutUs = Infinity;
  #turned: AbortSignal | undefined;

  constructor(
    target: DeployTarget,
    limits: WatchLimits,
    clock: Clock,
    by: Deployment["by"],
  ) {
    this.#target = target;
    this.#limits = limits;
    this.#clock = clock;
    this.#by = by;
    this.#look = target.watch.look();
    target.kept.begin();
  }

  /** What the target serves before anything is asked for; it may serve nothing. */
  async before(signal: AbortSignal): Promise<void> {
    await this.#look.next(this.#clock.nowUs() + this.#limits.servedWithinUs, signal);
  }

  get deadlineUs(): number {
    return (this.requestedUs ?? this.#clock.nowUs()) + this.#limits.deadlineUs;
  }

  get wanted(): string | undefined {
    return this.#wanted;
  }

  /** What was issued, and is to be served. */
  issued(fingerprint: string, atUs: number): void {
    this.#wanted = fingerprint;
    this.issuedUs = atUs;
  }

  /** It is on its way to the target: the deployment before has had its time. */
  arrives(): void {
    const turned = this.#target.turn();
    turned.addEventListener("abort", () => this.#cutUs = this.#clock.nowUs(), { once: true });
    this.#turned = turned;
  }

  /** Until the new certificate is served some times in a row; false: not by the deadline, or the run was stopped. */
  async settles(signal: AbortSignal): Promise<boolean> {
    let inRow = this.#rowSoFar();
    while (inRow < SETTLED) {
      const handshake = await this.#look.next(this.deadlineUs, signal);
      if (handshake === undefined) return false;
      inRow = handshake.fingerprint === this.#wanted ? inRow + 1 : 0;
    }
    return true;
  }

  /** Looks on, until the time for that is over, the next certificate is on its way, or the run is stopped. */
  async lookOn(signal: AbortSignal): Promise<void> {
    const { nextNewUs } = this.timeline();
    if (nextNewUs === undefined) return;
    const until = AbortSignal.any(this.#turned === undefined ? [signal] : [signal, this.#turned]);
    await this.#clock.sleepUntil(nextNewUs + this.#limits.watchAfterUs, until);
  }

  #rowSoFar(): number {
    const seen = this.#look.handshakes();
    const last = seen.findLastIndex(({ fingerprint }) => fingerprint !== this.#wanted);
    return seen.length - 1 - last;
  }

  timeline(): Timeline {
    const { requestedUs = this.#clock.nowUs(), reportedUs } = this;
    const { holdUs, servedWithinUs, overlapUs } = this.#limits;
    const handshakes = this.#look.handshakes().filter(({ doneUs }) => doneUs <= this.#cutUs);
    const before = new Set(this.#target.known);
    for (const { doneUs, fingerprint } of handshakes) {
      if (doneUs <= requestedUs && fingerprint !== undefined) before.add(fingerprint);
    }
    return timelineOf(handshakes, {
      requestedUs,
      ...(reportedUs !== undefined && { reportedUs }),
      before,
      wanted: this.#wanted,
      holdUs,
      servedWithinUs,
      overlapUs,
    });
  }

  deployment(timeline: Timeline): Deployment {
    const { firstNewUs, lastOldUs, nextNewUs, verdict, spans } = timeline;
    const { requestedUs = this.#clock.nowUs(), issuedUs, reportedUs } = this;
    return {
      target: this.#target.label,
      by: this.#by,
      requestedUs,
      ...(issuedUs !== undefined && { issuedUs }),
      ...(reportedUs !== undefined && { reportedUs }),
      ...(firstNewUs !== undefined && { firstNewUs }),
      ...(lastOldUs !== undefined && { lastOldUs }),
      ...(nextNewUs !== undefined && { nextNewUs }),
      verdict,
      spans,
    };
  }

  /** Whatever came of it, what was to be served is no third certificate to the next one. */
  end(): void {
    if (this.#wanted !== undefined) this.#target.known.add(this.#wanted);
    this.#look.end();
    this.#target.kept.end();
  }

  /** What is wrong with a deployment that was watched to its end. */
  failure(timeline: Timeline): Failure | undefined {
    const at = this.#target.label;
    const { servedWithinUs, deadlineUs } = this.#limits;
    switch (timeline.verdict) {
      case "wrong":
        return wrong(
          `${at} served a certificate that is neither the old nor the new one, or whose key does ` +
            `not fit, in ${timeline.wrongHandshakes} handshakes`,
        );
      case "reverted":
        return wrong(`${at} served the old certificate again after the new one had held`);
      case "never":
        return {
          class: "timeout",
          message: `${at} did not serve the new certificate within ${seconds(deadlineUs)} ` +
            `(deadline)${this.#seenInstead(timeline)}`,
        };
      case "late":
        return {
          class: "timeout",
          message: `${at} still served the old certificate ` +
            `${seconds(timeline.propagation!.atLeastUs)} after the renewal was accepted; it was ` +
            `due within ${seconds(servedWithinUs)} (served_within)`,
        };
      case "mixed":
      case "served":
        return timeline.nextNewUs !== undefined ? undefined : {
          class: "timeout",
          message: `${at} served old and new certificate in turns to the end of the watch`,
        };
    }
  }

  #seenInstead({ spans, failedHandshakes }: Timeline): string {
    const last = spans.at(-1)?.state;
    if (last === "unreachable") return `; ${failedHandshakes} handshakes with it failed`;
    return last === "old" ? "; it serves the old one" : "";
  }
}

function wrong(message: string): Failure {
  return { class: "wrong_certificate", message };
}

function seconds(us: number): string {
  return `${(us / 1_000_000).toFixed(us < 10_000_000 ? 2 : 0)} s`;
}
