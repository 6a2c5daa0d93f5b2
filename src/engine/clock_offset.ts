/**
 * How far this machine's clock is from a server's, by the server's `Date` header alone (RFC 9110 section 6.6.1): no daemon
 * and no other network are needed. The header tells whole seconds, so each answer bounds the offset by a second, and the
 * answers around the instant at which the second flips bound it ever closer; what is left is the round trip (Cristian,
 * Probabilistic clock synchronization, 1989). Pure.
 *
 * The server made the header at some instant of this clock between sending and receiving, and read its own clock as a time
 * in [second, second + 1). With offset = own - server's,
 *
 *     received - offset >= second        offset <= received - second
 *     sent - offset < second + 1         offset > sent - second - 1
 *
 * A server that makes its header anew only now and then is late with the flip, never early: the first of the two holds for
 * it too, and answers that then contradict each other say by how much. Many keep the header for a second from the first
 * answer on, and are right again when nothing was asked for so long (hyper, and with it Deno.serve).
 */

/** One answer: instants of the own clock in microseconds since the Unix epoch, and the server's second. */
export interface DateAnswer {
  readonly sentUs: number;
  readonly receivedUs: number;
  readonly second: number;
}

/** Own clock minus the server's, which lies within `boundUs` of it. */
export interface Offset {
  readonly offsetUs: number;
  readonly boundUs: number;
}

/** Headers may be late by a server's own work; by more than this, they are kept ones. */
export const LATE_US = 2_000;

const SECOND_US = 1_000_000;
/** A server that keeps its header has forgotten it after this long without a question. */
export const FORGOTTEN_US = 1_050_000;
/** Beyond what is known a counter-question is asked, at least. */
const ASIDE_US = 5_000;

export type CounterQuestion = "before" | "well before" | "after";

export class OffsetBounds {
  readonly #fineUs: number;
  #lowUs = -Infinity;
  /** By answers whose header was made for them. */
  #sureLowUs = -Infinity;
  #highUs = Infinity;
  #roundTripUs = Infinity;
  #longestTripUs = 0;
  #answers = 0;

  /** @param fineUs Nobody needs to know it more closely. */
  constructor(fineUs = 1_000) {
    this.#fineUs = fineUs;
  }

  /** @param isFresh A server that keeps its header had forgotten it. */
  add({ sentUs, receivedUs, second }: DateAnswer, isFresh = true): void {
    this.#answers++;
    const lowUs = sentUs - (second + 1) * SECOND_US;
    this.#lowUs = Math.max(this.#lowUs, lowUs);
    if (isFresh) this.#sureLowUs = Math.max(this.#sureLowUs, lowUs);
    this.#highUs = Math.min(this.#highUs, receivedUs - second * SECOND_US);
    this.#roundTripUs = Math.min(this.#roundTripUs, receivedUs - sentUs);
    this.#longestTripUs = Math.max(this.#longestTripUs, receivedUs - sentUs);
  }

  get answers(): number {
    return this.#answers;
  }

  /** How much the answers contradict each other; 0 where they do not. */
  get contradictionUs(): number {
    return Math.max(0, this.#lowUs - this.#highUs);
  }

  /** More answers would not tell it more closely: the round trip is what is left. */
  get isFine(): boolean {
    const widthUs = this.#highUs - this.#lowUs;
    return widthUs <= Math.max(2 * this.#fineUs, 1.5 * this.#roundTripUs);
  }

  /** Headers were kept, so that the lower bound is known to a second alone. */
  get isKept(): boolean {
    return this.contradictionUs > LATE_US;
  }

  /** Undefined before there was an answer, and of answers that are not of one clock. */
  get offset(): Offset | undefined {
    const lateUs = this.isKept ? SECOND_US : LATE_US + 2 * this.contradictionUs;
    const widthUs = this.#highUs - (this.#sureLowUs - lateUs);
    if (this.#answers === 0 || widthUs < 0) return undefined;
    return { offsetUs: this.#highUs - widthUs / 2, boundUs: widthUs / 2 };
  }

  /**
   * When to send the next questions, about the server's next flip of the second: in order, and only until one is answered
   * with the new second, for the later ones would be too.
   * @param most One parts what is not known in two, three in four.
   */
  questions(
    nowUs: number,
    most: number,
  ): { readonly second: number; readonly sendUs: readonly number[] } {
    const [lowUs, highUs] = [this.#lowUs, this.#highUs];
    const tripUs = this.#roundTripUs / 2;
    // One after the other, so they cannot lie closer together than a round trip.
    const count = highUs - lowUs > 4 * this.#roundTripUs ? most : 1;
    const firstUs = lowUs + (highUs - lowUs) / (count + 1) - tripUs;
    const second = Math.ceil((nowUs - firstUs) / SECOND_US);
    const sendUs = Array.from(
      { length: count },
      (_, n) => second * SECOND_US + lowUs + (highUs - lowUs) * ((n + 1) / (count + 1)) - tripUs,
    );
    return { second, sendUs };
  }

  /** The lower bound has been put to the test. */
  get isSure(): boolean {
    return this.#sureLowUs >= this.#lowUs - 2 * ASIDE_US - this.#longestTripUs;
  }

  /**
   * When to ask once more, right before what is taken for a flip and right after it: a header that came late has moved the
   * lower bound beyond the truth, and all that followed lies beyond it too. The first is answered with the new second then,
   * and the second with the old one where headers come later and later. Either contradicts the others.
   */
  counterQuestionUs(side: CounterQuestion, nowUs: number): number {
    const sendUs = {
      before: this.#lowUs - ASIDE_US - this.#roundTripUs / 2,
      // Where the way was longer this time than it mostly is.
      "well before": this.#lowUs - ASIDE_US - this.#longestTripUs,
      after: this.#highUs + ASIDE_US,
    }[side];
    return Math.ceil((nowUs - sendUs) / SECOND_US) * SECOND_US + sendUs;
  }
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const IMF_FIXDATE = new RegExp(
  String.raw`^(?:${DAYS.join("|")}), (\d\d) (${
    MONTHS.join("|")
  }) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$`,
);

/** The second since the Unix epoch that a `Date` header tells (IMF-fixdate, the one form that servers may send). */
export function secondOf(header: string | undefined): number | undefined {
  const [, day, month, year, hour, minute, second] = IMF_FIXDATE.exec(header?.trim() ?? "") ?? [];
  if (month === undefined) return undefined;
  const date = [Number(year), MONTHS.indexOf(month), Number(day)] as const;
  return Date.UTC(...date, Number(hour), Number(minute), Number(second)) / 1000;
}
