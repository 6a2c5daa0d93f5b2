/**
 * The searches that a fleet's demands need. Demands that are the same mix of the plan's scenarios share one: they differ in
 * how much of it they need. What no scenario stands for is left out of both, what is needed and what is held.
 */
import { type Answer, lowestHeld } from "../capacity/answer.ts";
import { rounded } from "../capacity/book.ts";
import { lengthOf } from "../capacity/lengths.ts";
import type { Scale } from "../capacity/scale.ts";
import type { OpenProfile, Plan, Scenario } from "../plan/plan.ts";
import { type Demand, type Shape, type Work, WORKS } from "./demand.ts";
import type { Held } from "./headroom.ts";
import { type Mix, workOf } from "./mix.ts";

/** A demand as far as the plan's scenarios can ask for it. */
export interface Need {
  readonly shape: Shape;
  readonly title: string;
  /** Arrivals of all scenarios that stand for something; 0: none does. */
  readonly perS: number;
  /** By the scenario's place in the plan; what is no part of the demand has 0. */
  readonly scenariosPerS: readonly number[];
  /** That no scenario stands for. */
  readonly leftOut: readonly Work[];
}

/** One mix at ever higher rates. */
export interface MixSearch {
  readonly needs: readonly Need[];
  /** With the scenarios that are asked for, and those that go on beside them. */
  readonly plan: Plan;
  /** Of a level of 1/s of the whole mix. */
  readonly scale: Scale;
  /** Part of the whole mix, by the scenario's place in the fleet's plan. */
  readonly shares: readonly number[];
}

export function needOf(demand: Demand, mix: Mix): Need {
  const { entries, missing } = mix;
  const scenariosPerS = entries.map(({ work, perS }) => work === null ? 0 : perS ?? 0);
  return {
    shape: demand.shape,
    title: demand.title,
    perS: scenariosPerS.reduce((sum, perS) => sum + perS, 0),
    scenariosPerS,
    leftOut: WORKS.filter((work) => missing.some((each) => each.work === work)),
  };
}

/** Of the busiest demand first. */
export function searchesOf(needs: readonly Need[], plan: Plan): MixSearch[] {
  const groups: Need[][] = [];
  for (const need of needs.filter(({ perS }) => perS > 0).toSorted((a, b) => b.perS - a.perS)) {
    const same = groups.find(([first]) => isSameMix(first!, need));
    if (same) same.push(need);
    else groups.push([need]);
  }
  return groups.map((group) => searchOf(group, plan));
}

/** Shares that differ by no more than rounding does. */
const SAME = 1e-6;

function isSameMix(one: Need, other: Need): boolean {
  return one.scenariosPerS.every((perS, at) =>
    Math.abs(perS / one.perS - other.scenariosPerS[at]! / other.perS) < SAME
  );
}

function searchOf(needs: readonly Need[], plan: Plan): MixSearch {
  const [{ scenariosPerS, perS }] = needs as [Need];
  const shares = scenariosPerS.map((each) => each / perS);
  const isPart = ({ flow }: Scenario, at: number): boolean =>
    shares[at]! > 0 || workOf(flow) === null;
  return {
    needs,
    plan: {
      ...plan,
      scenarios: plan.scenarios.flatMap((scenario, at) =>
        isPart(scenario, at) ? [shares[at]! > 0 ? opened(scenario, plan) : scenario] : []
      ),
    },
    scale: plan.scenarios.flatMap((scenario, at) =>
      isPart(scenario, at) ? [shares[at]! > 0 ? shares[at]! : null] : []
    ),
    shares,
  };
}

const MAX_IN_FLIGHT = 10_000;

/** A demand is a rate: what the plan has users for comes at one too. */
function opened(scenario: Scenario, { scenarios }: Plan): Scenario {
  if (scenario.load.model === "open") return scenario;
  const open = scenarios.find(({ load }) => load.model === "open")?.load as OpenProfile | undefined;
  const stages = scenario.load.stages.map(({ durationMs }) => ({ durationMs, from: 1, to: 1 }));
  const seed = open?.seed ?? 1;
  return {
    ...scenario,
    load: {
      model: "open",
      stages,
      maxInFlight: MAX_IN_FLIGHT,
      arrivals: "poisson",
      seed,
      phase: 0,
    },
  };
}

/** A search that is over: the mix was held at so many arrivals per second. */
export interface Searched {
  readonly search: MixSearch;
  readonly answer: Answer;
}

