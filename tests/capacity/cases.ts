/** Random servers and generators of which theory knows what they hold, and searches of them. */
import type { Answer } from "../../src/capacity/answer.ts";
import type { Limit } from "../../src/capacity/limits.ts";
import type { SearchOptions } from "../../src/capacity/book.ts";
import { search } from "../../src/capacity/search.ts";
import { randomOf } from "../../src/random.ts";
import { BucketServer, QueueServer, type SimulatedServer, Simulation } from "./simulation.ts";
import { bucketRefused, crossing, mmcBeyond } from "./theory.ts";

export const KINDS = ["bucket", "queue", "cold", "thrashing", "noisy"] as const;
export type Kind = (typeof KINDS)[number];

/** `weak`: gives out below the server whatever its workers; `few`: has workers to add, and gives out without them. */
export type GeneratorKind = "strong" | "weak" | "few";

export interface Case {
  readonly kind: Kind;
  readonly generatorKind: GeneratorKind;
  readonly truth: number;
  readonly from: number;
  /** What the generator can send at the most. */
  readonly ceiling: number;
  readonly simulation: Simulation;
  readonly text: string;
}

export function caseOf(seed: number, kind: Kind = KINDS[seed % KINDS.length]!): Case {
  const random = randomOf(seed);
  const between = (from: number, to: number): number => from * (to / from) ** random();
  const { server, truth, limits, text } = kind === "bucket"
    ? bucketCase(random, between)
    : queueCase(kind, random, between);
  const draw = random();
  const generatorKind = draw < 0.65 ? "strong" : draw < 0.9 ? "weak" : "few";
  const ceiling = truth * (generatorKind === "weak" ? between(0.25, 0.8) : between(3, 20));
  const workers = generatorKind === "few" ? 1 : 2;
  const perWorkerPerS = generatorKind === "few" ? truth * between(0.4, 0.8) : ceiling / 2;
  const otherWorkers = generatorKind === "few" ? Math.ceil(ceiling / perWorkerPerS) : 2;
  const generator = { perWorkerPerS, workers, otherWorkers };
  const from = truth * between(1 / 16, 1.5);
  return {
    kind,
    generatorKind,
    truth,
    from,
    ceiling,
    simulation: new Simulation(server, generator, limits, random),
    text: `${text}, generator ${generatorKind} ${ceiling.toFixed(0)}, from ${from.toFixed(1)}`,
  };
}

/** The share beyond the limit grows with at least this power of the rate; where it hardly grows there is no knee. */
const SHARPNESS = 8;

type Between = (from: number, to: number) => number;

interface Served {
  readonly server: SimulatedServer;
  readonly truth: number;
  readonly limits: readonly Limit[];
  readonly text: string;
}

function errorsLimit(allowed: number): Limit {
  return { text: `error_rate < ${allowed}`, kind: "errors", allowed };
}

function bucketCase(random: () => number, between: Between): Served {
  const perS = between(20, 1000);
  const burst = Math.max(20, Math.round(perS * between(0.3, 1)));
  const errors = random() < 0.5 || perS < 100 ? 0 : 0.002;
  const truth = perS *
    crossing((rho) => bucketRefused(burst, rho) * (1 - errors) + errors, 0.01, 0.3, 1.2);
  const limits: Limit[] = [
    { text: "p95 < 100 ms", kind: "latency", allowed: 0.05, limitMs: 100 },
    errorsLimit(0.01),
  ];
  const text = `bucket of ${perS.toFixed(1)}/s, burst ${burst}, errors ${errors}: ${
    truth.toFixed(1)
  }`;
  return { server: new BucketServer(perS, burst, errors, random), truth, limits, text };
}

function queueCase(kind: Kind, random: () => number, between: Between): Served {
  const servers = [1, 2, 4, 8, 16][Math.floor(random() * 5)]!;
  const capacity = between(200, 1000);
  const perS = capacity / servers;
  const allowed = capacity > 300 && random() < 0.25 ? 0.01 : 0.05;
  const rho = 0.7 + 0.26 * random();
  const limitS = crossing(
    (t) => 1 - mmcBeyond(servers, perS, rho * capacity, t),
    1 - allowed,
    0,
    100 / perS / (1 - rho),
  );
  const sharper = mmcBeyond(servers, perS, 1.01 * rho * capacity, limitS) / allowed;
  if (Math.log(sharper) / Math.log(1.01) < SHARPNESS) return queueCase(kind, random, between);
  const limits: Limit[] = [
    {
      text: `p${100 - allowed * 100} < ${limitS} s`,
      kind: "latency",
      allowed,
      limitMs: limitS * 1000,
    },
    errorsLimit(0.01),
  ];
  const server = new QueueServer({
    servers,
    perS,
    random,
    ...(kind === "cold" && { cold: { factor: between(2, 5), requests: between(100, 1000) } }),
    ...(kind === "thrashing" && { thrash: { factor: between(1.2, 2), fromS: limitS * 10 } }),
    ...(kind === "noisy" && { errors: 0.003, noise: { deviation: 0.01, persistence: 0.9 } }),
  });
  const text = `${kind} M/M/${servers} of ${capacity.toFixed(1)}/s, rho ${rho.toFixed(3)}, p${
    100 - allowed * 100
  }: ${(rho * capacity).toFixed(1)}`;
  return { server, truth: rho * capacity, limits, text };
}

export function searchCase(
  { from, simulation }: Case,
  options: Partial<SearchOptions> = {},
): Answer {
  const levels = search({ from, ...options });
  for (let step = levels.next();;) {
    if (step.done) return step.value;
    step = levels.next(simulation.run(step.value));
  }
}

/** Whether the answer names whom theory names; a server that gave out, or the generator below it. */
export function namesTheRightOne({ generatorKind }: Case, { who, atLeast }: Answer): boolean {
  return generatorKind === "weak" ? who === "generator" : who === "server" && !atLeast;
}
