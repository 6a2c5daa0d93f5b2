/**
 * Demand beside what was measured: is it enough, by how much, what gives out first, and how long would it take to replace
 * all. Pure; whoever measures hands in how many times a shape's mix the server held.
 */
import { formatCount, formatRate, formatSeconds } from "../metrics/format.ts";
import { formatDuration } from "../plan/units.ts";
import { type Demand, type Shape, totalPerS } from "./demand.ts";
import type { Fleet } from "./fleet.ts";

/** What the search for a shape's mix found: the mix times `factor` was held. */
export interface Held {
  readonly shape: Shape;
  readonly factor: number;
  /** Its interval. */
  readonly low: number;
  readonly high: number;
  /** The generator gave out first, or the search's end was reached: it may hold more. */
  readonly atLeast: boolean;
  /** Who gave out. */
  readonly who: "server" | "generator" | "none";
  readonly why: string;
}

/** `unknown`: not measured, or the generator gave out below what is needed. */
export type Enough = "yes" | "no" | "unknown";

export interface HeadroomRow {
  readonly shape: Shape;
  readonly title: string;
  /** Arrivals per second of all the fleet's work together. */
  readonly neededPerS: number;
  /** null: not measured. */
  readonly heldPerS: number | null;
  /** How many times what is needed was held, by the lower end of the interval. */
  readonly headroom: number | null;
  readonly atLeast: boolean;
  readonly enough: Enough;
  readonly who: Held["who"] | "signer";
  readonly why: string;
}

export interface FleetAnswer {
  readonly enough: Enough;
  readonly rows: readonly HeadroomRow[];
  /** The row with the least headroom. */
  readonly tightest: HeadroomRow | null;
  /** Seconds to replace all at the highest rate of renewals that was held; null: none was. */
  readonly replaceAllS: number | null;
  /** That may be less. */
  readonly replaceAllAtMost: boolean;
  readonly sentence: string;
}

export function answerOf(
  { server, fleet, demands, held }: {
    /** Its name or address, for the sentence. */
    readonly server: string;
    readonly fleet: Fleet;
    readonly demands: readonly Demand[];
    readonly held: readonly Held[];
  },
): FleetAnswer {
  const bounded = held.map((each) => withinSigner(each, fleet, demands));
  const rows = demands.map((demand) =>
    rowOf(demand, bounded.find(({ shape }) => shape === demand.shape))
  );
  const measured = rows.filter(({ headroom }) => headroom !== null);
  const tightest = measured.toSorted((a, b) => a.headroom! - b.headroom!)[0] ?? null;
  const enough = enoughOf(rows);
  const best = bestRenewal(demands, bounded);
  const replace = best && fleet.certificates / best.perS;
  const answer = {
    enough,
    rows,
    tightest,
    replaceAllS: replace ?? null,
    replaceAllAtMost: best?.atLeast ?? false,
  };
  return { ...answer, sentence: sentenceOf(server, fleet, answer) };
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

function rowOf(demand: Demand, held: Bounded | undefined): HeadroomRow {
  const { shape, title } = demand;
  const neededPerS = totalPerS(demand);
  if (held === undefined) {
    const none = { heldPerS: null, headroom: null, atLeast: false, who: "none" } as const;
    return { shape, title, neededPerS, ...none, enough: "unknown", why: "not measured" };
  }
  const { factor, low, atLeast, who, why } = held;
  const headroom = Math.min(factor, low);
  const enough = headroom >= 1 ? "yes" : atLeast || held.high >= 1 ? "unknown" : "no";
  return {
    shape,
    title,
    neededPerS,
    heldPerS: headroom * neededPerS,
    headroom,
    atLeast,
    enough,
    who,
    why,
  };
}

/** One that is too much is an answer; one that is not known leaves it open. */
function enoughOf(rows: readonly HeadroomRow[]): Enough {
  if (rows.some(({ enough }) => enough === "no")) return "no";
  return rows.length > 0 && rows.every(({ enough }) => enough === "yes") ? "yes" : "unknown";
}

function bestRenewal(
  demands: readonly Demand[],
  held: readonly Bounded[],
): { perS: number; atLeast: boolean } | undefined {
  return held.map(({ shape, factor, atLeast }) => ({
    perS: factor * (demands.find((each) => each.shape === shape)?.rates.handshake ?? 0),
    atLeast,
  })).filter(({ perS }) => perS > 0).sort((a, b) => b.perS - a.perS)[0];
}

function sentenceOf(server: string, fleet: Fleet, answer: Omit<FleetAnswer, "sentence">): string {
  const { certificates, lifetimeMs } = fleet;
  const what = `${formatCount(certificates)} certificates of ${formatDuration(lifetimeMs)}`;
  const { tightest, enough, rows } = answer;
  if (tightest === null) {
    return `Whether ${server} holds ${what} is not known: nothing was measured.`;
  }
  const least = `"${tightest.title}" needs ${formatRate(tightest.neededPerS)}, and ${
    tightest.atLeast ? "at least " : ""
  }${formatRate(tightest.heldPerS)} was held, ${times(tightest)}`;
  const blame = tightest.who === "none" ? "" : ` (${tightest.who}: ${tightest.why})`;
  if (enough === "no") {
    const failed = rows.filter((row) => row.enough === "no").length;
    return `${server} does not hold ${what} in ${failed} of ${rows.length} shapes of demand: ${least}${blame}.`;
  }
  if (enough === "unknown") {
    const open = rows.filter((row) => row.enough === "unknown").map(({ title }) => `"${title}"`);
    return `Whether ${server} holds ${what} is not known: nothing was decided for ${
      open.join(", ")
    }; of what was measured, ${least}${blame}.`;
  }
  return `${server} holds ${what} in all ${rows.length} shapes of demand; the tightest: ${least}${blame}. ${
    replaceSentence(answer)
  }`.trimEnd();
}

function replaceSentence(
  { replaceAllS: seconds, replaceAllAtMost }: Omit<FleetAnswer, "sentence">,
): string {
  if (seconds === null) return "";
  return `All of them can be replaced in ${replaceAllAtMost ? "at most " : ""}${
    formatSeconds(seconds)
  }.`;
}

function times({ headroom }: HeadroomRow): string {
  return `${Number(headroom!.toPrecision(2))} times that`;
}
