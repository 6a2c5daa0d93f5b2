/** An answer for a fleet, for tests of what is made of it. */
import type { Answer } from "../../src/capacity/answer.ts";
import { demandsOf } from "../../src/fleet/demand.ts";
import type { FleetReport, Measurement } from "../../src/fleet/document.ts";
import { answerOf } from "../../src/fleet/headroom.ts";
import { mixOf } from "../../src/fleet/mix.ts";
import { heldOf, needOf, searchesOf } from "../../src/fleet/searches.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { exit } from "../../src/verdict/exit.ts";
import { fleetFrom, open } from "./fleets.ts";

type MeasuredReport = FleetReport & { readonly measured: Measurement };

const LEVEL = {
  level: 100,
  purpose: "confirm",
  offeredPerS: 100,
  achievedPerS: 99,
  p50Ms: 2,
  p95Ms: 20,
  p99Ms: 40,
  inFlight: 2.5,
  errorRate: 0,
  durationMs: 20_000,
  elapsedMs: 22_000,
  decision: "holds",
  by: "test",
  reason: "0 % of 2,000 beyond",
  who: "none",
  why: "",
  sure: true,
  limiter: false,
  limits: [],
  calmAfterMs: null,
  steadyPerS: 99,
} as const;

export const ANSWER: Answer = {
  knee: 213,
  low: 212,
  high: 214,
  confidence: 0.95,
  atLeast: false,
  who: "server",
  why: "p95 was 2.1 s",
  limiter: false,
  ended: "found",
  confirmed: null,
  recovery: null,
  elapsedMs: 60_000,
  levels: [LEVEL],
  usl: { refused: "too few levels" },
};

const METHODOLOGY = {
  hardware: { cpu_model: "AMD EPYC", cpu_count: 2 },
  os: { name: "linux", kernel: "6.1" },
  target: { base_url: "https://ca.test", version: null, lab: false },
  stack: { name: "none", description: "a server that was running" },
} as unknown as Summary["methodology"];

/** As the command makes it, of a plan that cannot ask for renewal information. */
export function measured(answerOfSearch: Answer = ANSWER): MeasuredReport {
  const fleet = fleetFrom({ lifetime: "47d", agents: 0 });
  const scenarios = [open("create_certificate"), open("acme_revoke"), open("tls_handshake")];
  const demands = demandsOf(fleet).map((demand) => ({
    demand,
    mix: mixOf(demand.rates, scenarios),
  }));
  const needs = demands.map(({ demand, mix }) => needOf(demand, mix));
  const all = searchesOf(needs, { scenarios } as unknown as Plan);
  const searched = all.map((search) => ({ search, answer: answerOfSearch }));
  return {
    plan: "test",
    fleet,
    demands,
    measured: {
      version: "0.1.0",
      startedAt: "2026-11-28T05:00:00.000Z",
      identity: { source: "plan.yaml", sha256: "0".repeat(64) },
      methodology: METHODOLOGY,
      arrivals: "poisson",
      limits: { limits: [], unjudged: [{ text: "create: avg < 1s", reason: "is no share" }] },
      inventory: {
        rows: 2000,
        before: 32,
        created: 1968,
        points: [{ rows: 32, listP50Ms: 1, listMaxMs: 2, createP50Ms: null, createMaxMs: null }],
      },
      searched,
      answer: answerOf({
        server: "https://ca.test",
        fleet,
        demands: demands.map(({ demand }) => demand),
        needs,
        held: heldOf(all, searched),
      }),
      exit: exit("passed", "it is held"),
    },
  };
}
