/**
 * What a plan needs to know of the flows that it may name. The plan is validated against a catalogue that is handed
 * in, so that this folder imports no flow (`flows/catalogue.ts` has the real one).
 */
import type { ZodType } from "zod";
import type { FlowMeasures } from "../measures.ts";
import type { Tier } from "./plan.ts";

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
  /** Step names in the order in which an iteration makes them, for already parsed options. */
  steps(options: unknown): readonly string[];
  /** What it measures beside its steps; thresholds may name it. No name is that of a step. */
  readonly measures?: FlowMeasures;
}

export type Catalogue = ReadonlyMap<string, FlowSignature>;
