/** A demand as a mix of the plan's scenarios: which of them stands for which work, and how often it comes then. */
import type { Scenario } from "../plan/plan.ts";
import { type Rates, type Work, WORKS } from "./demand.ts";

const WORK_OF_FLOW: Readonly<Record<string, Work>> = {
  create_certificate: "issue",
  acme_enroll: "issue",
  deploy_loop: "issue",
  acme_revoke: "revoke",
  acme_renewal_info: "renewal_info",
  acme_unauthenticated: "renewal_info",
  agent_fleet: "agent_poll",
  tls_handshake: "handshake",
};

/** The flow to add to a plan that has none for the work. */
export const FLOW_OF_WORK: Readonly<Record<Work, string>> = {
  issue: "create_certificate",
  revoke: "acme_revoke",
  renewal_info: "acme_renewal_info",
  agent_poll: "agent_fleet",
  handshake: "tls_handshake",
};

/** As heads of columns. */
export const NAME_OF_WORK: Readonly<Record<Work, string>> = {
  issue: "issue",
  revoke: "revoke",
  renewal_info: "ARI",
  agent_poll: "agents",
  handshake: "handshakes",
};

export const WORK_IN_WORDS: Readonly<Record<Work, string>> = {
  issue: "certificates",
  revoke: "revocations",
  renewal_info: "renewal information",
  agent_poll: "polling of agents",
  handshake: "handshakes",
};

export interface MixEntry {
  readonly scenario: string;
  readonly flow: string;
  /** null: no part of the fleet's demand, it goes on as the plan has it. */
  readonly work: Work | null;
  /** Arrivals; null: of users who wait for their answer (closed model), as many as are answered. */
  readonly perS: number | null;
  readonly requestsPerS: number | null;
}

export interface Mix {
  readonly entries: readonly MixEntry[];
  /** What the fleet asks for and no scenario of the plan stands for. */
  readonly missing: readonly { readonly work: Work; readonly perS: number }[];
}

/** Scenarios that stand for the same work share it in the proportion of their own rates; evenly, where one has none. */
export function mixOf(rates: Rates, scenarios: readonly Scenario[]): Mix {
  const byWork = Map.groupBy(scenarios, ({ flow }) => workOf(flow));
  return {
    entries: scenarios.map((scenario) => entryOf(scenario, rates, byWork)),
    missing: WORKS.filter((work) => rates[work] > 0 && !byWork.has(work))
      .map((work) => ({ work, perS: rates[work] })),
  };
}

/** null: the flow stands for no part of a fleet's demand. */
export function workOf(flow: string): Work | null {
  return Object.hasOwn(WORK_OF_FLOW, flow) ? WORK_OF_FLOW[flow]! : null;
}

function entryOf(
  scenario: Scenario,
  rates: Rates,
  byWork: ReadonlyMap<Work | null, readonly Scenario[]>,
): MixEntry {
  const { name, flow, steps, requests = steps.length } = scenario;
  const work = workOf(flow);
  const perS = work === null
    ? highestPerS(scenario)
    : rates[work] * shareOf(scenario, byWork.get(work) ?? [scenario]);
  return {
    scenario: name,
    flow,
    work,
    perS,
    requestsPerS: perS === null ? null : perS * requests,
  };
}

function shareOf(scenario: Scenario, all: readonly Scenario[]): number {
  const levels = all.map(highestPerS);
  const own = highestPerS(scenario);
  if (own === null || levels.some((level) => level === null)) return 1 / all.length;
  return own / levels.reduce<number>((sum, level) => sum + level!, 0);
}

function highestPerS({ load }: Scenario): number | null {
  if (load.model === "closed") return null;
  return Math.max(...load.stages.flatMap(({ from, to }) => [from, to]));
}
