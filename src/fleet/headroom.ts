/**
 * Demand beside what was measured: is it enough, by how much, what gives out first, and how long would it take to replace
 * all. Pure; whoever measures hands in how many times a shape's mix the server held.
 */
import { formatCount, formatRate, formatSeconds } from "../metrics/format.ts";
import { formatDuration } from "../plan/units.ts";
import { type Demand, type Shape, totalPerS, type Work, WORKS } from "./demand.ts";
import type { Fleet } from "./fleet.ts";
import { WORK_IN_WORDS } from "./mix.ts";
import type { Need } from "./searches.ts";

/** What the search for a shape's mix found: the mix times `factor` was held. */
export interface Held {
  readonly shape: Shape;
  readonly factor: number;
  /** Its interval; `high` is infinite where nothing broke. */
  readonly low: number;
  readonly high: number;
  /** The generator gave out first, or the search's end was reached: it may hold more. */
  readonly atLeast: boolean;
  /** Who gave out. */
  readonly who: "server" | "limiter" | "generator" | "none";
  readonly why: string;
}

/** `unknown`: not measured, or the generator gave out below what is needed; `left_out`: no scenario asks for any of it. */
export type Enough = "yes" | "no" | "unknown" | "left_out";

export interface HeadroomRow {
  readonly shape: Shape;
  readonly title: string;
  /** Arrivals per second of all the fleet's work together, but for what is left out. */
  readonly neededPerS: number;
  /** What no scenario of the plan asks for. */
  readonly leftOut: readonly Work[];
  /** null: not measured. */
  readonly heldPerS: number | null;
  /** How many times what is needed was held, by the lower end of the interval. */
  readonly headroom: number | null;
  readonly atLeast: boolean;
  readonly enough: Enough;
  readonly who: Held["who"] | "signer";
  readonly why: string;
  /** Seconds until every certificate is another one, at as many renewals as were held; null: not known, or none. */
  readonly replaceAllS: number | null;
}

export interface FleetAnswer {
  readonly enough: "yes" | "no" | "unknown";
  readonly rows: readonly HeadroomRow[];
  /** The row with the least headroom. */
  readonly tightest: HeadroomRow | null;
  /** Seconds to replace all at the highest rate of renewals that was held; null: none was. */
  readonly replaceAllS: number | null;
  /** That may be less. */
  readonly replaceAllAtMost: boolean;
  readonly sentence: string;
}

interface Measured {
  /** Its name or address, for the sentence. */
  readonly server: string;
  readonly fleet: Fleet;
  readonly demands: readonly Demand[];
  /** Of each demand. */
  readonly needs: readonly Need[];
  readonly held: readonly Held[];
  /** The level after which the server did not work any more, arrivals per second; absent: it did to the end. */
  readonly downAfterPerS?: number | undefined;
}

export function answerOf(
  { server, fleet, demands, needs, held, downAfterPerS }: Measured,
): FleetAnswer {
  const bounded = held.map((each) => withinSigner(each, fleet, demands));
  const rows = demands.map((demand) => {
    const isOf = ({ shape }: { readonly shape: Shape }): boolean => shape === demand.shape;
    return rowOf(fleet, demand, needs.find(isOf), bounded.find(isOf));
  });
  const measured = rows.filter(({ headroom }) => headroom !== null);
  const quickest = rows.filter(({ replaceAllS }) => replaceAllS !== null)
    .toSorted((a, b) => a.replaceAllS! - b.replaceAllS!)[0];
  const answer = {
    enough: enoughOf(rows),
    rows,
    tightest: measured.toSorted((a, b) => a.headroom! - b.headroom!)[0] ?? null,
    replaceAllS: quickest?.replaceAllS ?? null,
    replaceAllAtMost: quickest?.atLeast ?? false,
  };
  const down = downAfterPerS === undefined ? "" : downSentence(server, downAfterPerS);
  return { ...answer, sentence: `${down}${sentenceOf(server, fleet, answer)}` };
}

type Bounded = Omit<Held, "who"> & { readonly who: HeadroomRow["who"] };

/** A signer that is known to be slower than the server is what gives out. */
function withinSigner(held: Held, { signerPerS }: Fleet, demands: readonly Demand[]): Bounded {
  // Zombies' attempts end before anything is signed; what is renewed is looked at once by a handshake.
  const signed = demands.find(({ shape }) => shape === held.shape)?.rates.handshake ?? 0;
  if (signerPerS === null || signed === 0) return held;
  const most = signerPerS / signed;
  if (most >= held.factor) return held;
  return {
    ...held,
    factor: most,
    low: Math.min(held.low, most),
    high: Math.min(held.high, most),
    atLeast: false,
    who: "signer",
    why: `the signer makes ${formatRate(signerPerS)} certificates`,
  };
}

