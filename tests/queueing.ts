/**
 * What queueing theory says of a station with Poisson arrivals and exponential service (M/M/c), first come, first
 * served: the judge of simulations and of the lab. Times have the unit of the rates.
 */

export interface Queue {
  /** Mean arrivals in a unit of time. */
  readonly arrivals: number;
  /** What one server does in a unit of time. */
  readonly serviceRate: number;
  readonly servers: number;
}

/** Erlang's C: the share that has to wait. By Erlang's B, whose recursion has no large numbers. */
export function waitingShare({ arrivals, serviceRate, servers }: Queue): number {
  const offered = arrivals / serviceRate;
  if (offered >= servers) return 1;
  let blocked = 1;
  for (let server = 1; server <= servers; server++) {
    blocked = offered * blocked / (server + offered * blocked);
  }
  return blocked / (1 - offered / servers * (1 - blocked));
}

/** Share of the arrivals whose response (wait and service) takes longer than `time`. */
export function responseTail(queue: Queue, time: number): number {
  const { arrivals, serviceRate: mu, servers } = queue;
  const spare = servers * mu - arrivals;
  if (spare <= 0) return 1;
  const waits = waitingShare(queue);
  const served = Math.exp(-mu * time);
  // Who waits, waits exponentially by the spare rate, and is then served: the sum of two exponentials.
  const both = Math.abs(spare - mu) < 1e-9 * mu
    ? (1 + mu * time) * served
    : (spare * served - mu * Math.exp(-spare * time)) / (spare - mu);
  return (1 - waits) * served + waits * both;
}

/** The response time that a share of `quantile` (0.99) does not exceed; infinite beyond what the servers can do. */
export function responseQuantile(queue: Queue, quantile: number): number {
  if (queue.arrivals >= queue.servers * queue.serviceRate) return Infinity;
  let high = 1 / queue.serviceRate;
  while (responseTail(queue, high) > 1 - quantile) high *= 2;
  let low = 0;
  for (let step = 0; step < 200 && low < high; step++) {
    const middle = (low + high) / 2;
    if (responseTail(queue, middle) > 1 - quantile) low = middle;
    else high = middle;
  }
  return high;
}

/** Mean response time. */
export function meanResponse(queue: Queue): number {
  const { arrivals, serviceRate, servers } = queue;
  return 1 / serviceRate + waitingShare(queue) / (servers * serviceRate - arrivals);
}

/** The highest arrival rate at which that quantile of the response is within `limit`: the knee. */
export function kneeOf(
  { serviceRate, servers }: Omit<Queue, "arrivals">,
  quantile: number,
  limit: number,
): number {
  const isWithin = (arrivals: number): boolean =>
    responseTail({ arrivals, serviceRate, servers }, limit) <= 1 - quantile;
  let [low, high] = [0, servers * serviceRate];
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2;
    if (isWithin(middle)) low = middle;
    else high = middle;
  }
  return low;
}
