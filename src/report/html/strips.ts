/**
 * What targets served around each deployment, as strips over the time since the renewal was accepted: one for each
 * deployment, or, when there are many, one for those that went wrong and columns for how all stood.
 */
import type { ServedState } from "../../deployment.ts";
import { formatCount, formatMs, formatPercent, formatSeconds } from "../../metrics/format.ts";
import { rounded } from "../../metrics/stats.ts";
import type { SummaryDeployment, SummaryScenario } from "../../metrics/summary_schema.ts";
import { oneLine } from "../style.ts";
import { plural } from "../words.ts";
import { attribute, html, type Markup } from "./markup.ts";

/** Strips of their own; a page of more is read by nobody. */
const MOST_STRIPS = 40;
const COLUMNS = 96;
/** At most so many beside nought. */
const TICKS = 6;

const WORDS: Readonly<Record<ServedState, string>> = {
  old: "old certificate",
  mixed: "old and new in turns",
  new: "new certificate",
  wrong: "a wrong one",
  unreachable: "no handshake",
};
const STATES = Object.keys(WORDS) as ServedState[];

const VERDICT_WORDS: Readonly<Record<SummaryDeployment["verdict"], string>> = {
  served: "served",
  late: "late",
  mixed: "mixed",
  wrong: "wrong",
  reverted: "reverted",
  never: "never served",
};

/** The stretch of time that all strips show, in seconds since the renewal was accepted. */
interface Range {
  readonly from: number;
  readonly to: number;
}

export function deploymentStrips({ deployments, deployment_verdicts }: SummaryScenario): Markup {
  const seen = deployments.filter(({ spans }) => spans.length > 0);
  if (seen.length === 0) return html``;
  const range = rangeOf(seen);
  const wrong = seen.filter(({ verdict }) => verdict !== "served");
  const many = seen.length > MOST_STRIPS;
  const shown = (many ? wrong : seen).slice(0, MOST_STRIPS);
  const all = Object.values(deployment_verdicts).reduce((sum, count) => sum + (count ?? 0), 0);
  const first = seen.length < all ? ` of the ${formatCount(all)}` : "";
  const left = many && wrong.length > shown.length
    ? `, the first ${formatCount(shown.length)} of ${formatCount(wrong.length)}`
    : "";
  const several = new Set(seen.map(({ target }) => target)).size > 1;
  return html`
    <figure class="strips">
      <figcaption>What was served
        <small>Time from when the renewal was accepted.</small>
      </figcaption>
      ${key(seen, range)}
      ${many && html`
        <p class="note">${plural(seen.length, "deployment")}${first} together</p>
        ${columns(seen, range)}${scale(range)}
      `}
      ${shown.length > 0 && html`
        ${many && html`<p class="note">Those that went wrong${left}</p>`}
        <ol>${shown.map((one) => strip(one, range, several))}</ol>
        ${scale(range)}
      `}
    </figure>
  `;
}

/** From a little before the first instant of interest to a little after the last change of what was served. */
function rangeOf(deployments: readonly SummaryDeployment[]): Range {
  const ends = deployments.flatMap((one) =>
    [
      one.reported_at_s,
      one.first_new_at_s,
      one.last_old_at_s,
      one.next_new_at_s,
      ...one.spans.slice(1).map(({ from_s }) => from_s),
    ].filter((at) => at !== null).map((at) => at - one.requested_at_s)
  );
  const last = Math.max(0.01, ...ends);
  const to = last * 1.12;
  const begins = Math.min(
    0,
    ...deployments.map((one) => one.spans[0]!.from_s - one.requested_at_s),
  );
  return { from: Math.max(begins, -to * 0.04), to };
}

function percent(atS: number, { from, to }: Range): number {
  return rounded(Math.max(0, Math.min(1, (atS - from) / (to - from))) * 100, 2);
}

function key(deployments: readonly SummaryDeployment[], { to }: Range): Markup {
  const used = new Set(deployments.flatMap(({ spans }) => spans.map(({ state }) => state)));
  const has = (name: "issued_at_s" | "reported_at_s"): boolean =>
    deployments.some((one) => one[name] !== null);
  const ended = deployments.some(({ requested_at_s, spans }) =>
    spans.at(-1)!.to_s - requested_at_s < to
  );
  return html`<ul class="key">${
    STATES.filter((state) => used.has(state)).map((state) =>
      html`<li><span class="dot served-${state}"></span>${WORDS[state]}</li>`
    )
  }${ended && html`<li><span class="dot unwatched"></span>no longer watched</li>`}${
    has("issued_at_s") && html`<li><span class="dot at-issued"></span>issued</li>`
  }${
    has("reported_at_s") && html`<li><span class="dot at-reported"></span>reported complete</li>`
  }</ul>`;
}

