/** The fleet's demand, and the answer where there is one, for a terminal or a mail. */
import { answerSentences } from "../capacity/answer.ts";
import { formatCount, formatPercent, formatRate, formatSeconds } from "../metrics/format.ts";
import { formatDuration } from "../plan/units.ts";
import { LEVEL_DROP, levelsTable } from "../report/capacity/levels.ts";
import { pictureLines, rungsOf } from "../report/capacity/picture.ts";
import { limitRows } from "../report/capacity/words.ts";
import { INVENTORY_DROP, inventoryNote, inventoryTable } from "../report/inventory.ts";
import { fittedLines, leftNote, type Table } from "../report/table.ts";
import { block, item, type Page, pageOf, type TextOptions, title } from "../report/text/page.ts";
import { tableSection } from "../report/text/tables.ts";
import { LAB_WARNING } from "../report/words.ts";
import { type Demand, renewalsPerS, replaceAllS, totalPerS, WORKS } from "./demand.ts";
import type { FleetReport, Measurement } from "./document.ts";
import type { Fleet } from "./fleet.ts";
import type { FleetAnswer } from "./headroom.ts";
import { FLOW_OF_WORK, NAME_OF_WORK } from "./mix.ts";
import type { MixSearch, Searched } from "./searches.ts";
import { LETS_ENCRYPT_PER_S, type Source } from "./sources.ts";

/** Rates at which everybody asks how long it would take. */
const EXAMPLE_PER_S = [1, 10, 100];

export function fleetText(report: FleetReport, options?: TextOptions): string {
  const page = pageOf(options);
  const { fleet, demands, measured } = report;
  const only = demands.map(({ demand }) => demand);
  return [
    block(headText(fleet), page),
    ...(measured === undefined ? [] : measuredParts(report, measured, page)),
    tableSection(["Demand", "arrivals per second"], demandTable(fleet, only), DEMAND_DROP, page),
    [
      page.style.strong("How that is worked out"),
      ...only.flatMap((demand) => arithmeticLines(demand, page)),
    ],
    mixLines(report, page),
    noteLines(fleet, only).flatMap((note) => block(note, page, { rest: 2 })),
    [
      page.style.strong("Sources"),
      ...sourcesOf(only).flatMap((source) => sourceLines(source, page)),
    ],
  ].map((part) => part.join("\n")).join("\n\n") + "\n";
}

function tableOf(table: Table, page: Page, drop: readonly string[], indent = 0): string[] {
  const { lines, left } = fittedLines(table, { width: page.width - indent, drop });
  const blank = " ".repeat(indent);
  const note = leftNote(left).replace(/^; /, "");
  return [
    ...lines.flatMap((line) => line.split("\n")).map((line) => blank + line),
    ...(note === "" ? [] : block(`(${note})`, page, { first: indent })),
  ];
}

/** The first of these goes first where a terminal is too narrow. */
const DEMAND_DROP = ["lasts", "of the mean", "agents", "ARI", "revoke"];
const HEADROOM_DROP = ["gave out", "replace all"];
const HEADROOM_NOTE = "what is needed and what was held, arrivals per second";

function measuredParts(report: FleetReport, measured: Measurement, page: Page): string[][] {
  const { answer, searched, methodology, inventory, limits } = measured;
  const { strong, warn } = page.style;
  return [
    [
      ...block(answer.sentence, page, { paint: strong }),
      ...(methodology.target.lab ? block(LAB_WARNING, page, { paint: warn }) : []),
      ...block(whereText(measured), page),
    ],
    tableSection(["Headroom", HEADROOM_NOTE], headroomTable(answer), HEADROOM_DROP, page),
    ...searched.map((each) => searchLines(report, each, page)),
    ...(inventory === null ? [] : [
      tableSection(
        ["Inventory", inventoryNote(inventory)],
        inventoryTable(inventory),
        INVENTORY_DROP,
        page,
      ),
    ]),
    [
      ...title("Limits", "the share of the requests that may lie beyond", page),
      ...limitRows({ limits }).flatMap(([text, allowed]) => item("-", `${text}: ${allowed}`, page)),
    ],
  ];
}

export function whereText({ methodology, startedAt }: Measurement): string {
  const { target, stack, hardware, os } = methodology;
  const version = target.version === null ? "" : ` (${target.version})`;
  const server = stack.name === "none" ? "" : `, ${stack.description}`;
  return `${target.base_url}${version}${server}; from ${hardware.cpu_model}, ${hardware.cpu_count} CPUs, ${os.name} ${os.kernel}, ${
    startedAt.slice(0, 19)
  }Z`;
}

/** A mix, what was found of it, and its levels. */
function searchLines(report: FleetReport, { search, answer }: Searched, page: Page): string[] {
  return [
    ...title("Searched", mixText(report, search), page),
    ...answerSentences(answer).flatMap((sentence) => block(sentence, page, { first: 2 })),
    ...tableOf(levelsTable(answer.levels), page, LEVEL_DROP, 2),
    ...(rungsOf(answer.levels).length < 2 ? [] : [
      "",
      ...pictureLines(answer.levels, page.width - 2, page.style).map((line) => `  ${line}`),
    ]),
  ];
}

