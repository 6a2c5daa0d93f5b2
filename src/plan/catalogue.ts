/**
 * What a plan needs to know of the flows that it may name. The plan is validated against a catalogue that is handed
 * in, so that this folder imports no flow (`flows/catalogue.ts` has the real one).
 */
import type { ZodType } from "zod";
import type { FlowMeasures } from "../measures.ts";
import type { Tier } from "./plan.ts";

/**
 * What an arrival changes at the server. `idempotent`: another one changes nothing further (RFC 9110 section 9.2.2).
 * `adds`: each makes something of its own and meets no other. `unknown`: a plan's own request that is not idempotent.
 * `once`: it uses up what the next would need. `batch`: it works on many things at once, made for it beforehand. Only the
 * first is sent before the clock without being asked for; `doctor`, who has no clock, tries the first three.
 */
export type Change = "idempotent" | "adds" | "unknown" | "once" | "batch";

export interface FlowSignature {
  readonly name: string;
  /** One line for `certload check`, the JSON Schema and error texts. */
  readonly summary: string;
  /** The tier when the plan does not say. */
  readonly tier: Tier;
  /** Schema of the scenario's `with`; its output is what the flow gets. Strict: unknown keys are problems. */
  readonly options: ZodType;
  /** Names that the flow fills in where texts of its options have them in braces. */
  readonly placeholders?: readonly string[];
  /** What an arrival changes, for already parsed options; whether it is sent before the clock hangs on it. */
  changes(options: unknown): Change;
  /** URL of the server that is asked, or a path on the target; undefined: the plan's target. */
  serverUrl?(options: unknown): string | undefined;
  /** What is made before the clock, in words: `20 accounts`; undefined: nothing. Each flow with a `setup` says so. */
  makes?(options: unknown): string | undefined;
  /** How many arrivals can be worked on at once, for example one for each target: so many workers carry it at most. */
  places?(options: unknown): number;
  /** Arrivals per second where they follow from the options; the plan then states no load but its duration. */
  rate?(options: unknown): number;
  /** Commands that a scenario with these options runs on this host, as argv; they want `--allow-commands`. */
  commands?(options: unknown): readonly (readonly string[])[];
  /** Requests of one arrival, where these are not one for each step. */
  requests?(options: unknown): number;
  /** It asks until something has come about, so an arrival's requests are the fewest that it makes. */
  asksAgain?(options: unknown): boolean;
  /** Step names in the order in which an iteration makes them, for already parsed options. */
  steps(options: unknown): readonly string[];
  /** What it measures beside its steps; thresholds may name it. No name is that of a step. */
  readonly measures?: FlowMeasures;
}

export type Catalogue = ReadonlyMap<string, FlowSignature>;

/** Of all flows together. */
export function measuresOf(catalogue: Catalogue): FlowMeasures {
  const all = [...catalogue.values()].map(({ measures = {} }) => measures);
  return {
    durations: Object.assign({}, ...all.map(({ durations }) => durations)),
    counters: Object.assign({}, ...all.map(({ counters }) => counters)),
    shares: Object.assign({}, ...all.map(({ shares }) => shares)),
  };
}
