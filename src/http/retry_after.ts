/** How long a server asks to be left alone. */

/** Of seconds too many to be counted (RFC 9111 section 1.2.2). */
const MAX_DELAY_SECONDS = 2 ** 31;
const SECONDS = /^\s*(\d{1,20})\s*(?:,|$)/;
/** The three forms of RFC 9110 section 5.6.7 begin with the day's name; the last one has no zone and means GMT. */
const HTTP_DATE = /^\s*(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? [\w :-]{10,40}$/i;

/**
 * Milliseconds that a Retry-After header asks for (RFC 9110 section 10.2.3), 0 for a date that has passed; undefined
 * when it says nothing. It is what a server asks for, and the caller's to bound from below and above.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const seconds = SECONDS.exec(header)?.[1];
  if (seconds !== undefined) return Math.min(Number(seconds), MAX_DELAY_SECONDS) * 1000;
  if (!HTTP_DATE.test(header)) return undefined;
  const date = Date.parse(/gmt\s*$/i.test(header) ? header : `${header} GMT`);
  return Number.isNaN(date)
    ? undefined
    : Math.min(Math.max(0, date - nowMs), MAX_DELAY_SECONDS * 1000);
}
