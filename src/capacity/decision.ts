/**
 * Whether a level holds, decided while it runs: A. Wald's sequential probability ratio test ("Sequential Tests of
 * Statistical Hypotheses", 1945) on the share beyond each limit. Far from the limit a few seconds tell, near it some
 * thousand requests do, and no length is set before. A queue that grows ends a level at once.
 */
import { formatCount, formatPercent, formatSeconds } from "../metrics/format.ts";
import { SAMPLES_BEYOND } from "../plan/threshold.ts";
import { MAX_MISSING_SHARE } from "../verdict/validity_rules.ts";
import { designEffect, sumOf, type Tally } from "./design_effect.ts";
import type { LevelSpec } from "./level.ts";
import type { Limit } from "./limits.ts";

/** What finished within a second of a level, in the order of time. */
export interface Block {
  readonly durationMs: number;
  /** Planned within it, whatever came of them. */
  readonly arrivals: number;
  /** Finished within it, failed ones included. */
  readonly finished: number;
  /** Of the finished ones. */
  readonly failed: number;
  /** Arrivals that were not sent, as too many were under way. */
  readonly dropped: number;
  /** Under way at its end. */
  readonly inFlight: number;
  /** For each limit, in their order: those beyond, and of how many. */
  readonly tallies: readonly Tally[];
}

export type Decision = "holds" | "broken" | "undecided";

/** Wald's errors: to call a level broken that holds, and the other way round. */
const ERROR = 0.01;
/** Evidence that decides, in either direction. */
export const SURE = Math.log((1 - ERROR) / ERROR);

/** What looking after every second at the best of all shares costs. */
const PEEKING = 1.5;

/** The test does not care between these parts of the allowed share: for p95 between 4 % and 6 %. */
const INDIFFERENT = { from: 0.8, to: 1.2 } as const;

/** Where nothing may lie beyond, so many without one are enough: by the rule of three at most 1 % do. */
const SAMPLES_FOR_NONE = 300;

/** When a queue is called growing. */
const BACKLOG = {
  /** Peak by elapsed time stays the same where a queue grows evenly, and falls to 0.71 where it is just at capacity. */
  flatness: 0.8,
  /** And rises where it began to grow a moment ago, which a pause does as well: wait and see. */
  steepness: 1.5,
  /** Beyond what chance makes of a queue at capacity: three standard deviations of its random walk. */
  deviations: 3,
  /** Of the arrivals, so that long answers under way at the beginning are no queue. */
  finishedShare: 0.2,
  fromMs: 4_000,
} as const;

/** Blocks in a row without trouble before a server counts as recovered. */
const CALM_BLOCKS = 5;

/** How a level of a purpose is judged. */
export interface DecisionRules {
  /** Not before, whatever is seen. */
  readonly minMs: number;
  /** It does not hold before: a queue that starts empty needs time to fill, and a burst to be used up. */
  readonly holdsFromMs: number;
  /** The first of it is not judged: a queue that starts empty flatters, and a cold server does the opposite. */
  readonly settleMs: number;
  /** `calm`: once the server is; whether it is broken is not asked. */
  readonly endsBy: "test" | "calm";
}

const SHORT: DecisionRules = { minMs: 3_000, holdsFromMs: 5_000, settleMs: 1_000, endsBy: "test" };

/** Those of a level that was asked for. */
export function rulesFor(
  { purpose, atMostMs }: Pick<LevelSpec, "purpose" | "atMostMs">,
): DecisionRules {
  switch (purpose) {
    case "bracket":
    case "generator":
      return { ...SHORT, minMs: 5_000, holdsFromMs: 20_000, settleMs: 2_000 };
    case "limiter":
      return { ...SHORT, minMs: atMostMs, holdsFromMs: Infinity };
    case "confirm":
      return { minMs: 15_000, holdsFromMs: Infinity, settleMs: atMostMs / 12, endsBy: "test" };
    case "break":
      return { ...SHORT, minMs: 10_000, holdsFromMs: 20_000, settleMs: 2_000 };
    case "recover":
      return { minMs: 0, holdsFromMs: 0, settleMs: 0, endsBy: "calm" };
    case "probe":
      return SHORT;
  }
}