/** Below it a search has no time for levels that tell anything. */
const LEAST_MS = 100_000;

export interface NextSearch {
  readonly search: MixSearch;
  readonly atMostMs: number;
}

/**
 * The mix of which least is known by those that were searched, with its part of the time that is left. Undefined: there is
 * none, or no time for one.
 */
export function nextSearch(
  all: readonly MixSearch[],
  done: readonly Searched[],
  leftMs: number,
): NextSearch | undefined {
  const open = all.filter((each) => done.every(({ search }) => search !== each));
  const known = (search: MixSearch): number =>
    Math.min(...search.needs.map((need) => boundOf(need, done)?.factor ?? 0));
  // The busiest comes first, and stays there where as much is known of another.
  const [search] = open.toSorted((a, b) => known(a) - known(b));
  if (search === undefined || (done.length > 0 && leftMs < LEAST_MS)) return undefined;
  const affordable = Math.max(1, Math.min(open.length, Math.floor(leftMs / LEAST_MS)));
  return { search, atMostMs: leftMs / affordable };
}

/** Arrivals of a scenario in a level, by which it can be judged. */
const FEW = 5;

/** The busiest need, which so is told first; or more, where a short level of it had not a few arrivals of each scenario. */
export function firstLevel({ needs, shares }: MixSearch, atMostMs: number): number {
  const least = Math.min(...shares.filter((share) => share > 0));
  return roundedUp(Math.max(needs[0]!.perS, FEW / least / (lengthOf("probe", atMostMs) / 1000)));
}

/** Levels have four digits: the next one, as one just below what is needed would not tell that this is held. */
function roundedUp(perS: number): number {
  const step = 10 ** (Math.floor(Math.log10(perS)) - 3);
  const level = rounded(perS);
  return level >= perS ? level : rounded(level + step);
}

/** What was held of every need: by its own search, or as a part of another one's mix. */
export function heldOf(all: readonly MixSearch[], done: readonly Searched[]): Held[] {
  return all.flatMap((search) => {
    const own = done.find((each) => each.search === search);
    return search.needs.flatMap((need) => {
      const bound = boundOf(need, done);
      if (own === undefined) return bound ?? [];
      const held = searchedHeld(need, own.answer);
      return held.atLeast && bound && bound.factor > held.low ? bound : held;
    });
  });
}

function searchedHeld({ shape, perS }: Need, answer: Answer): Held {
  const { knee, who, why, limiter } = answer;
  const low = lowestHeld(answer);
  const high = who === "none" ? Infinity : Math.max(answer.high ?? Infinity, surelyBroken(answer));
  return {
    shape,
    factor: knee / perS,
    low: low / perS,
    // What broke by nobody's fault was not decided: a level had too few arrivals, or no time.
    high: high / perS,
    atLeast: answer.atLeast || who !== "server",
    who: limiter ? "limiter" : who,
    why,
  };
}

/** While the generator's host was overloaded a level may break for that alone: what is in doubt refuses nothing. */
function surelyBroken({ levels }: Answer): number {
  const broken = levels.filter(({ purpose, decision, who, sure }) =>
    purpose !== "recover" && decision === "broken" && who === "server" && sure
  );
  return Math.min(...broken.map(({ level }) => level));
}

/** Of a need whose own mix was not searched. Undefined where it is a part of none that was. */
function boundOf(need: Need, done: readonly Searched[]): Held | undefined {
  const bounds = done.map(({ search, answer }) => ({
    factor: timesWithin(need, lowestHeld(answer), search.shares),
    within: search.needs[0]!.title,
  }));
  const [best] = bounds.toSorted((a, b) => b.factor - a.factor);
  if (best === undefined || best.factor === 0) return undefined;
  const { factor, within } = best;
  const why = `no more of it was asked for than is in "${within}"`;
  return {
    shape: need.shape,
    factor,
    low: factor,
    high: Infinity,
    atLeast: true,
    who: "none",
    why,
  };
}

/**
 * How many times a need was held as a part of another mix, in which each of its scenarios came so many times as often; 0
 * where the other mix has nothing of one.
 */
function timesWithin(need: Need, heldPerS: number, shares: readonly number[]): number {
  const times = need.scenariosPerS.flatMap((perS, at) =>
    perS === 0 ? [] : [shares[at]! * heldPerS / perS]
  );
  return times.length === 0 ? 0 : Math.min(...times);
}
