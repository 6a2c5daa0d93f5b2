/** Which certificate a target serves after an installation that goes wrong as it was told to. Pure. */
import type { DeploymentFault } from "./faults.ts";

export type Served = "old" | "new" | "wrong";

const DEFAULT_MS = 1_000;

/** For the handshake that comes `sinceMs` after the installation, as the `nth` of them, from 0. */
export function servedAt(
  fault: DeploymentFault | undefined,
  sinceMs: number,
  nth: number,
): Served {
  if (fault === undefined) return "new";
  const { kind, afterMs, forMs } = fault;
  switch (kind) {
    case "late":
      return sinceMs < (afterMs ?? DEFAULT_MS) ? "old" : "new";
    case "mixed":
      if (sinceMs < (afterMs ?? 0)) return "old";
      return sinceMs < (afterMs ?? 0) + (forMs ?? DEFAULT_MS) && nth % 2 === 0 ? "old" : "new";
    case "wrong":
      return isWithin(sinceMs, afterMs ?? 0, forMs) ? "wrong" : "new";
    case "reverted":
      return isWithin(sinceMs, afterMs ?? DEFAULT_MS, forMs) ? "old" : "new";
  }
}

function isWithin(sinceMs: number, afterMs: number, forMs = Infinity): boolean {
  return sinceMs >= afterMs && sinceMs < afterMs + forMs;
}

/** When the target begins to serve the new one, milliseconds after the installation: its reload. */
export function reloadsAfterMs(fault: DeploymentFault | undefined): number {
  return fault?.kind === "late" ? fault.afterMs ?? DEFAULT_MS : 0;
}

/** Which rule holds for each installation: rules count what they look at, so `every: 10` is exact. */
export class FaultDraw {
  readonly #rules: readonly DeploymentFault[];
  readonly #random: () => number;
  readonly #seen: number[];

  /** `random` gives numbers in [0, 1). */
  constructor(rules: readonly DeploymentFault[], random: () => number) {
    this.#rules = rules;
    this.#random = random;
    this.#seen = rules.map(() => 0);
  }

  draw(target: string): DeploymentFault | undefined {
    let drawn: DeploymentFault | undefined;
    this.#rules.forEach((rule, index) => {
      if (rule.target !== undefined && rule.target !== target) return;
      const seen = ++this.#seen[index]!;
      if (this.#holds(rule, seen)) drawn ??= rule;
    });
    return drawn;
  }

  #holds({ every, share }: DeploymentFault, seen: number): boolean {
    if (share !== undefined) return this.#random() < share;
    return seen % (every ?? 1) === 0;
  }
}
