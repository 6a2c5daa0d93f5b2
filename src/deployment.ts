/**
 * What became of one certificate on its way to a target, and the names under which a flow that deploys tells its figures:
 * flows list them as their `measures`, reports and the rules of validity read them.
 */
import type { FlowMeasures } from "./measures.ts";

/**
 * What a fresh handshake was served: the certificate of before, the new one, both within one stretch, a third one (or one
 * whose key does not fit), or nothing.
 */
export const SERVED_STATES = ["old", "mixed", "new", "wrong", "unreachable"] as const;
export type ServedState = (typeof SERVED_STATES)[number];

/**
 * `served`: the new one, and it stayed. `late`: the old one was still served when the new one was due. `mixed`: old and new
 * in turns for longer than a reload takes. `wrong`: a third one. `reverted`: the old one again, after the new one alone.
 * `never`: not served by the deadline.
 */
export const DEPLOYMENT_VERDICTS = [
  "served",
  "late",
  "mixed",
  "wrong",
  "reverted",
  "never",
] as const;
export type DeploymentVerdict = (typeof DEPLOYMENT_VERDICTS)[number];

export interface ServedSpan {
  readonly state: ServedState;
  readonly fromUs: number;
  readonly toUs: number;
}

/** Instants are epoch microseconds, as all of a run. */
export interface Deployment {
  /** `127.0.0.1:9443 web-1.example.com` */
  readonly target: string;
  /** Who deployed. */
  readonly by: "certload" | "agent";
  /** The renewal was accepted: what `propagation` is counted from. */
  readonly requestedUs: number;
  readonly issuedUs?: number;
  /** Completion was told to the server, or seen there. */
  readonly reportedUs?: number;
  readonly firstNewUs?: number;
  readonly lastOldUs?: number;
  /** The first handshake with the new certificate after `lastOldUs`: the other end of the interval. */
  readonly nextNewUs?: number;
  readonly verdict: DeploymentVerdict;
  /** What was served over time, ascending; at most `MAX_SPANS`. */
  readonly spans: readonly ServedSpan[];
}

export const MAX_SPANS = 32;

/** What a flow that deploys and watches may tell: it lists these as its `measures`. */
export const DEPLOY_MEASURES = {
  durations: {
    propagation: "renewal accepted to the last handshake with the old certificate",
    overlap: "first handshake with the new certificate to the last with the old one",
    staleness: "completion reported to the last handshake with the old certificate",
    watch_interval:
      "between two fresh handshakes of the watch: how much longer each of the others may have been",
  },
  counters: {
    wrong: "deployments in which a third certificate was served, or a key that does not fit",
    reverted: "deployments after which the old certificate came back",
    mixed: "deployments in which old and new certificate were served in turns",
    late: "deployments whose certificate was not served, and it alone, when it was due",
    never: "deployments whose certificate was not served by the deadline",
    handshake_failures: "fresh handshakes of the watch that failed",
    kept_requests: "requests of the watch on kept connections",
    reset_requests: "of these, cut off by the server",
    watch_handshakes: "fresh handshakes of the watch",
    watch_late: "of these, made later than half an interval after they were due",
  },
  shares: {
    reset_share: {
      of: "reset_requests",
      among: "kept_requests",
      meaning: "requests on kept connections that were cut off",
    },
  },
} as const satisfies FlowMeasures;
