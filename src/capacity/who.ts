/**
 * Who gave out at a level: first the generator is doubted, by what the run says of its own validity, and only then the
 * server. A generator that cannot keep pace makes any server look slow.
 */
import type { FailureClass } from "../http/failure.ts";
import type { Finding } from "../metrics/summary_schema.ts";
import {
  formatCores,
  formatCount,
  formatMs,
  formatPercent,
  formatRate,
} from "../metrics/format.ts";
import { CPU_WARNING, type FindingCode, MAX_MISSING_SHARE } from "../verdict/validity_rules.ts";
import type { Decided } from "./decision.ts";

/** What is known of a level beside its decision. */
export interface LevelFacts {
  readonly decided: Pick<Decided, "decision" | "by" | "reason" | "limits">;
  /** The run's validity: what makes it unfit, and what is worth a word. */
  readonly reasons: readonly Pick<Finding, "code" | "cause" | "message">[];
  readonly warnings: readonly Pick<Finding, "code" | "cause" | "message">[];
  readonly offeredPerS: number;
  /** Sent, whatever was answered. */
  readonly sentPerS: number;
  /** Arrivals that found too many under way. */
  readonly dropped: number;
  readonly arrivals: number;
  readonly peakInFlight: number;
  readonly maxInFlight: number;
  /** CPU of the busiest worker, of one core. */
  readonly workerCpu: number;
  /** The generator's own lateness; null where nothing was sent. */
  readonly lagP95Ms: number | null;
  /** Of answers as expected. */
  readonly responseP95Ms: number | null;
  /**
   * For each limit of `decided`, the share of `service_time` beyond it: response times without lag and waiting for a
   * connection. Null where it is no latency, or nothing was timed.
   */
  readonly serviceBeyond: readonly (number | null)[];
  /** Of all failures. */
  readonly failures: Readonly<Partial<Record<FailureClass, number>>>;
  readonly finished: number;
  /** What the server's own metrics say, in a few words each. */
  readonly serverNotes?: readonly string[];
}

export interface Blame {
  readonly who: "server" | "generator" | "none";
  /** A sentence's part. */
  readonly why: string;
  /** False where another try with other workers has to tell. */
  readonly sure: boolean;
  /** A limit of policy answers at once that there were too many; it says nothing of the machine behind it. */
  readonly limiter: boolean;
}

/** Sent of offered, below which the generator was not able to offer it. Whole seconds at the ends cost some. */
const SENT_SHARE = 0.97;
/** Of what limits the number under way: dropped arrivals with fewer than that are no queue at the server. */
const FEW_IN_FLIGHT = 0.5;
/** The generator's part of a p95 that is worth a doubt. */
const LAG_PART = 0.2;
/** What timers cost. */
const TIMERS_MS = 2;
/** Codes of findings that say the generator was near its limit. */
const DOUBTS: ReadonlySet<string> = new Set<FindingCode>([
  ...["generator_lag", "generator_cpu", "generator_stalled"] as const,
  ...["host_cpu", "dropped_arrivals", "unsent_arrivals"] as const,
]);

/** Codes of findings that say the generator was late, which is within response times: they can only be longer for it. */
const LATENESS: ReadonlySet<string> = new Set<FindingCode>([
  ...["generator_lag", "generator_cpu", "generator_stalled"] as const,
]);

export function whoGaveOut(facts: LevelFacts): Blame {
  const own = generatorsFault(facts);
  if (own !== undefined) return { who: "generator", why: own, sure: true, limiter: false };
  if (facts.decided.decision !== "broken") {
    return { who: "none", why: facts.decided.reason, sure: true, limiter: false };
  }
  const limiter = isLimiter(facts);
  const doubt = limiter ? undefined : generatorsPart(facts);
  const why = [serversFault(facts), ...(facts.serverNotes ?? [])].join("; ");
  if (doubt === undefined) return { who: "server", why, sure: true, limiter };
  return { who: "server", why: `${why}; in doubt: ${doubt}`, sure: false, limiter };
}

/** What leaves no doubt. */
function generatorsFault(facts: LevelFacts): string | undefined {
  const isHeld = facts.decided.decision === "holds";
  const finding = facts.reasons.find(({ cause, code }) =>
    cause === "generator" && !(isHeld && LATENESS.has(code))
  );
  if (finding) return finding.message;
  const { dropped, arrivals, peakInFlight, maxInFlight, sentPerS, offeredPerS } = facts;
  const hasFew = peakInFlight < FEW_IN_FLIGHT * maxInFlight;
  if (dropped > MAX_MISSING_SHARE * arrivals && hasFew) {
    return `${formatCount(dropped)} arrivals were dropped with no more than ${
      formatCount(peakInFlight)
    } of ${formatCount(maxInFlight)} under way`;
  }
  if (sentPerS < SENT_SHARE * offeredPerS && hasFew) {
    return `${formatRate(sentPerS)} were sent of ${formatRate(offeredPerS)}`;
  }
  if (brokeByLag(facts)) {
    return `the server's own time was within the limits, and ${
      formatMs(facts.lagP95Ms)
    } (p95) were the generator's lateness`;
  }
  return undefined;
}

/** The server's own part of the times holds all limits: what broke the level came before it was asked. */
function brokeByLag({ decided, serviceBeyond, lagP95Ms }: LevelFacts): boolean {
  if (decided.decision !== "broken" || lagP95Ms === null || lagP95Ms <= TIMERS_MS) return false;
  const broken = decided.limits.flatMap(({ beyond, of, allowed }, at) =>
    of > 0 && beyond / of > allowed ? [{ allowed, own: serviceBeyond[at] ?? null }] : []
  );
  return broken.length > 0 && broken.every(({ allowed, own }) => own !== null && own <= allowed);
}

/** What may have had a part in it. */
function generatorsPart(facts: LevelFacts): string | undefined {
  const { workerCpu, lagP95Ms, responseP95Ms } = facts;
  if (workerCpu >= CPU_WARNING) return `a worker used ${formatCores(workerCpu)}`;
  if (
    lagP95Ms !== null && responseP95Ms !== null && lagP95Ms > 2 &&
    lagP95Ms > LAG_PART * responseP95Ms
  ) {
    return `the generator itself was ${formatMs(lagP95Ms)} late (p95), of response times of ${
      formatMs(responseP95Ms)
    }`;
  }
  return facts.warnings.find(({ code, cause }) => cause !== "server" && DOUBTS.has(code))?.message;
}

/** Most of what failed was refused for its number alone. */
function isLimiter({ failures, finished }: LevelFacts): boolean {
  const refused = failures.rate_limited ?? 0;
  return refused > MAX_MISSING_SHARE * finished && refused > 0.5 * failed(failures);
}

function failed(failures: LevelFacts["failures"]): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0);
}

function serversFault(facts: LevelFacts): string {
  const { failures, finished, decided } = facts;
  if (isLimiter(facts)) {
    const share = formatPercent((failures.rate_limited ?? 0) / finished);
    return `a limiter answered 429 to ${share}: a limit of policy, not of the machine`;
  }
  const [most] = Object.entries(failures).sort(([, a], [, b]) => b - a);
  const tellsErrors = most !== undefined && most[1] > MAX_MISSING_SHARE * finished;
  return tellsErrors
    ? `${decided.reason}; ${most[0]} on ${formatPercent(most[1] / finished)}`
    : decided.reason;
}
