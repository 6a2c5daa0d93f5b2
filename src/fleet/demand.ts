/**
 * What a fleet asks of its server, by shape: pure arithmetic, each result with the way to it in words. The mean is never
 * the question; the shapes are what a mean hides.
 */
import { formatCount, formatRate, formatSeconds } from "../metrics/format.ts";
import { formatDuration } from "../plan/units.ts";
import type { Fleet } from "./fleet.ts";
import { type Source, SOURCES } from "./sources.ts";

export const SHAPES = [
  "steady",
  "daily_tick",
  "cron_minute",
  "cohort",
  "revocation_24h",
  "revocation_ari",
  "outage",
  "polling",
] as const;
export type Shape = (typeof SHAPES)[number];

/**
 * What the server is asked for: certificates (attempts, zombies' too), revocations, renewal information, an agent's
 * heartbeats and looks for work, and one handshake with each daemon that got a new certificate.
 */
export const WORKS = ["issue", "revoke", "renewal_info", "agent_poll", "handshake"] as const;
export type Work = (typeof WORKS)[number];

/** Arrivals per second. */
export type Rates = Readonly<Record<Work, number>>;

export interface Demand {
  readonly shape: Shape;
  readonly title: string;
  readonly rates: Rates;
  /** How long it lasts; null: for ever. */
  readonly durationMs: number | null;
  /** The way to the rates, a line for each step. */
  readonly arithmetic: readonly string[];
  readonly sources: readonly Source[];
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Boulder's: one percent of the validity to either side. */
const WINDOW_SHARE = 0.02;

/** Every shape that this fleet can have; without ARI nobody hears of a revocation by polling. */
export function demandsOf(fleet: Fleet): Demand[] {
  const shapes = [
    steady,
    dailyTick,
    cronMinute,
    cohort,
    revocation24h,
    revocationAri,
    outage,
    polling,
  ];
  return shapes.flatMap((shape) => shape(fleet) ?? []);
}

/** Renewals per second that succeed, spread evenly over the interval. */
export function renewalsPerS({ certificates, intervalMs }: Fleet): number {
  return certificates / intervalMs * SECOND_MS;
}

/** How many times the renewals that are needed are attempted. */
export function attemptsEach({ zombies }: Fleet): number {
  return 1 / (1 - zombies);
}

/** Seconds until every certificate is another one, at so many attempts per second. */
export function replaceAllS(fleet: Fleet, issuePerS: number): number {
  return fleet.certificates * attemptsEach(fleet) / issuePerS;
}

/** Arrivals of all work together. */
export function totalPerS({ rates }: Pick<Demand, "rates">): number {
  return Object.values(rates).reduce((sum, rate) => sum + rate, 0);
}

function infoPerS({ certificates, ariPollMs }: Fleet): number {
  return ariPollMs === null ? 0 : certificates / ariPollMs * SECOND_MS;
}

function agentsPerS({ agents, heartbeatMs, workMs }: Fleet): number {
  return agents * (SECOND_MS / heartbeatMs + SECOND_MS / workMs);
}

/** What goes on whatever the shape: polling. `renewed` succeed per second, on top of it. */
function ratesOf(fleet: Fleet, renewed: number, more: Partial<Rates> = {}): Rates {
  return {
    issue: renewed * attemptsEach(fleet),
    revoke: 0,
    renewal_info: infoPerS(fleet),
    agent_poll: agentsPerS(fleet),
    handshake: renewed,
    ...more,
  };
}

function steady(fleet: Fleet): Demand {
  const { certificates, lifetimeMs, renewAt, intervalMs, ariPollMs } = fleet;
  const renewed = renewalsPerS(fleet);
  const lines = [
    `${formatCount(certificates)} / (${span(lifetimeMs)} x ${shareText(renewAt)} = ${
      span(intervalMs)
    }) = ${amount(renewed * 86_400)} a day = ${formatRate(renewed)}`,
  ];
  if (ariPollMs !== null) {
    lines.push(
      `each asks for renewal information ${span(intervalMs)} / ${span(ariPollMs)} = ${
        amount(intervalMs / ariPollMs)
      } times before it renews`,
    );
  }
  return {
    shape: "steady",
    title: "steady",
    rates: ratesOf(fleet, renewed),
    durationMs: null,
    arithmetic: [...lines, ...zombieLine(fleet, renewed)],
    sources: [SOURCES.ballot, SOURCES.renewAt],
  };
}

function dailyTick(fleet: Fleet): Demand {
  const due = dueIn(fleet, DAY_MS);
  const renewed = atLeastMean(fleet, due / fleet.tickMs * SECOND_MS);
  return {
    shape: "daily_tick",
    title: "one tick a day",
    rates: ratesOf(fleet, renewed),
    durationMs: fleet.tickMs,
    arithmetic: [
      `a day's ${amount(due)} become due at once (of an hourly tick ${
        amount(dueIn(fleet, HOUR_MS))
      }), in ${span(fleet.tickMs)} = ${formatRate(renewed)}`,
      ...zombieLine(fleet, renewed),
    ],
    sources: [SOURCES.certctlTick],
  };
}

/** Everybody's cron has the same minute: each looks, and those that are due renew. */
function cronMinute(fleet: Fleet): Demand {
  const { certificates, ariPollMs } = fleet;
  const due = dueIn(fleet, DAY_MS);
  const renewed = atLeastMean(fleet, due / 60);
  const looks = certificates / 60;
  return {
    shape: "cron_minute",
    title: "one cron minute",
    rates: ratesOf(fleet, renewed, ariPollMs === null ? {} : { renewal_info: looks }),
    durationMs: MINUTE_MS,
    arithmetic: [
      ...(ariPollMs === null ? [] : [
        `each of ${
          formatCount(certificates)
        } clients asks for renewal information in the same minute: / 60 s = ${formatRate(looks)}`,
      ]),
      `the ${amount(due)} that are due that day renew in it: / 60 s = ${formatRate(renewed)}`,
      ...zombieLine(fleet, renewed),
    ],
    sources: [SOURCES.spread],
  };
}

/** The whole fleet was issued within an hour, as after a migration, and comes back together. */
function cohort(fleet: Fleet): Demand {
  const { certificates, lifetimeMs, ariPollMs } = fleet;
  const windowMs = Math.max(HOUR_MS, ariPollMs === null ? 0 : WINDOW_SHARE * lifetimeMs);
  const renewed = atLeastMean(fleet, certificates / windowMs * SECOND_MS);
  const window = ariPollMs === null
    ? "in the hour in which it was issued"
    : `in ARI's window of 2 % x ${span(lifetimeMs)} = ${hours(WINDOW_SHARE * lifetimeMs)}` +
      (windowMs > WINDOW_SHARE * lifetimeMs ? ", less than the hour of its issuance" : "");
  return {
    shape: "cohort",
    title: "all issued within one hour",
    rates: ratesOf(fleet, renewed),
    durationMs: windowMs,
    arithmetic: [
      `${formatCount(certificates)} come back ${window}: ${formatRate(renewed)}, ${
        timesSteady(fleet, renewed)
      }`,
      ...(ariPollMs === null ? [] : [withoutAri(fleet)]),
      ...meanLine(fleet, windowMs),
      ...zombieLine(fleet, renewed),
    ],
    sources: [SOURCES.renewAt, SOURCES.ari],
  };
}

function withoutAri(fleet: Fleet): string {
  const renewed = atLeastMean(fleet, fleet.certificates / 3600);
  return `without ARI they would in one hour: ${formatRate(renewed)}, ${
    timesSteady(fleet, renewed)
  }`;
}

function revocation24h(fleet: Fleet): Demand {
  return {
    ...revocation(fleet, DAY_MS),
    shape: "revocation_24h",
    title: "all revoked within 24 h",
    sources: [SOURCES.revocation, SOURCES.massRevocation],
  };
}

function revocationAri(fleet: Fleet): Demand | undefined {
  if (fleet.ariPollMs === null) return undefined;
  return {
    ...revocation(fleet, fleet.ariPollMs),
    shape: "revocation_ari",
    title: "all replaced in one ARI poll",
    sources: [SOURCES.ari, SOURCES.ariPoll, SOURCES.massRevocation],
  };
}

function revocation(
  fleet: Fleet,
  withinMs: number,
): Pick<Demand, "rates" | "durationMs" | "arithmetic"> {
  const { certificates } = fleet;
  const replaced = certificates / withinMs * SECOND_MS;
  const renewed = atLeastMean(fleet, replaced);
  return {
    rates: ratesOf(fleet, renewed, { revoke: replaced }),
    durationMs: withinMs,
    arithmetic: [
      `${formatCount(certificates)} replaced and revoked in ${span(withinMs)} = ${
        formatRate(replaced)
      } each, ${timesSteady(fleet, replaced)}`,
      ...meanLine(fleet, withinMs),
      ...zombieLine(fleet, renewed),
    ],
  };
}

function outage(fleet: Fleet): Demand {
  const { outageMs, retryWithinMs } = fleet;
  const usual = renewalsPerS(fleet);
  const waiting = dueIn(fleet, outageMs);
  const renewed = usual + waiting / retryWithinMs * SECOND_MS;
  const due = `${formatRate(usual)} x ${span(outageMs)}`;
  const whoWaits = waiting < fleet.certificates
    ? `${due} = ${amount(waiting)} wait`
    : `${due} would be more than the ${formatCount(waiting)} that there are: all wait`;
  return {
    shape: "outage",
    title: `after an outage of ${span(outageMs)}`,
    rates: ratesOf(fleet, renewed),
    durationMs: retryWithinMs,
    arithmetic: [
      `${whoWaits}, and all have asked again within ${span(retryWithinMs)}: + ${
        formatRate(waiting / retryWithinMs * SECOND_MS)
      } = ${formatRate(renewed)}`,
      ...zombieLine(fleet, renewed),
    ],
    sources: [SOURCES.certctlAgent, SOURCES.spread],
  };
}

function polling(fleet: Fleet): Demand {
  const { certificates, ariPollMs, agents, heartbeatMs, workMs } = fleet;
  return {
    shape: "polling",
    title: "polling alone",
    rates: ratesOf(fleet, 0),
    durationMs: null,
    arithmetic: [
      ariPollMs === null
        ? "no client asks for renewal information"
        : `${formatCount(certificates)} ask every ${span(ariPollMs)}: ${
          formatRate(infoPerS(fleet))
        }`,
      agents === 0
        ? "no agents"
        : `${formatCount(agents)} agents: a heartbeat every ${
          span(heartbeatMs)
        }, a look for work every ${span(workMs)}: ${formatRate(agentsPerS(fleet))}`,
    ],
    sources: [SOURCES.ariPoll, SOURCES.certctlAgent],
  };
}

function zombieLine(fleet: Fleet, renewed: number): string[] {
  if (fleet.zombies === 0) return [];
  const attempted = formatRate(renewed * attemptsEach(fleet));
  return [`${shareText(fleet.zombies)} of the attempts never succeed: ${attempted} attempted`];
}

/** What becomes due while nobody looks: each once, however long that lasts. */
function dueIn(fleet: Fleet, withinMs: number): number {
  return Math.min(fleet.certificates, renewalsPerS(fleet) * withinMs / SECOND_MS);
}

/** Of certificates that are renewed more often than that anyway, the mean is the demand. */
function atLeastMean(fleet: Fleet, perS: number): number {
  return Math.max(perS, renewalsPerS(fleet));
}

function meanLine(fleet: Fleet, withinMs: number): string[] {
  const { intervalMs } = fleet;
  if (intervalMs >= withinMs) return [];
  return [
    `each is renewed every ${span(intervalMs)} anyway: the mean, ${
      formatRate(renewalsPerS(fleet))
    }`,
  ];
}

function timesSteady(fleet: Fleet, renewed: number): string {
  return `${amount(renewed / renewalsPerS(fleet))} times the mean`;
}

/** As people count: `1,596`, `125`, `13.3`. */
function amount(value: number): string {
  return value >= 99.5 ? formatCount(value) : String(Number(value.toPrecision(3)));
}

function shareText(share: number): string {
  if (share === 2 / 3) return "2/3";
  if (share === 1 / 2) return "1/2";
  return `${Number((share * 100).toPrecision(4))} %`;
}

/** To the minute, where it is long. */
function span(ms: number): string {
  return formatDuration(ms < HOUR_MS ? ms : Math.round(ms / MINUTE_MS) * MINUTE_MS);
}

function hours(ms: number): string {
  return ms < HOUR_MS
    ? formatSeconds(ms / SECOND_MS)
    : `${Number((ms / HOUR_MS).toPrecision(4))} h`;
}
