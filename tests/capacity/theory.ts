/** What queueing theory says of the simulated servers, in formulas that no simulation has a part in. */

/** Erlang's C: the share that waits at `c` servers which are busy for `rho` of the time. */
export function erlangC(c: number, rho: number): number {
  // Erlang's B by its recursion, which does not overflow.
  let blocked = 1;
  for (let k = 1; k <= c; k++) blocked = (rho * c * blocked) / (k + rho * c * blocked);
  return blocked / (1 - rho * (1 - blocked));
}

/** M/M/c, first come first served: the share of response times beyond `timeS`, arrivals at `lambda`, each server at `mu`. */
export function mmcBeyond(c: number, mu: number, lambda: number, timeS: number): number {
  if (lambda >= c * mu) return 1;
  const waits = erlangC(c, lambda / (c * mu));
  const a = c * mu - lambda;
  const service = Math.exp(-mu * timeS);
  const both = Math.abs(mu - a) < 1e-9 * mu
    ? service * (1 + mu * timeS)
    : Math.exp(-a * timeS) + (a * (Math.exp(-a * timeS) - service)) / (mu - a);
  return (1 - waits) * service + waits * both;
}

/**
 * A token bucket of `burst` tokens under Poisson arrivals is M/D/1/K with K = burst: what is missing of it is the work
 * that is waiting. The refused share, by the embedded chain at departures. `rho`: arrivals by the bucket's rate.
 */
export function bucketRefused(burst: number, rho: number): number {
  // P(k arrivals while one token comes).
  const arrivals = new Float64Array(burst + 1);
  arrivals[0] = Math.exp(-rho);
  for (let k = 1; k <= burst; k++) arrivals[k] = (arrivals[k - 1]! * rho) / k;
  // Left behind by a departure: 0 to K - 1. Solved from the first equation on, and scaled as it goes.
  const pi = new Float64Array(burst);
  pi[0] = 1;
  for (let j = 0; j + 1 < burst; j++) {
    let rest = pi[j]! - pi[0]! * arrivals[j]!;
    for (let i = 1; i <= j; i++) rest -= pi[i]! * arrivals[j - i + 1]!;
    pi[j + 1] = rest / arrivals[0]!;
    if (pi[j + 1]! > 1e200) pi.forEach((value, at) => pi[at] = value / 1e200);
  }
  const sum = pi.reduce((total, value) => total + value, 0);
  return 1 - 1 / (pi[0]! / sum + rho);
}

/** Where a rising function reaches `wanted`, by halving. */
export function crossing(
  f: (x: number) => number,
  wanted: number,
  low: number,
  high: number,
): number {
  let [from, to] = [low, high];
  for (let i = 0; i < 60; i++) {
    const middle = (from + to) / 2;
    if (f(middle) < wanted) from = middle;
    else to = middle;
  }
  return (from + to) / 2;
}
