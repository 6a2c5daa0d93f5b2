/**
 * What a train of fresh handshakes says of one deployment: instants, spans and a verdict. Pure: the same handshakes give
 * the same answer, whoever made them.
 *
 * A handshake is a probe with two ends: which certificate it is served is decided at some instant between `sentUs` and
 * `doneUs`. So nothing here is an instant that was seen; what is claimed lies between the last handshake that still had
 * the old certificate and the first one after it that had the new one, and that gap is the resolution of all durations.
 */
import {
  type Deployment,
  type DeploymentVerdict,
  MAX_SPANS,
  type ServedSpan,
  type ServedState,
} from "../deployment.ts";

/** One fresh handshake of the watch. */
export interface Handshake {
  /** Connecting began. */
  readonly sentUs: number;
  /** The handshake was over, or had failed. */
  readonly doneUs: number;
  /** SHA-256 of the served leaf, lower-case hex; undefined where the handshake failed. */
  readonly fingerprint: string | undefined;
  /** It failed because the served certificate's key did not sign it. */
  readonly mismatched?: boolean;
}

export interface Expectations {
  /** The renewal was accepted. */
  readonly requestedUs: number;
  /** Completion was told to the server, or seen there. */
  readonly reportedUs?: number;
  /** What the target has served before: what is old, and wrong for no one. */
  readonly before: ReadonlySet<string>;
  /** The new certificate; undefined where none was issued. */
  readonly wanted: string | undefined;
  /** The new certificate alone for so long: it holds. The old one after that has come back. */
  readonly holdUs: number;
  /** From the request to the last handshake with the old certificate; more is late. */
  readonly servedWithinUs: number;
  /** Old and new in turns for longer than this is mixed; daemons that reload gracefully overlap for a moment. */
  readonly overlapUs: number;
}

/** A duration that lies in [atLeastUs, atMostUs]. */
export interface Bounded {
  readonly atLeastUs: number;
  /** Infinity: the end was not seen. */
  readonly atMostUs: number;
}

export interface Timeline
  extends Pick<Deployment, "firstNewUs" | "lastOldUs" | "nextNewUs" | "verdict" | "spans"> {
  /** Request to the last handshake with the old certificate; undefined where the new one was never served. */
  readonly propagation?: Bounded;
  /** First handshake with the new certificate to the last with the old one. */
  readonly overlap?: Bounded;
  /** Completion reported to the last handshake with the old certificate. */
  readonly staleness?: Bounded;
  /** Handshakes with a third certificate, or a key that does not fit. */
  readonly wrongHandshakes: number;
  readonly failedHandshakes: number;
}

type Seen = "old" | "new" | "wrong" | "unreachable";

interface Sight extends Handshake {
  readonly seen: Seen;
}

/** Reads the handshakes of one deployment, from before its request to when the watch ended; in any order. */
export function timelineOf(handshakes: readonly Handshake[], expected: Expectations): Timeline {
  const sights = handshakes.toSorted((a, b) => a.sentUs - b.sentUs)
    .map((each): Sight => ({ ...each, seen: seenIn(each, expected) }));
  const asked = sights.filter(({ doneUs }) => doneUs >= expected.requestedUs);
  const turn = turnOf(sights, expected.holdUs);
  const durations = durationsOf(turn, expected);
  return {
    ...instantsOf(turn),
    ...durations,
    verdict: verdictOf(asked, turn, durations, expected),
    spans: spansOf(asked, turn, expected.requestedUs),
    wrongHandshakes: asked.filter(({ seen }) => seen === "wrong").length,
    failedHandshakes: asked.filter(({ fingerprint }) => fingerprint === undefined).length,
  };
}

function seenIn({ fingerprint, mismatched }: Handshake, { before, wanted }: Expectations): Seen {
  if (mismatched) return "wrong";
  if (fingerprint === undefined) return "unreachable";
  if (fingerprint === wanted) return "new";
  return before.has(fingerprint) ? "old" : "wrong";
}

/** How a target turns from the old certificate to the new one. */
interface Turn {
  /** The last handshake before `firstNew` that had something else. */
  readonly lastBefore?: Sight;
  readonly firstNew?: Sight;
  /** Of those before the new one holds. */
  readonly lastOld?: Sight;
  /** The first with the new certificate that was sent after `lastOld`. */
  readonly nextNew?: Sight;
  /** The old certificate again, after the new one held. */
  readonly cameBack?: Sight;
}