/** `the mix of steady, one cron minute: 50 % issuance_acceptance, 12.5 % nginx_handshake, ...` */
export function mixText({ demands }: FleetReport, { needs, shares }: MixSearch): string {
  const names = demands[0]?.mix.entries ?? [];
  const parts = shares.flatMap((share, at) =>
    share > 0 ? [`${formatPercent(share)} ${names[at]!.scenario}`] : []
  );
  return `the mix of ${needs.map(({ title }) => title).join(", ")}: ${parts.join(", ")}`;
}

export function headText(fleet: Fleet): string {
  const { certificates, lifetimeMs, intervalMs, ariPollMs, agents, zombies, profile } = fleet;
  const parts = [
    `${formatCount(certificates)} certificates of ${formatDuration(lifetimeMs)}${
      profile === null ? "" : ` (profile ${profile})`
    }, each renewed every ${formatSpan(intervalMs)}`,
    ariPollMs === null ? "no renewal information" : `ARI every ${formatDuration(ariPollMs)}`,
    `${formatCount(agents)} agents`,
    ...(zombies > 0 ? [`${Number((zombies * 100).toPrecision(3))} % of the attempts in vain`] : []),
  ];
  return parts.join("; ");
}

export function demandTable(fleet: Fleet, demands: readonly Demand[]): Table {
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

export function headroomTable({ rows }: FleetAnswer): Table {
  return {
    head: ["demand", "needed", "held", "headroom", "enough", "replace all", "gave out"],
    rows: rows.map((row) => [
      row.title,
      formatRate(row.neededPerS),
      row.heldPerS === null ? "-" : `${row.atLeast ? ">= " : ""}${formatRate(row.heldPerS)}`,
      row.headroom === null ? "-" : `${timesText(row.headroom)} x`,
      row.enough.replace("_", " "),
      row.replaceAllS === null
        ? "-"
        : `${row.atLeast ? "<= " : ""}${formatSeconds(row.replaceAllS)}`,
      row.who === "none" ? "-" : row.who,
    ]),
  };
}

function arithmeticLines({ title, arithmetic }: Demand, page: Page): string[] {
  return arithmetic.flatMap((line, n) =>
    n === 0
      ? block(`${title}: ${line}`, page, { first: 2, rest: 4 })
      : block(line, page, { first: 4, rest: 6 })
  );
}

const MIX_NOTE =
  "the same in the plan's scenarios; what is no part of the demand goes on at its own rate";

/** Where there is no room for all shapes, these go first. */
const LEAST_TELLING = ["polling", "revocation_24h", "cohort", "outage", "steady", "daily_tick"];

/** Rates by scenario; what a plan cannot ask for is named, with the flow that could. */
function mixLines(report: FleetReport, page: Page): string[] {
  const { demands } = report;
  const missing = WORKS.filter((work) =>
    demands.some(({ mix }) => mix.missing.some((each) => each.work === work))
  );
  return [
    ...title("Scenarios", MIX_NOTE, page),
    ...tableOf(mixTable(report), page, LEAST_TELLING, 2),
    ...missing.flatMap((work) =>
      block(
        `No scenario of this plan asks for ${NAME_OF_WORK[work]}: one with the flow ${
          FLOW_OF_WORK[work]
        } does`,
        page,
        { first: 2, rest: 4 },
      )
    ),
  ];
}

export function mixTable({ demands }: FleetReport): Table {
  const scenarios = demands[0]?.mix.entries ?? [];
  return {
    head: ["scenario", ...demands.map(({ demand }) => demand.shape)],
    rows: scenarios.map(({ scenario }, at) => [
      scenario,
      ...demands.map(({ mix }) => {
        const { perS } = mix.entries[at]!;
        return perS === 0 ? "-" : perS === null ? "users" : formatRate(perS);
      }),
    ]),
  };
}

export function noteLines(fleet: Fleet, demands: readonly Demand[]): string[] {
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

/** Each once. */
export function sourcesOf(demands: readonly Demand[]): Source[] {
  const all = demands.flatMap(({ sources }) => sources);
  return [...new Map(all.map((each) => [each.name, each])).values()];
}

/** An address is not broken. */
function sourceLines({ name, url }: Source, page: Page): string[] {
  return [
    ...block(name, page, { first: 2, rest: 4 }),
    ...(url === undefined ? [] : [`    ${url}`]),
  ];
}

function timesText(times: number): string {
  return times >= 99.5 ? formatCount(times) : String(Number(times.toPrecision(2)));
}

/** To the minute. */
function formatSpan(ms: number): string {
  return formatDuration(Math.round(ms / 60_000) * 60_000);
}
