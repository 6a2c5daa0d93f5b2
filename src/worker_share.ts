/**
 * How a run's load is parted among its workers: arrival or user n is that of worker n mod count. The workers of a run are
 * the threads of its machines: thread t of T on machine i of N is worker i + N t of N T. So n is machine n mod N's, however
 * many threads each machine has, and floor(n / N) mod T says whose there.
 */
export interface WorkerShare {
  readonly index: number;
  readonly count: number;
  /** Its machine among those that carry the same; absent: there is one. */
  readonly machine?: WorkerShare;
}

/** A run's only machine. */
export const WHOLE: WorkerShare = { index: 0, count: 1 };

/** The share of a machine's thread. */
export function shareOfThread(thread: WorkerShare, machine: WorkerShare = WHOLE): WorkerShare {
  if (machine.count === 1) return { index: thread.index, count: thread.count };
  return {
    index: machine.index + machine.count * thread.index,
    count: machine.count * thread.count,
    machine: { index: machine.index, count: machine.count },
  };
}

/** A worker among the threads of its own machine. */
export function threadOf({ index, count, machine = WHOLE }: WorkerShare): WorkerShare {
  return { index: Math.floor(index / machine.count), count: count / machine.count };
}

/** Whether arrival or user n is that share's. */
export function isOf(n: number, { index, count }: WorkerShare): boolean {
  return n % count === index;
}

/** This worker's part of `total`, as equal as it goes: the parts of all workers add up to it. */
export function partOf(total: number, { index, count }: WorkerShare): number {
  return Math.floor(total / count) + (index < total % count ? 1 : 0);
}
