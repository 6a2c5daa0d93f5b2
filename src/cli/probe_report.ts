/** What the probe found, as text: what was asked, what came back, and what to do. */
import { likelyCause } from "../engine/diagnosis.ts";
import type { ProbedStep, ProbeResult } from "../engine/probe.ts";
import type { Reached } from "../http/reach.ts";
import { formatMs } from "../metrics/format.ts";
import { whyUntried } from "../plan/before_clock.ts";
import type { Scenario } from "../plan/plan.ts";
import { BAD, GOOD } from "../report/marks.ts";
import { foreign } from "../terminal.ts";

/** A cause that several scenarios share is told once, after them, with their names. */
export function renderProbes(results: readonly ProbeResult[]): string {
  const byCause = Map.groupBy(results, likelyCause);
  byCause.delete(undefined);
  const shared = [...byCause].filter(([, { length }]) => length > 1);
  const told = new Set(shared.map(([cause]) => cause));
  return [
    ...results.map((result) => renderProbe(result, told)),
    ...shared.map(([cause, those]) =>
      `likely, of ${those.map(({ scenario }) => scenario.name).join(", ")}: ${cause}`
    ),
  ].map((lines) => `${lines}\n`).join("");
}

function renderProbe(result: ProbeResult, told: ReadonlySet<string | undefined>): string {
  const { scenario, failure, reached, untried = whyUntried(scenario) } = result;
  if (reached !== undefined) {
    return `- ${scenario.name}: ${
      connected(scenario, reached)
    }; no arrival was sent, as ${untried}`;
  }
  if (failure === undefined) {
    return `${GOOD.sign} ${scenario.name}: ${result.steps.map(stepLine).join(", ")}`;
  }
  const failed = result.steps.findLast((step) => step.failure !== undefined);
  const cause = likelyCause(result);
  return [
    `${BAD.sign} ${scenario.name}${failed ? `, step ${failed.step}` : ""}`,
    ...(failed ? [`    asked:  ${asked(failed)}`, `    answer: ${answer(failed)}`] : []),
    `    failed: ${failure.class}: ${failure.message}`,
    ...(told.has(cause) || cause === undefined ? [] : [`    likely: ${cause}`]),
  ].join("\n");
}

function connected({ origin }: Scenario, { phases }: Reached): string {
  const { dnsUs = 0, connectUs = 0, tlsUs } = phases;
  const whole = formatMs((dnsUs + connectUs + (tlsUs ?? 0)) / 1000);
  return foreign(`connected to ${origin}${tlsUs === undefined ? "" : " with TLS"} in ${whole}`);
}

function stepLine({ step, exchange }: ProbedStep): string {
  return `${step} ${exchange.status} in ${duration(exchange)}`;
}

function asked({ exchange: { request } }: ProbedStep): string {
  return foreign(`${request.method} ${request.url.href}`);
}

function answer({ exchange }: ProbedStep): string {
  if (exchange.status === 0) return `none after ${duration(exchange)}`;
  const type = foreign(exchange.header("content-type") ?? "", 120);
  return `${exchange.status}${type ? ` ${type}` : ""} in ${duration(exchange)}`;
}

function duration({ startedUs, endedUs }: ProbedStep["exchange"]): string {
  return formatMs((endedUs - startedUs) / 1000);
}
