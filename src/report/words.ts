/** Words that several reports share. */
import type {
  Finding,
  Summary,
  SummaryPeer,
  SummaryScenario,
  SummarySeries,
  ThresholdResult,
} from "../metrics/summary_schema.ts";
import {
  formatCount,
  formatMs,
  formatPercent,
  formatRate,
  formatSeconds,
} from "../metrics/format.ts";
import { isRelative } from "../verdict/relative.ts";
import { scenariosOf } from "../metrics/scenarios.ts";
import { own } from "../metrics/own.ts";
import type { Shard } from "../shard.ts";

export const LAB_WARNING =
  "The target was the embedded lab: do not publish these figures as certctl's.";

const TIER_NAMES: Readonly<Record<string, string>> = {
  api: "API",
  connector: "Connectors",
  acme: "ACME",
  lifecycle: "Lifecycle",
};

export function nameOfTier(tier: string): string {
  return own(TIER_NAMES, tier) ?? tier;
}

/** `valid`, `valid, with remarks`, `invalid`; of an interrupted run that it is not whole. */
export function validityWord({ interrupted, validity }: Summary): string {
  const { verdict, warnings } = validity;
  if (interrupted) return verdict === "valid" ? "not a whole run" : "not a whole run, and invalid";
  return verdict === "valid" && warnings.length > 0 ? "valid, with remarks" : verdict;
}

/** One machine's part of a run that several share; undefined of the whole, were it made of one part that came. */
export function shardOf({ shards, exit }: Summary): Shard | undefined {
  const [part, ...others] = shards?.parts ?? [];
  if (shards === null || part === undefined || others.length > 0) return undefined;
  const isPart = exit.name === "delivered" || exit.name === "interrupted" && shards.count > 1;
  return isPart ? { index: part.index, count: shards.count } : undefined;
}

/** Those that were judged: a part is none of a run, so its own say nothing. */
export function judgedThresholds(summary: Summary): readonly ThresholdResult[] {
  return shardOf(summary) === undefined ? summary.thresholds : [];
}

/** What an interrupted run's figures are of; undefined of a whole one. */
export function partOfRun(summary: Summary): string | undefined {
  if (!summary.interrupted) return undefined;
  const planned = scenariosOf(summary).map(([, { load }]) =>
    load.stages.reduce((sum, { duration_s }) => sum + duration_s, load.start_after_s)
  );
  return `Ended after ${formatSeconds(summary.duration_s)} of the planned ${
    formatSeconds(Math.max(0, ...planned))
  }: figures and thresholds are of that part alone`;
}

/** The host had no CPU left: said once, before anything else, as every figure is to be read with it in mind. */
export function saturatedHost({ validity }: Summary): Finding | undefined {
  return [...validity.reasons, ...validity.warnings].find(isSaturatedHost);
}

/** Why the run ended so; nothing where that is what was said of the host already. */
export function exitReason(summary: Summary): string {
  const { reason } = summary.exit;
  return reason === saturatedHost(summary)?.message ? "" : reason;
}

/** Findings without what `saturatedHost` has said already. */
export function otherFindings(findings: readonly Finding[]): Finding[] {
  return findings.filter((finding) => !isSaturatedHost(finding));
}

function isSaturatedHost({ code }: Finding): boolean {
  return code === "host_cpu";
}

/** Findings that ask for the same, together: `advice` once, in the order of the first of each. */
export function findingGroups(
  findings: readonly Finding[],
): { messages: string[]; advice: string }[] {
  const groups = Map.groupBy(findings, ({ advice }) => advice);
  return Array.from(groups, ([advice, same]) => ({
    messages: same.map(({ message }) => message),
    advice,
  }));
}

/** `create_certificate`, `acme directory`, `whole run` */
export function whereOf({ scenario, step }: Pick<ThresholdResult, "scenario" | "step">): string {
  return scenario === null ? "whole run" : [scenario, step].filter(Boolean).join(" ");
}

/** A value or limit in the unit of its threshold. */
export function inUnit(value: number | null, unit: ThresholdResult["unit"]): string {
  if (value === null) return "-";
  switch (unit) {
    case "ms":
      return formatMs(value);
    case "ratio":
      return formatPercent(value);
    case "per_s":
      return formatRate(value);
    case "count":
      return formatCount(value);
  }
}

