/** How a run's load is parted among its workers: arrival or user n is that of worker n mod count. */
export interface WorkerShare {
  readonly index: number;
  readonly count: number;
}

/** This worker's part of `total`, as equal as it goes: the parts of all workers add up to it. */
export function partOf(total: number, { index, count }: WorkerShare): number {
  return Math.floor(total / count) + (index < total % count ? 1 : 0);
}
