/** When all machines begin: at an instant that was named, or so long after whoever starts them was started. */

export interface Start {
  readonly at?: Date;
  /** From the start of the script to the instant. */
  readonly waitMs: number;
}

/**
 * The line by which a script knows the instant, in seconds since 1970. It is read once on one machine, so that all have
 * the same, and rounded up so that nobody has less time than was said.
 */
export function startLine({ at, waitMs }: Start): string {
  if (at !== undefined) return `start_at=${at.toISOString()}`;
  return `start_at=$(($(date +%s) + ${Math.ceil(waitMs / 1000) + 1}))`;
}