/** Nothing is to be done about it: it held, or there was no baseline to hold it to. */
export function isHeld({ verdict }: Pick<ThresholdResult, "verdict">): boolean {
  return verdict === "pass" || verdict === "skipped";
}

/** What was seen: `3.2 ms`, `no data`, `3.2 ms, baseline has no such figure`. */
export function thresholdValue(threshold: ThresholdResult): string {
  const { value, unit, limit, verdict } = threshold;
  if (value === null) return "no data";
  const seen = inUnit(value, unit);
  if (verdict === "skipped") return `${seen}, no baseline given`;
  if (limit === null) return `${seen}, the baseline has no such figure`;
  const bound = isRelative(threshold) ? `${seen}, limit ${inUnit(limit, unit)}` : seen;
  return verdict === "cannot_tell" ? `${bound}, cannot tell` : bound;
}

/** What the response times are of; failures that have a time of their own are told apart. */
export const RESPONSE_TIME_NOTE =
  "response time of answers as expected and of timeouts, from the planned instant";

/** The row of the other failures, whose times are below those that count. */
export const FAILED_ROW = "failures took";

/** `1 worker`, `2 workers` */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Each certificate once, with all its exchanges and the scenarios that saw it. */
export function peersOf(
  summary: Pick<Summary, "phases">,
): { peer: SummaryPeer; scenarios: string[] }[] {
  const seen = new Map<string, { peer: SummaryPeer; scenarios: string[] }>();
  for (const [name, { tls_peers }] of scenariosOf(summary)) {
    for (const peer of tls_peers) {
      const there = seen.get(peer.fingerprint_sha256);
      const exchanges = peer.exchanges + (there?.peer.exchanges ?? 0);
      const scenarios = [...there?.scenarios ?? [], name];
      seen.set(peer.fingerprint_sha256, { peer: { ...peer, exchanges }, scenarios });
    }
  }
  return Array.from(seen.values());
}

/** A scenario's series: its iterations, then its steps where there are several (one says nothing new). */
export function seriesOf(
  name: string,
  scenario: SummaryScenario,
): { scenario: string; step: string | null; series: SummarySeries }[] {
  const steps = Object.entries(scenario.steps);
  return [
    { scenario: name, step: null, series: scenario },
    ...(steps.length > 1 ? steps : []).map(([step, series]) => ({ scenario: name, step, series })),
  ];
}

/** A scenario's failures by the step that had them, then those that were no step's: what a flow found wrong in between. */
export function failuresOf(
  name: string,
  scenario: SummaryScenario,
): { step: string | null; failure: SummarySeries["failures"][number] }[] {
  const [whole, ...steps] = seriesOf(name, scenario);
  const ofSteps = steps.flatMap(({ step, series }) =>
    series.failures.map((failure) => ({ step, failure }))
  );
  const elsewhere = (whole?.series.failures ?? []).flatMap((failure) => {
    const inSteps = ofSteps.filter((one) => one.failure.class === failure.class)
      .reduce((sum, one) => sum + one.failure.count, 0);
    const count = failure.count - inSteps;
    return count > 0 ? [{ step: null, failure: { ...failure, count } }] : [];
  });
  return [...ofSteps, ...elsewhere];
}

/** `3 dropped, 1 interrupted of 100 arrivals`: arrivals without an answer; an empty text where each has one. */
export function shortfallOf({ offered, dropped, interrupted }: SummaryScenario): string {
  const parts = [
    dropped > 0 ? `${formatCount(dropped)} dropped` : "",
    interrupted > 0 ? `${formatCount(interrupted)} interrupted` : "",
  ].filter(Boolean).join(", ");
  return parts && offered ? `${parts} of ${formatCount(offered.arrivals)} arrivals` : parts;
}

/** `TLSv1.3, TLS_AES_128_GCM_SHA256` */
export function tlsOf({ tls_version, cipher }: SummaryPeer): string {
  return [tls_version, cipher].filter(Boolean).join(", ");
}

/** What a certificate is for: its names, each once, or else its subject. */
export function peerNames({ sans, subject }: SummaryPeer): string {
  return Array.from(new Set(sans)).join(", ") || subject;
}