/** One limit as the level left it. */
export interface LimitResult extends Tally {
  readonly text: string;
  readonly allowed: number;
  /** So many requests were worth one. */
  readonly designEffect: number;
  /** The logarithm of the test's likelihood ratio: above 0 for broken; sure from `SURE` on. */
  readonly evidence: number;
  readonly decision: Decision;
}

/** What was decided, and how. */
export interface Decided {
  readonly decision: Decision;
  /**
   * `test`: Wald's. `backlog`: the queue grew. `dropped`: arrivals found too many under way. `point`: the level's time
   * was over before the test was sure, and the share itself tells. `calm`: a recovery's. `no_samples`: nothing told.
   */
  readonly by: "test" | "backlog" | "dropped" | "point" | "calm" | "no_samples";
  /** A part of a sentence: `6.3 % of 1,204 beyond "p95 < 2 s", of which 5 % may be`. */
  readonly reason: string;
  readonly limits: readonly LimitResult[];
  /** From the level's start until the last second that was beyond a limit; null where that was the last one. */
  readonly calmAfterMs: number | null;
  /** Answered as expected per second, over the latter half: a burst that was allowed is used up by then. */
  readonly steadyPerS: number;
}

/**
 * Fed with the blocks of a level while it runs.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const limit = { text: "p95 < 2s", kind: "latency", allowed: 0.05, limitMs: 2000 } as const;
 * const rules = rulesFor({ purpose: "probe", atMostMs: 10_000 });
 * const decision = new LevelDecision([limit], rules);
 * const slow = { beyond: 100, of: 200 };
 * const block = { durationMs: 1000, arrivals: 200, finished: 200, failed: 0, dropped: 0, inFlight: 40, tallies: [slow] };
 * const said = [block, block, block].map((each) => decision.add(each));
 * assertEquals(said, [undefined, undefined, "broken"]);
 * assertEquals(decision.conclude().by, "test");
 * ```
 */
export class LevelDecision {
  readonly #limits: readonly Limit[];
  readonly #rules: DecisionRules;
  readonly #blocks: Block[] = [];
  /** The most that was in flight until the end of each block. */
  readonly #peaks: number[] = [];
  #elapsedMs = 0;
  #arrivals = 0;
  #finished = 0;
  #dropped = 0;

  constructor(limits: readonly Limit[], rules: DecisionRules) {
    this.#limits = limits;
    this.#rules = rules;
  }

