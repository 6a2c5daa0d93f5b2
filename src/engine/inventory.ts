/** The inventory that a server is given before a search, and its removal: a set-up like those of flows, for all levels. */
import {
  type InventoryOptions,
  makeInventory,
  type RowOptions,
  saysWhose,
} from "../flows/inventory.ts";
import { flowNamed } from "../flows/registry.ts";
import type { FlowDefinition, SetupContext } from "../flows/flow.ts";
import type { Failure } from "../http/failure.ts";
import type { Inventory } from "../inventory.ts";
import type { NotUndone } from "../metrics/run.ts";
import type { SetupState } from "../metrics/run_state.ts";
import type { Plan } from "../plan/plan.ts";
import { timerClock } from "../timer.ts";
import type { Interrupt } from "./coordinator.ts";
import { newRunId } from "./run.ts";
import { Setups } from "./setup.ts";

/** A limiter of 50/s lets 50,000 rows through in 17 minutes. */
const TIMEOUT_MS = 2 * 3_600_000;

export type InventoryMade =
  | { readonly kind: "made"; readonly inventory: Inventory }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "interrupted" };

/** Whether the plan says whose certificates an inventory would be. */
export function hasInventoryOwner({ scenarios }: Plan): boolean {
  return scenarios.some(saysWhose);
}

/** `make` once, and `undo` whatever happened in between. */
export class InventorySetup {
  readonly #setups: Setups;

  constructor(
    { plan, interrupt, onProgress, ...options }: InventoryOptions & {
      readonly plan: Plan;
      readonly interrupt: Interrupt;
      readonly onProgress: (state: SetupState) => void;
    },
  ) {
    const scenario = plan.scenarios.find(saysWhose);
    if (scenario === undefined) {
      throw new RangeError("No scenario says whose certificates they are");
    }
    const only = { ...scenario, name: "inventory", setupTimeoutMs: TIMEOUT_MS };
    this.#setups = new Setups({
      plan: { ...plan, scenarios: [only] },
      runId: newRunId(),
      clock: timerClock,
      interrupt,
      onProgress,
      flow: async (name): Promise<FlowDefinition<unknown>> => ({
        ...await flowNamed(name),
        setup: (context) => makeInventory(context as SetupContext<RowOptions>, options),
      }),
    });
  }

  async make(): Promise<InventoryMade> {
    const made = await this.#setups.make();
    if (made.kind === "made") return { kind: "made", inventory: made.made[0] as Inventory };
    return made.kind === "failed" ? { kind: "failed", failure: made.failure } : made;
  }

  undo(): Promise<NotUndone[]> {
    return this.#setups.undo();
  }
}
