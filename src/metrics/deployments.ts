/**
 * Which deployments of a scenario are kept one by one: the first 500, and the first 500 that went wrong. All are counted.
 * What is kept of a whole is kept of its parts, so parts add up exactly, in any order.
 */
import { type Deployment, type DeploymentVerdict, MAX_SPANS } from "../deployment.ts";
import { foreign } from "../terminal.ts";
import { addCounts } from "./counts.ts";

export const MAX_DEPLOYMENTS = 500;

const MAX_TARGET_CHARACTERS = 120;

export interface Deployments {
  /** By `requestedUs`; instants in microseconds from the run's start. */
  readonly kept: readonly Deployment[];
  /** How many had each verdict, those that are not kept included. */
  readonly verdicts: Readonly<Partial<Record<DeploymentVerdict, number>>>;
}

export const NO_DEPLOYMENTS: Deployments = { kept: [], verdicts: {} };

export class DeploymentLog {
  readonly #startUs: number;
  #kept: Deployment[] = [];
  readonly #verdicts: Partial<Record<DeploymentVerdict, number>> = {};

  /** @param startUs The run's start, from which instants are counted. */
  constructor(startUs: number) {
    this.#startUs = startUs;
  }

  add(deployment: Deployment): void {
    const { verdict } = deployment;
    this.#verdicts[verdict] = (this.#verdicts[verdict] ?? 0) + 1;
    this.#kept.push(bounded(shiftedBy(deployment, -this.#startUs)));
    if (this.#kept.length > 4 * MAX_DEPLOYMENTS) this.#kept = keptOf(this.#kept);
  }

  deployments(): Deployments {
    return { kept: keptOf(this.#kept), verdicts: this.#verdicts };
  }
}

export function addDeployments(a: Deployments, b: Deployments): Deployments {
  return {
    kept: keptOf([...a.kept, ...b.kept]),
    verdicts: addCounts(a.verdicts, b.verdicts),
  };
}

/** All instants later by `us`. */
export function shiftedBy(deployment: Deployment, us: number): Deployment {
  const { issuedUs, reportedUs, firstNewUs, lastOldUs, nextNewUs } = deployment;
  return {
    ...deployment,
    requestedUs: deployment.requestedUs + us,
    ...(issuedUs !== undefined && { issuedUs: issuedUs + us }),
    ...(reportedUs !== undefined && { reportedUs: reportedUs + us }),
    ...(firstNewUs !== undefined && { firstNewUs: firstNewUs + us }),
    ...(lastOldUs !== undefined && { lastOldUs: lastOldUs + us }),
    ...(nextNewUs !== undefined && { nextNewUs: nextNewUs + us }),
    spans: deployment.spans.map(({ state, fromUs, toUs }) => ({
      state,
      fromUs: fromUs + us,
      toUs: toUs + us,
    })),
  };
}

function bounded(deployment: Deployment): Deployment {
  return {
    ...deployment,
    target: foreign(deployment.target).slice(0, MAX_TARGET_CHARACTERS),
    spans: deployment.spans.slice(0, MAX_SPANS),
  };
}

function keptOf(deployments: readonly Deployment[]): Deployment[] {
  const inOrder = deployments.toSorted(byRequest);
  const rest = inOrder.slice(MAX_DEPLOYMENTS);
  const wrong = inOrder.filter(({ verdict }) => verdict !== "served").slice(0, MAX_DEPLOYMENTS);
  const isWrong = new Set(wrong);
  return [...inOrder.slice(0, MAX_DEPLOYMENTS), ...rest.filter((one) => isWrong.has(one))];
}

function byRequest(a: Deployment, b: Deployment): number {
  return a.requestedUs - b.requestedUs || compareTexts(a.target, b.target) ||
    compareTexts(JSON.stringify(a), JSON.stringify(b));
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