  /** Undefined while the level has to go on. */
  add(block: Block): "holds" | "broken" | undefined {
    this.#blocks.push(block);
    this.#peaks.push(Math.max(this.#peaks.at(-1) ?? 0, block.inFlight));
    this.#elapsedMs += block.durationMs;
    this.#arrivals += block.arrivals;
    this.#finished += block.finished;
    this.#dropped += block.dropped;
    const { minMs, holdsFromMs, endsBy } = this.#rules;
    if (endsBy === "calm") return this.#isCalm() ? "holds" : undefined;
    if (this.#elapsedMs < minMs) return undefined;
    const { decision, by } = this.#sofar();
    if (decision === "undecided" || by === "point") return undefined;
    return decision === "holds" && this.#elapsedMs < holdsFromMs ? undefined : decision;
  }

  /**
   * What the level came to; also where its time was over, or somebody ended it.
   *
   * @param late Of each limit, those that the blocks have not, as they were answered later: in a level of four seconds
   * nothing can be seen to take five.
   */
  conclude(late: readonly Tally[] = []): Decided {
    const calmAfterMs = this.#calmAfterMs();
    const steadyPerS = this.#steadyPerS();
    if (this.#rules.endsBy !== "calm") return { ...this.#sofar(late), calmAfterMs, steadyPerS };
    const isCalm = this.#isCalm();
    return {
      decision: isCalm ? "holds" : "broken",
      by: "calm",
      reason: isCalm
        ? `within its limits again after ${formatSeconds((calmAfterMs ?? 0) / 1000)}`
        : `not within its limits again within ${formatSeconds(this.#elapsedMs / 1000)}`,
      limits: this.#limits.map((limit, at) => judgeLimit(limit, this.#tallies(at))),
      calmAfterMs,
      steadyPerS,
    };
  }

  #steadyPerS(): number {
    const latter = this.#blocks.slice(Math.floor(this.#blocks.length / 2));
    const ms = latter.reduce((sum, { durationMs }) => sum + durationMs, 0);
    const good = latter.reduce((sum, { finished, failed }) => sum + finished - failed, 0);
    return ms === 0 ? 0 : good / ms * 1000;
  }

  #sofar(late: readonly Tally[] = []): Omit<Decided, "calmAfterMs" | "steadyPerS"> {
    const limits = this.#limits.map((limit, at) => judgeLimit(limit, this.#tallies(at), late[at]));
    if (this.#dropped > MAX_MISSING_SHARE * this.#arrivals) {
      const share = formatPercent(this.#dropped / this.#arrivals);
      const reason = `${share} of the arrivals found too many under way`;
      return { decision: "broken", by: "dropped", reason, limits };
    }
    if (this.#grows()) {
      const peak = formatCount(this.#peaks.at(-1) ?? 0);
      const reason = `a queue that grew to ${peak} in ${formatSeconds(this.#elapsedMs / 1000)}`;
      return { decision: "broken", by: "backlog", reason, limits };
    }
    const judged = judgeAll(limits);
    const isSilent = judged.by === "no_samples" && this.#finished === 0 && this.#arrivals > 0;
    return { ...judged, ...(isSilent && { reason: this.#silence() }), limits };
  }

  #silence(): string {
    return `none of ${formatCount(this.#arrivals)} arrivals was answered within ${
      formatSeconds(this.#elapsedMs / 1000)
    }`;
  }

  /** Of one limit, without the first blocks: of a level that is shorter than these, of all. */
  #tallies(at: number): Tally[] {
    let beforeMs = 0;
    const judged = this.#blocks.filter(({ durationMs }) => {
      beforeMs += durationMs;
      return beforeMs > this.#rules.settleMs;
    });
    return (judged.length > 0 ? judged : this.#blocks).map(({ tallies }) => tallies[at]!);
  }

  /**
   * Peak by elapsed time, now and at half the time. A straight line through the numbers in flight calls a queue at its
   * capacity, which grows with the root of time, a growing one; and a pause of the server too.
   */
  #grows(): boolean {
    const elapsedMs = this.#elapsedMs;
    const peak = this.#peaks.at(-1) ?? 0;
    if (elapsedMs < BACKLOG.fromMs) return false;
    if (this.#finished < BACKLOG.finishedShare * this.#arrivals) return false;
    if (peak <= BACKLOG.deviations * Math.sqrt(2 * this.#arrivals)) return false;
    const patienceMs = Math.max(0, ...this.#limits.map(({ limitMs = 0 }) => limitMs));
    // Little's law: if nobody waits beyond the limit there are no more than that in flight.
    if (peak <= (this.#arrivals / elapsedMs) * patienceMs) return false;
    // What is in flight now has to be of that size still: a pause that was got over is none that grows.
    const inFlight = this.#blocks.at(-1)?.inFlight ?? 0;
    if (inFlight < BACKLOG.flatness * peak) return false;
    const { peak: before, atMs } = this.#peakAt(elapsedMs / 2);
    const growth = (peak / elapsedMs) / (before / atMs);
    return growth >= BACKLOG.flatness && growth <= BACKLOG.steepness;
  }

  #peakAt(wantedMs: number): { readonly peak: number; readonly atMs: number } {
    let atMs = 0;
    const at = this.#blocks.findIndex(({ durationMs }) => (atMs += durationMs) >= wantedMs);
    return { peak: this.#peaks[at] ?? 0, atMs };
  }

  #isCalm(): boolean {
    const last = this.#blocks.slice(-CALM_BLOCKS);
    return last.length === CALM_BLOCKS && last.every((block) => isCalm(block, this.#limits));
  }

  #calmAfterMs(): number | null {
    let [elapsedMs, calmAfterMs] = [0, 0];
    for (const block of this.#blocks) {
      elapsedMs += block.durationMs;
      if (!isCalm(block, this.#limits)) calmAfterMs = elapsedMs;
    }
    return calmAfterMs === elapsedMs ? null : calmAfterMs;
  }
}

/** No limit's share is beyond what is allowed by more than chance (three deviations); one that nothing told of is not. */
function isCalm({ tallies, arrivals }: Block, limits: readonly Limit[]): boolean {
  return limits.every(({ allowed }, at) => {
    const { beyond, of } = tallies[at]!;
    if (of === 0) return arrivals === 0;
    return beyond <= allowed * of + 3 * Math.sqrt(allowed * of);
  });
}

function judgeLimit(
  { text, allowed }: Limit,
  blocks: readonly Tally[],
  late: Tally = { beyond: 0, of: 0 },
): LimitResult {
  const sum = sumOf([...blocks, late]);
  const effect = designEffect(blocks);
  const evidence = evidenceOf(allowed, sum, effect);
  const decision = evidence >= SURE ? "broken" : evidence <= -SURE ? "holds" : "undecided";
  return { text, allowed, ...sum, designEffect: effect, evidence, decision };
}

/**
 * Wald's, divided by the design effect; of a limit that allows none, what is as sure. A share far beyond what is allowed
 * is told sooner by how likely it is at all, as Wald's two shares are near each other.
 */
export function evidenceOf(allowed: number, { beyond, of }: Tally, effect: number): number {
  if (allowed <= 0) return beyond > 0 ? SURE : -SURE * Math.min(1, of / SAMPLES_FOR_NONE);
  // `error_rate <= 100%`: no share is too much.
  if (allowed >= 1) return -SURE;
  const good = INDIFFERENT.from * allowed;
  const bad = Math.min(INDIFFERENT.to * allowed, (1 + allowed) / 2);
  const slow = beyond * Math.log(bad / good);
  const wald = (slow + (of - beyond) * Math.log((1 - bad) / (1 - good))) / effect;
  if (beyond <= bad * of) return wald;
  return Math.max(wald, of * divergence(beyond / of, bad) / effect - PEEKING);
}

/** Kullback and Leibler's: what a request tells for the share that was seen, and against another. */
function divergence(seen: number, other: number): number {
  const fast = seen < 1 ? (1 - seen) * Math.log((1 - seen) / (1 - other)) : 0;
  return seen * Math.log(seen / other) + fast;
}

function judgeAll(limits: readonly LimitResult[]): Pick<Decided, "decision" | "by" | "reason"> {
  const worst = limits.toSorted((a, b) => excess(b) - excess(a));
  const broken = worst.find(({ decision }) => decision === "broken");
  if (broken) return { decision: "broken", by: "test", reason: sharesText(broken) };
  const [first] = worst;
  const silent = limits.find(({ of }) => of === 0);
  if (first === undefined || silent) {
    const reason = silent ? `nothing told whether "${silent.text}" holds` : "nothing to judge by";
    return { decision: "undecided", by: "no_samples", reason };
  }
  if (limits.every(({ decision }) => decision === "holds")) {
    return { decision: "holds", by: "test", reason: sharesText(first) };
  }
  const decision = isBeyondByItself(first) ? "broken" : "holds";
  return { decision, by: "point", reason: `${sharesText(first)}, by the share itself` };
}

/** Of few requests a single slow one is no more than chance. */
function isBeyondByItself({ beyond, of, allowed, designEffect }: LimitResult): boolean {
  const expected = of * allowed;
  const chance = expected < SAMPLES_BEYOND ? 2 * Math.sqrt(expected * designEffect) : 0;
  return beyond > expected + chance;
}

/** The share beyond by the allowed one. */
function excess({ beyond, of, allowed }: LimitResult): number {
  if (beyond === 0) return 0;
  return allowed === 0 ? Infinity : beyond / of / allowed;
}

function sharesText({ text, beyond, of, allowed }: LimitResult): string {
  const share = formatPercent(beyond / of);
  return `${share} of ${formatCount(of)} beyond "${text}", of which ${
    formatPercent(allowed)
  } may be`;
}