function strip(one: SummaryDeployment, range: Range, several: boolean): Markup {
  const { requested_at_s: requested, verdict, target, spans } = one;
  const parts = spans.map(({ state, from_s, to_s }) => {
    const [from, to] = [from_s, to_s].map((at) => percent(at - requested, range)) as [
      number,
      number,
    ];
    return to <= 0 || from >= 100
      ? ""
      : html`<i class="served-${state}" style="left:${from}%;width:${rounded(to - from, 2)}%"></i>`;
  });
  const marks = ([["issued", one.issued_at_s], ["reported", one.reported_at_s]] as const)
    .map(([name, at]) =>
      at !== null &&
      html`<i class="at-${name}" style="left:${percent(at - requested, range)}%"></i>`
    );
  const name = several ? ` ${oneLine(target, 60)}` : "";
  return html`
    <li
      class="${verdict === "served" ? "" : "bad"}"><span class="who"${attribute(
        "title",
        oneLine(target, 120),
      )}>at ${formatSeconds(
        rounded(requested, 1),
      )}${name}</span><span class="strip" role="img" aria-label="${spoken(
        one,
      )}">${parts}${marks}</span><span class="word">${VERDICT_WORDS[verdict]}</span></li>
  `;
}

/** For those who hear the page. */
function spoken({ requested_at_s, spans, issued_at_s, reported_at_s }: SummaryDeployment): string {
  const after = (at: number): string => formatMs((at - requested_at_s) * 1000);
  return [
    ...spans.map(({ state, from_s, to_s }) =>
      from_s < requested_at_s
        ? `${WORDS[state]} until ${after(to_s)}`
        : `${WORDS[state]} from ${after(from_s)} to ${after(to_s)}`
    ),
    ...(issued_at_s === null ? [] : [`issued at ${after(issued_at_s)}`]),
    ...(reported_at_s === null ? [] : [`reported complete at ${after(reported_at_s)}`]),
  ].join(", ");
}

/** Share of all in each state, over time. */
function columns(deployments: readonly SummaryDeployment[], range: Range): Markup {
  const at = (i: number): number => range.from + (i + 0.5) / COLUMNS * (range.to - range.from);
  const shares = Array.from({ length: COLUMNS }, (_, i) => sharesAt(deployments, at(i)));
  const bars = shares.map((share) =>
    html`<b>${
      STATES.filter((state) => share[state] > 0).map((state) =>
        html`<i class="served-${state}" style="flex-grow:${rounded(share[state], 4)}"></i>`
      )
    }</b>`
  );
  const told = [0.25, 0.5, 0.75, 1].map((part) => {
    const i = Math.min(COLUMNS - 1, Math.round(part * COLUMNS) - 1);
    const states = STATES.filter((state) => shares[i]![state] > 0)
      .map((state) => `${formatPercent(shares[i]![state])} ${WORDS[state]}`);
    return `after ${formatMs(at(i) * 1000)}: ${states.join(", ")}`;
  });
  return html`<div class="columns" role="img" aria-label="${told.join("; ")}">${bars}</div>`;
}

/** What was last seen counts until something else is. */
function sharesAt(
  deployments: readonly SummaryDeployment[],
  afterS: number,
): Record<ServedState, number> {
  const counts = { old: 0, mixed: 0, new: 0, wrong: 0, unreachable: 0 };
  for (const { requested_at_s, spans } of deployments) {
    const now = spans.findLast(({ from_s }) => from_s - requested_at_s <= afterS) ?? spans[0]!;
    counts[now.state]++;
  }
  const share = (state: ServedState): number => counts[state] / deployments.length;
  return Object.fromEntries(STATES.map((state) => [state, share(state)])) as typeof counts;
}

function scale(range: Range): Markup {
  const step = roundStep(range.to / TICKS);
  const ticks = Array.from({ length: Math.floor(range.to / step) + 1 }, (_, i) => i * step);
  return html`<div class="scale" aria-hidden="true">${
    ticks.map((at) => html`<span style="left:${percent(at, range)}%">${formatMs(at * 1000)}</span>`)
  }</div>`;
}

/** 1, 2 or 5 of some power of ten, and not less. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((step) => step * power >= least) ?? 10);
}
