/**
 * The durations that are measured, in one table: who has them, and what they hold, for whoever reads a summary alone.
 * Recording, adding up, `summary.json` and thresholds go by it.
 *
 * - `iteration`: an arrival has its own, and so has each request.
 * - `request`: a request alone has them; an iteration's are those of all its requests.
 * - `phase`: the same, of a part of an exchange: under `phases` in a summary.
 */
export const DURATIONS = {
  response_time: {
    of: "iteration",
    meaning:
      "planned instant of the arrival to the last byte: lag, wait for a connection and service time; what thresholds mean. In the closed model the planned instant is the send. Of answers as expected, and of timeouts with the time waited; all other failures are in failed_time instead",
  },
  failed_time: {
    of: "iteration",
    meaning:
      "planned instant to the failure, of all that failed but timeouts: refused, cut off, or answered otherwise than expected",
  },
  service_time: {
    of: "iteration",
    meaning:
      "of the same requests: send to the last byte, with dns, connect and TLS where a connection had to be made; of an iteration, all its steps and waits",
  },
  lag: {
    of: "iteration",
    meaning: "planned instant to the send: the generator's own lateness",
  },
  blocked: { of: "request", meaning: "wait for a free connection of a limited set" },
  dns: { of: "phase", meaning: "name resolution of a new connection" },
  connect: { of: "phase", meaning: "TCP connect of a new connection" },
  tls_handshake: { of: "phase", meaning: "TLS handshake of a new connection" },
  ttfb: {
    of: "phase",
    meaning: "of answers as expected: request written to the first byte of the answer",
  },
} as const satisfies Record<
  string,
  { readonly of: "iteration" | "request" | "phase"; readonly meaning: string }
>;

/** What is timed. Each one that finished is in exactly one of `response_time` and `failed_time`. */
export type Duration = keyof typeof DURATIONS;

type PhaseDuration = {
  [D in Duration]: (typeof DURATIONS)[D]["of"] extends "phase" ? D : never;
}[Duration];

const names = Object.keys(DURATIONS) as Duration[];

const isPhase = (name: Duration): name is PhaseDuration => DURATIONS[name].of === "phase";

export const PHASE_DURATIONS: readonly PhaseDuration[] = names.filter(isPhase);
export const WHOLE_DURATIONS = names.filter((name): name is Exclude<Duration, PhaseDuration> =>
  !isPhase(name)
);

/** A value for each duration. */
export function perDuration<T>(valueOf: (name: Duration) => T): Record<Duration, T> {
  return Object.fromEntries(names.map((name) => [name, valueOf(name)])) as Record<Duration, T>;
}

/** A value for each of some durations, under the key that its milliseconds have in a summary. */
export function inMs<D extends Duration, T>(
  names: readonly D[],
  valueOf: (name: D) => T,
): Record<`${D}_ms`, T> {
  return Object.fromEntries(names.map((name) => [`${name}_ms`, valueOf(name)])) as Record<
    `${D}_ms`,
    T
  >;
}