function rowOf(
  { certificates }: Fleet,
  demand: Demand,
  need: Need | undefined,
  held: Bounded | undefined,
): HeadroomRow {
  const { shape, title } = demand;
  const leftOut = need?.leftOut ?? [];
  const neededPerS = need === undefined || need.perS === 0 ? totalPerS(demand) : need.perS;
  const row = { shape, title, neededPerS, leftOut };
  if (held === undefined) {
    const isLeftOut = need?.perS === 0;
    return {
      ...row,
      heldPerS: null,
      headroom: null,
      atLeast: false,
      who: "none",
      enough: isLeftOut ? "left_out" : "unknown",
      why: isLeftOut ? "no scenario of the plan asks for it" : "not measured",
      replaceAllS: null,
    };
  }
  const { factor, low, atLeast, who, why } = held;
  const headroom = Math.min(factor, low);
  const enough = headroom >= 1 ? "yes" : held.high >= 1 ? "unknown" : "no";
  // What is renewed is looked at once, and zombies' attempts are not; where no scenario asks for certificates none is.
  const renewedPerS = leftOut.includes("issue") ? 0 : headroom * demand.rates.handshake;
  return {
    ...row,
    heldPerS: headroom * neededPerS,
    headroom,
    atLeast,
    enough,
    who,
    why,
    replaceAllS: renewedPerS > 0 ? certificates / renewedPerS : null,
  };
}

/** One that is too much is an answer; one that is not known leaves it open. */
function enoughOf(rows: readonly HeadroomRow[]): FleetAnswer["enough"] {
  const asked = rows.filter(({ enough }) => enough !== "left_out");
  if (asked.some(({ enough }) => enough === "no")) return "no";
  return asked.length > 0 && asked.every(({ enough }) => enough === "yes") ? "yes" : "unknown";
}

/** Whatever else was found: a server that stays down after an overload is not one to rely on. */
function downSentence(server: string, afterPerS: number): string {
  return `${server} stayed down after ${
    formatRate(afterPerS)
  }: it did not work once when it was asked again, so nothing more was tried. `;
}

function sentenceOf(server: string, fleet: Fleet, answer: Omit<FleetAnswer, "sentence">): string {
  return [
    mainSentence(server, fleet, answer),
    ...(answer.tightest === null ? [] : [tightestSentence(answer.tightest)]),
    ...(answer.enough === "no" ? [] : replaceSentence(answer)),
    ...leftOutSentence(answer.rows),
  ].join(" ");
}

function mainSentence(
  server: string,
  { certificates, lifetimeMs }: Fleet,
  { enough, rows, tightest }: Omit<FleetAnswer, "sentence">,
): string {
  const what = `${formatCount(certificates)} certificates of ${formatDuration(lifetimeMs)}`;
  if (tightest === null) {
    return `${server}: whether it holds ${what} is not known, as nothing was measured.`;
  }
  const asked = rows.filter((row) => row.enough !== "left_out");
  const of = (wanted: Enough): readonly HeadroomRow[] =>
    asked.filter((row) => row.enough === wanted);
  const shapes = asked.length === rows.length
    ? "shapes of demand"
    : "shapes of demand that the plan can ask for";
  if (enough === "no") {
    return `${server} does not hold ${what}: not in ${
      of("no").length
    } of ${asked.length} ${shapes}.`;
  }
  if (enough === "unknown") {
    const open = of("unknown").map(({ title }) => `"${title}"`).join(", ");
    return `${server}: whether it holds ${what} is not known, as nothing was decided for ${open}.`;
  }
  const all = asked.length === 1 ? `the one of the ${shapes}` : `all ${asked.length} ${shapes}`;
  return `${server} holds ${what} in ${all}.`;
}

function tightestSentence(row: HeadroomRow): string {
  const { title, neededPerS, heldPerS, headroom, who, why } = row;
  const atLeast = row.atLeast ? "at least " : "";
  const times = `${Number(headroom!.toPrecision(2))} times that`;
  const blame: Readonly<Record<HeadroomRow["who"], string>> = {
    none: "",
    server: "; above that the server gives out",
    limiter: "; above that a limiter stops it, which is a limit of policy and not of the machine",
    generator: "; above that the generator gave out, not the server",
    signer: `, as ${why}`,
  };
  return `The tightest, "${title}", needs ${formatRate(neededPerS)}, and ${atLeast}${
    formatRate(heldPerS)
  } was held, ${times}${blame[who]}.`;
}

function replaceSentence(
  { replaceAllS: seconds, replaceAllAtMost }: Omit<FleetAnswer, "sentence">,
): string[] {
  if (seconds === null) return [];
  const atMost = replaceAllAtMost ? "at most " : "";
  return [`All of them can be replaced in ${atMost}${formatSeconds(seconds)}.`];
}

function leftOutSentence(rows: readonly HeadroomRow[]): string[] {
  const works = WORKS.filter((work) => rows.some(({ leftOut }) => leftOut.includes(work)));
  if (works.length === 0) return [];
  const names = works.map((work) => WORK_IN_WORDS[work]).join(", ");
  return [`Left out of all this, as no scenario of the plan asks for it: ${names}.`];
}
