/**
 * The search for the highest level at which the limits hold: doubling, then halving of the bracket on a log scale, until
 * it is as narrow as `precision`; its ends once more; a longer level at the answer, and one a tenth above that has to
 * break; last half the answer, to see whether the server recovers. What comes next follows from all results so far, so
 * a level that was decided wrongly is noticed and mended.
 *
 * A generator in the language's sense: it asks for levels, is told results, and ends with the answer.
 */
import type { Answer, Confirmation, Recovery } from "./answer.ts";
import { Book, rounded, type SearchOptions } from "./book.ts";
import { type Knee, kneeOf, sureEnds } from "./knee.ts";
import { lengthOf } from "./lengths.ts";
import type { LevelResult, LevelSpec } from "./level.ts";
import { limited } from "./limiter.ts";
import { nextLevel } from "./next_level.ts";
import { isAtRest, uslOf } from "./usl.ts";

/** A level that could not last so long is not begun. */
const LEAST_MS = 5_000;
/** Of a bracket whose ends are further apart no level between them is called held. */
const WIDE = 1.25;
/** Level by answer at which a server that gave out is to recover. */
const RECOVER_FACTOR = 0.5;

/** The whole search, for who runs levels one after the other to the end; `Search` is for who may be interrupted. */
export function* search(options: SearchOptions): Generator<LevelSpec, Answer, LevelResult> {
  const found = new Search(options);
  for (let spec = found.next(); spec !== undefined; spec = found.next()) {
    found.add(spec, yield spec);
  }
  const recovery = found.recoverySpec();
  if (recovery !== undefined) found.add(recovery, yield recovery);
  return found.answer();
}

/** Asked for levels one after the other, told what came of each, and at any time for what is known. */
export class Search {
  readonly #book: Book;

  constructor(options: SearchOptions) {
    this.#book = new Book(options);
  }

  add(spec: LevelSpec, result: LevelResult): void {
    this.#book.add(spec, result);
  }

  /** Undefined once the answer is known as well as it was asked for, or the time is over. */
  next(): LevelSpec | undefined {
    const wanted = nextLevel(this.#book);
    if (wanted === undefined) return undefined;
    const atMostMs = Math.min(lengthOf(wanted.purpose, this.#book.atMostMs), this.#leftMs());
    if (atMostMs < Math.min(LEAST_MS, lengthOf(wanted.purpose, this.#book.atMostMs))) {
      return undefined;
    }
    const { rest = true } = wanted;
    return { ...wanted, atMostMs, rest, workers: this.#workersFor(wanted.purpose) };
  }

  #workersFor(purpose: LevelSpec["purpose"]): LevelSpec["workers"] {
    return purpose === "generator" ? "other" : this.#book.workers;
  }

  /** For the next level: the recovery comes last, and a search that goes on leaves time for the confirmation. */
  #leftMs(): number {
    return this.#book.atMostMs - this.#book.elapsedMs - lengthOf("recover", this.#book.atMostMs);
  }

  /** Only where the server gave out. */
  recoverySpec(): LevelSpec | undefined {
    const { holds, broken } = this.#book.ends();
    const knee = this.#knee();
    if (holds === undefined || broken === undefined || knee === undefined) return undefined;
    return {
      level: rounded(knee.level * RECOVER_FACTOR),
      atMostMs: lengthOf("recover", this.#book.atMostMs),
      purpose: "recover",
      rest: false,
      workers: this.#book.workers,
    };
  }

  #knee(): Knee | undefined {
    const { holds, broken } = this.#book.ends();
    if (holds === undefined) return undefined;
    const limiter = broken === undefined ? undefined : limited(this.#book, broken)?.knee;
    if (limiter !== undefined) return limiter;
    if (broken === undefined || this.#wall() !== undefined) {
      return { level: holds, low: holds, high: holds, confidence: null, by: "bracket" };
    }
    if (broken > holds * WIDE) {
      const sure = sureEnds(this.#book.valid, { holds, broken });
      return { level: holds, low: sure.holds, high: sure.broken, confidence: null, by: "bracket" };
    }
    return kneeOf(this.#book.valid, { holds, broken }, this.#book.precision);
  }

  /** Where the generator gave out above all that held, and below all that broke the server. */
  #wall(): LevelResult | undefined {
    const { holds, broken } = this.#book.ends();
    if (broken === undefined) return this.#book.wall;
    if (holds === undefined) return undefined;
    return limited(this.#book, broken) ? undefined : this.#book.wallWithin({ holds, broken });
  }

  /** What is known by now. */
  answer(isInterrupted = false): Answer {
    const ended = isInterrupted
      ? "interrupted"
      : nextLevel(this.#book) === undefined
      ? "found"
      : "time";
    this.#book.settleDoubt();
    const { holds, broken } = this.#book.ends();
    const knee = this.#knee();
    const wall = this.#wall();
    const atLeast = holds !== undefined && (broken === undefined || wall !== undefined);
    const culprit = wall ?? this.#culprit(broken);
    return {
      knee: knee?.level ?? 0,
      low: knee?.low ?? 0,
      high: broken === undefined ? null : atLeast ? broken : knee?.high ?? culprit?.level ?? broken,
      confidence: knee?.confidence ?? null,
      atLeast,
      who: culprit?.who ?? "none",
      why: culprit?.why ?? this.#whyNobody(),
      limiter: culprit?.limiter ?? false,
      ended,
      confirmed: this.#confirmation(knee),
      recovery: this.#recovery(),
      elapsedMs: this.#book.elapsedMs,
      levels: this.#book.all,
      usl: uslOf(this.#uslPoints(), this.#book.seed),
    };
  }

  /** Of the levels that broke the server the one at the bracket's end, or the next above; or else where nothing told, or the generator gave out. */
  #culprit(broken: number | undefined): LevelResult | undefined {
    if (broken === undefined) return undefined;
    return this.#book.valid.findLast(({ level, decision }) =>
      level === broken && decision === "broken"
    ) ??
      this.#book.valid.filter(({ level, decision }) => level >= broken && decision === "broken")
        .toSorted((a, b) => a.level - b.level)[0] ??
      this.#book.valid.findLast(({ level, decision }) =>
        level === broken && decision === "undecided"
      );
  }

  #whyNobody(): string {
    const { holds } = this.#book.ends();
    if (holds === undefined) {
      return this.#book.valid.at(-1)?.reason ?? "no level was run to its end";
    }
    return holds >= this.#book.to ? "the search was to go no higher" : "no higher level was tried";
  }

  #confirmation(knee: Knee | undefined): Confirmation | null {
    const last = this.#book.of("confirm").findLast(({ level }) =>
      knee && this.#book.isBeside(level, knee.level)
    );
    return last ? { level: last.level, decision: last.decision, by: last.by } : null;
  }

  #recovery(): Recovery | null {
    const last = this.#book.all.findLast(({ purpose }) => purpose === "recover");
    if (last === undefined) return null;
    if (last.decision === "holds") return { level: last.level, afterMs: last.calmAfterMs };
    // What was not within its limits by the generator's own fault says nothing of the server's recovery.
    return last.who === "generator" ? null : { level: last.level, afterMs: null };
  }

  /** Levels whose queue was at rest: of another one neither number nor rate is the server's. */
  #uslPoints(): Parameters<typeof uslOf>[0] {
    return this.#book.valid.filter(isAtRest).map(({ inFlight, achievedPerS }) => ({
      inFlight,
      perS: achievedPerS,
    }));
  }
}
