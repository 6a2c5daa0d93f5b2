/** Fleets for tests, from a plan's section. */
import { type Fleet, fleetOf } from "../../src/fleet/fleet.ts";
import { type Demand, demandsOf, type Shape } from "../../src/fleet/demand.ts";
import type { Scenario } from "../../src/plan/plan.ts";
import { fleetSchema } from "../../src/plan/fleet.ts";

export function fleetFrom(section: Readonly<Record<string, unknown>>): Fleet {
  return fleetOf(fleetSchema.parse({ certificates: 50_000, ...section }));
}

export function demandFrom(section: Readonly<Record<string, unknown>>, shape: Shape): Demand {
  const demand = demandsOf(fleetFrom(section)).find((each) => each.shape === shape);
  if (demand === undefined) throw new Error(`No ${shape} for ${JSON.stringify(section)}`);
  return demand;
}

/** A scenario with this flow, and its name; 10/s unless said otherwise. */
export function open(flow: string, perS = 10): Scenario {
  return {
    name: flow,
    flow,
    steps: ["one"],
    load: { ...OPEN, stages: [{ durationMs: 1000, from: perS, to: perS }] },
    thresholds: [],
  } as unknown as Scenario;
}

const OPEN = { model: "open", maxInFlight: 1, arrivals: "even", seed: 7, phase: 0 };
