/**
 * The plan as the rest of the program sees it: validated, resolved, plain data (it is sent to worker threads by
 * structured clone). `plan/load_plan.ts` is the only producer.
 */
import type { Change } from "./catalogue.ts";
import type { FleetConfig } from "./fleet.ts";
import type { Threshold } from "./threshold.ts";

/** The tier a scenario belongs to; reports group by it. */
export type Tier = "api" | "connector" | "acme" | "lifecycle";

/** The servers of a run: already there, the embedded lab, or containers. `stack/` starts them. */
export type StackName = "none" | "embedded" | "compose";

/** Application protocol that a scenario's connections speak. `auto` takes what ALPN gives. */
export type Protocol = "http/1.1" | "h2" | "auto";

/** Whose HTTP a scenario is measured with: certload's own, or undici's as a second opinion. */
export type ClientName = "own" | "undici";

export interface TlsOptions {
  readonly insecureSkipVerify: boolean;
  /** PEM text of the trusted roots (the file is read while the plan is loaded), in addition to nothing else. */
  readonly caPem?: string;
  readonly caFile?: string;
  /** What the client shows of itself where the server asks for it; PEM texts, the key a secret. */
  readonly clientCertificate?: { readonly certificatePem: string; readonly keyPem: string };
}

export interface Target {
  /** Absolute URL without a trailing slash, for example `https://localhost:8443`. */
  readonly baseUrl: string;
  /** Bearer token. A secret, see `Plan.secrets`. */
  readonly token?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
}

/** One leg of a load profile: the level moves linearly from `from` to `to` over `durationMs`. */
export interface Stage {
  readonly durationMs: number;
  readonly from: number;
  readonly to: number;
}

/** How arrivals are spaced: all alike, or as independent clients come, a Poisson process. */
export type ArrivalKind = "even" | "poisson";

/** Open model: arrivals come at planned instants whatever the server does. Stage levels are arrivals per second. */
export interface OpenProfile {
  readonly model: "open";
  readonly stages: readonly Stage[];
  /** Arrivals that find this many in flight are dropped and counted. */
  readonly maxInFlight: number;
  readonly arrivals: ArrivalKind;
  /** Of the Poisson process, 32 bits; beside the scenario's name. */
  readonly seed: number;
  /** Of evenly spaced arrivals: the first comes so much of an interarrival after the start, 0 <= phase < 1. */
  readonly phase: number;
}

/** Closed model: users who wait for their answer, then think. Stage levels are users. */
export interface ClosedProfile {
  readonly model: "closed";
  readonly stages: readonly Stage[];
  readonly thinkTimeMs: number;
}

export type LoadProfile = OpenProfile | ClosedProfile;

export interface Scenario {
  readonly name: string;
  readonly tier: Tier;
  readonly flow: string;
  /** The flow's own options, already parsed by the flow's schema. */
  readonly with: unknown;
  /** Step names of the flow under these options, in order. */
  readonly steps: readonly string[];
  /** Of one arrival, where these are not one for each step. */
  readonly requests?: number;
  /** An arrival may make more requests than its flow says: it asks until something has come about. */
  readonly asksAgain?: true;
  /** What an arrival changes at the server. */
  readonly changes: Change;
  /** Origin of the server that is asked, for example `https://localhost:8443`. */
  readonly origin: string;
  /** In place of the target's; empty: none. A secret, see `Plan.secrets`. */
  readonly token?: string;
  /** One arrival before the load; otherwise a connection to `origin` alone. */
  readonly probe: boolean;
  readonly warmup: Warmup;
  /** What is made before the clock, in words; absent: nothing. */
  readonly makes?: string;
  /** For making it, and again for undoing it. */
  readonly setupTimeoutMs: number;
  readonly load: LoadProfile;
  readonly startAfterMs: number;
  readonly timeoutMs: number;
  readonly protocol: Protocol;
  /** certload's own where it is absent. */
  readonly client?: ClientName;
  /** Closed set of connections; absent means as many as the load needs. */
  readonly maxConnections?: number;
  /** Arrivals that can be worked on at once, by so many workers at most; absent: any number. */
  readonly places?: number;
  /** What it runs on this host, as argv; absent: nothing. */
  readonly commands?: readonly (readonly string[])[];
  readonly thresholds: readonly Threshold[];
}

/** Unmeasured requests before the clock starts: at most `requests`, for at most `durationMs`. */
export interface Warmup {
  readonly requests: number;
  readonly durationMs: number;
  /** Then the load itself, all scenarios that have one from their beginning, for so long. */
  readonly rehearsalMs: number;
}

/**
 * Origin of the server that a run is of: the target's, or where no scenario asks that, the first scenario's. Scenarios may
 * ask others.
 */
export function mainOrigin({ target, scenarios }: Pick<Plan, "target" | "scenarios">): string {
  const { origin } = new URL(target.baseUrl);
  const [first] = scenarios;
  const isAsked = scenarios.some((scenario) => scenario.origin === origin);
  return isAsked || first === undefined ? origin : first.origin;
}

/** The same as the plan writes it. */
export function mainServer(plan: Pick<Plan, "target" | "scenarios">): string {
  const origin = mainOrigin(plan);
  return new URL(plan.target.baseUrl).origin === origin ? plan.target.baseUrl : origin;
}

export function isSameWarmup(one: Warmup, other: Warmup): boolean {
  return one.requests === other.requests && one.durationMs === other.durationMs &&
    one.rehearsalMs === other.rehearsalMs;
}

/** A Prometheus endpoint of the server, read before and after the run. */
export interface ServerMetrics {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Plan {
  readonly name: string;
  readonly description?: string;
  /** Where the plan came from, and the SHA-256 (hex) of its effective content, secrets left out. */
  readonly identity: { readonly source: string; readonly sha256: string };
  readonly target: Target;
  /** Servers that the tool starts for the run. */
  readonly stack: StackName;
  readonly workers: "auto" | number;
  /** Of scenarios that do not say and change nothing. */
  readonly warmup: Warmup;
  readonly gracefulStopMs: number;
  readonly serverMetrics?: ServerMetrics;
  readonly scenarios: readonly Scenario[];
  /** What `certload fleet` answers for; no load by itself. */
  readonly fleet?: FleetConfig;
  /** Thresholds over the whole run. */
  readonly thresholds: readonly Threshold[];
  /** Texts in this plan that are never to be shown: tokens, credentials in headers and options, secret variables. */
  readonly secrets: readonly string[];
  /** What readers of the results have to know of this plan, one sentence each. */
  readonly notes?: readonly string[];
}