function turnOf(sights: readonly Sight[], holdUs: number): Turn {
  let turn: Turn = {};
  for (const sight of sights) {
    if (sight.seen === "new") {
      if (turn.firstNew === undefined) turn = { ...turn, firstNew: sight };
      if (turn.nextNew === undefined) turn = { ...turn, nextNew: sight };
    } else if (sight.seen === "old") {
      const { nextNew } = turn;
      if (nextNew !== undefined && sight.sentUs - nextNew.doneUs >= holdUs) {
        return { ...turn, cameBack: sight };
      }
      const { nextNew: _gone, ...rest } = turn;
      turn = { ...rest, lastOld: sight };
    }
    if (turn.firstNew === undefined) turn = { ...turn, lastBefore: sight };
  }
  return turn;
}

function instantsOf(
  { firstNew, lastOld, nextNew }: Turn,
): Pick<Timeline, "firstNewUs" | "lastOldUs" | "nextNewUs"> {
  return {
    ...(firstNew && { firstNewUs: firstNew.doneUs }),
    ...(lastOld && { lastOldUs: lastOld.sentUs }),
    ...(nextNew && { nextNewUs: nextNew.doneUs }),
  };
}

type Durations = Pick<Timeline, "propagation" | "overlap" | "staleness">;

/**
 * The old certificate was served for the last time at or after the sending of the last handshake that had it, and at or
 * before the end of the next one that had the new. Where the old one was never seen, the last handshake before the first
 * with the new one stands for it.
 */
function durationsOf(turn: Turn, { requestedUs, reportedUs }: Expectations): Durations {
  const { firstNew, lastBefore, lastOld, nextNew } = turn;
  if (firstNew === undefined) return {};
  const lastUs = (lastOld ?? lastBefore)?.sentUs ?? requestedUs;
  const nextUs = nextNew?.doneUs ?? Infinity;
  const since = (fromUs: number): Bounded => bounded(lastUs - fromUs, nextUs - fromUs);
  return {
    propagation: since(requestedUs),
    overlap: bounded(lastUs - firstNew.doneUs, nextUs - (lastBefore?.sentUs ?? firstNew.sentUs)),
    ...(reportedUs !== undefined && { staleness: since(reportedUs) }),
  };
}

function bounded(atLeastUs: number, atMostUs: number): Bounded {
  return { atLeastUs: Math.max(0, atLeastUs), atMostUs: Math.max(0, atMostUs) };
}

/** The gravest first: what is served at all is worse to have wrong than late. */
function verdictOf(
  asked: readonly Sight[],
  { firstNew, cameBack }: Turn,
  { propagation, overlap }: Durations,
  { servedWithinUs, overlapUs }: Expectations,
): DeploymentVerdict {
  if (asked.some(({ seen }) => seen === "wrong")) return "wrong";
  if (firstNew === undefined) return "never";
  if (cameBack !== undefined) return "reverted";
  if (propagation!.atLeastUs > servedWithinUs) return "late";
  return overlap!.atLeastUs > overlapUs ? "mixed" : "served";
}

interface Run {
  state: ServedState;
  fromUs: number;
  toUs: number;
}

/**
 * What was served from the request on: one span for each stretch of a kind, and one for all that is mixed. A span ends
 * where the first handshake of another kind was sent, however long one of its own still took.
 */
function spansOf(asked: readonly Sight[], turn: Turn, requestedUs: number): ServedSpan[] {
  const runs: Run[] = [];
  for (const sight of asked) {
    const state = stateOf(sight, turn);
    const last = runs.at(-1);
    const fromUs = last === undefined ? requestedUs : Math.max(requestedUs, sight.sentUs);
    const toUs = Math.max(fromUs, sight.doneUs);
    if (last?.state === state) {
      last.toUs = Math.max(last.toUs, toUs);
    } else {
      if (last !== undefined) last.toUs = fromUs;
      runs.push({ state, fromUs, toUs });
    }
  }
  return atMost(MAX_SPANS, runs);
}

/** Between the first new and the last old one both are served, whatever a single handshake had. */
function stateOf({ seen, sentUs }: Sight, { firstNew, lastOld }: Turn): ServedState {
  if (seen === "wrong" || seen === "unreachable") return seen;
  if (firstNew === undefined || lastOld === undefined) return seen;
  return sentUs >= firstNew.sentUs && sentUs <= lastOld.sentUs ? "mixed" : seen;
}

/** The longest runs, and what is wrong before all others; the rest goes into the runs before it. */
function atMost(most: number, runs: readonly Run[]): Run[] {
  const [first, ...rest] = runs;
  if (first === undefined || runs.length <= most) return [...runs];
  const weight = ({ state, fromUs, toUs }: Run): number =>
    state === "wrong" ? Infinity : toUs - fromUs;
  const chosen = new Set(rest.toSorted((a, b) => weight(b) - weight(a)).slice(0, most - 1));
  const kept = [first];
  for (const run of rest) {
    if (chosen.has(run)) kept.push(run);
    else kept.at(-1)!.toUs = run.toUs;
  }
  return kept;
}
