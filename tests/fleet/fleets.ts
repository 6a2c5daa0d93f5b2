/** Fleets for tests, from a plan's section. */
import { type Fleet, fleetOf } from "../../src/fleet/fleet.ts";
import { type Demand, demandsOf, type Shape } from "../../src/fleet/demand.ts";
import { fleetSchema } from "../../src/plan/fleet.ts";

export function fleetFrom(section: Readonly<Record<string, unknown>>): Fleet {
  return fleetOf(fleetSchema.parse({ certificates: 50_000, ...section }));
}

export function demandFrom(section: Readonly<Record<string, unknown>>, shape: Shape): Demand {
  const demand = demandsOf(fleetFrom(section)).find((each) => each.shape === shape);
  if (demand === undefined) throw new Error(`No ${shape} for ${JSON.stringify(section)}`);
  return demand;
}
