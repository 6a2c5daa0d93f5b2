/** The fleet's demand, and the answer where there is one, for a terminal or a mail. */
import { formatCount, formatRate, formatSeconds } from "../metrics/format.ts";
import { formatDuration } from "../plan/units.ts";
import { tableLines } from "../report/table.ts";
import { type Demand, renewalsPerS, replaceAllS, totalPerS, type Work, WORKS } from "./demand.ts";
import type { FleetReport } from "./document.ts";
import type { Fleet } from "./fleet.ts";
import type { FleetAnswer } from "./headroom.ts";
import { FLOW_OF_WORK } from "./mix.ts";
import { LETS_ENCRYPT_PER_S } from "./sources.ts";

const NAME_OF_WORK: Readonly<Record<Work, string>> = {
  issue: "issue",
  revoke: "revoke",
  renewal_info: "ARI",
  agent_poll: "agents",
  handshake: "handshakes",
};

/** Rates at which everybody asks how long it would take. */
const EXAMPLE_PER_S = [1, 10, 100];

export function fleetText(report: FleetReport): string {
  const { fleet, demands, answer } = report;
  const only = demands.map(({ demand }) => demand);
  return [
    headLines(fleet),
    tableLines(demandTable(fleet, only)),
    ...(answer === undefined ? [] : [answerLines(answer)]),
    ["How that is worked out", ...only.flatMap(arithmeticLines)],
    mixLines(report),
    noteLines(fleet, only),
    ["Sources", ...sourceLines(only)],
  ].map((part) => part.join("\n")).join("\n\n") + "\n";
}

function headLines(fleet: Fleet): string[] {
  const { certificates, lifetimeMs, intervalMs, ariPollMs, agents, zombies, profile } = fleet;
  const parts = [
    `${formatCount(certificates)} certificates of ${formatDuration(lifetimeMs)}${
      profile === null ? "" : ` (profile ${profile})`
    }, each renewed every ${formatSpan(intervalMs)}`,
    ariPollMs === null ? "no renewal information" : `ARI every ${formatDuration(ariPollMs)}`,
    `${formatCount(agents)} agents`,
    ...(zombies > 0 ? [`${Number((zombies * 100).toPrecision(3))} % of the attempts in vain`] : []),
  ];
  return [parts.join("; ")];
}

function demandTable(fleet: Fleet, demands: readonly Demand[]): Parameters<typeof tableLines>[0] {
  const works = WORKS.filter((work) => demands.some(({ rates }) => rates[work] > 0));
  const mean = renewalsPerS(fleet);
  return {
    head: ["demand", ...works.map((work) => NAME_OF_WORK[work]), "all", "of the mean", "lasts"],
    rows: demands.map((demand) => [
      demand.title,
      ...works.map((work) => demand.rates[work] === 0 ? "-" : formatRate(demand.rates[work])),
      formatRate(totalPerS(demand)),
      demand.rates.handshake === 0 ? "-" : `${timesText(demand.rates.handshake / mean)} x`,
      demand.durationMs === null ? "always" : formatSeconds(demand.durationMs / 1000),
    ]),
  };
}

function answerLines({ rows, sentence }: FleetAnswer): string[] {
  const table = tableLines({
    head: ["demand", "needed", "held", "headroom", "enough", "gave out"],
    rows: rows.map((row) => [
      row.title,
      formatRate(row.neededPerS),
      row.heldPerS === null ? "-" : `${row.atLeast ? ">= " : ""}${formatRate(row.heldPerS)}`,
      row.headroom === null ? "-" : `${timesText(row.headroom)} x`,
      row.enough,
      row.who === "none" ? "-" : row.who,
    ]),
  });
  return [sentence, "", ...table];
}

function arithmeticLines({ title, arithmetic }: Demand): string[] {
  return arithmetic.map((line, n) => n === 0 ? `  ${title}: ${line}` : `    ${line}`);
}

/** Rates by scenario; what a plan cannot ask for is named, with the flow that could. */
function mixLines({ demands }: FleetReport): string[] {
  const scenarios = demands[0]?.mix.entries ?? [];
  const table = tableLines({
    head: ["scenario", ...demands.map(({ demand }) => demand.shape)],
    rows: scenarios.map(({ scenario }, at) => [
      scenario,
      ...demands.map(({ mix }) => {
        const { perS } = mix.entries[at]!;
        return perS === 0 ? "-" : perS === null ? "users" : formatRate(perS);
      }),
    ]),
  });
  const missing = WORKS.filter((work) =>
    demands.some(({ mix }) => mix.missing.some((each) => each.work === work))
  );
  return [
    "In the plan's scenarios (what is no part of the demand goes on at its own rate)",
    ...table.map((line) => `  ${line}`),
    ...missing.map((work) =>
      `  No scenario of this plan asks for ${NAME_OF_WORK[work]}: one with the flow ${
        FLOW_OF_WORK[work]
      } does`
    ),
  ];
}

function noteLines(fleet: Fleet, demands: readonly Demand[]): string[] {
  const { reuseMs, intervalMs, signerPerS } = fleet;
  const proofs = reuseMs === null ? [] : [
    reuseMs < intervalMs
      ? `Proofs of control are used again for ${formatDuration(reuseMs)}, less than the ${
        formatSpan(intervalMs)
      } between renewals: every renewal proves its names anew`
      : `Proofs of control are used again for ${formatDuration(reuseMs)}: some renewals need none`,
  ];
  const signer = signerPerS === null ? [] : [
    `The signer makes ${formatRate(signerPerS)} certificates, all of them in ${
      formatSeconds(fleet.certificates / signerPerS)
    }; ${beyondSigner(signerPerS, demands)}`,
  ];
  const examples = EXAMPLE_PER_S.map((perS) =>
    `${formatSeconds(replaceAllS(fleet, perS))} at ${formatRate(perS)}`
  );
  const { hourly, daily, prepared } = LETS_ENCRYPT_PER_S;
  return [
    `To replace all takes ${examples.join(", ")}`,
    ...signer,
    ...proofs,
    `For scale: Let's Encrypt issues ${formatRate(hourly)} to ${
      formatRate(daily)
    } and prepared for ${formatRate(prepared)}`,
  ];
}

/** Zombies' attempts end before anything is signed. */
function beyondSigner(signerPerS: number, demands: readonly Demand[]): string {
  const beyond = demands.filter(({ rates }) => rates.handshake > signerPerS);
  return beyond.length === 0
    ? "no demand is beyond that"
    : `beyond that: ${
      beyond.map(({ title, rates }) => `${title} (${formatRate(rates.handshake)})`).join(", ")
    }`;
}

function sourceLines(demands: readonly Demand[]): string[] {
  const sources = new Map(
    demands.flatMap(({ sources }) => sources.map((each) => [each.name, each])),
  );
  return [...sources.values()].map(({ name, url }) => `  ${name}${url ? `, ${url}` : ""}`);
}

function timesText(times: number): string {
  return times >= 99.5 ? formatCount(times) : String(Number(times.toPrecision(2)));
}

/** To the minute. */
function formatSpan(ms: number): string {
  return formatDuration(Math.round(ms / 60_000) * 60_000);
}
