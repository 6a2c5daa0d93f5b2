/**
 * A failed request is data, not an exception: everything that can go wrong with one has a class. The names are a
 * contract (summary.json, JUnit, thresholds): add, do not rename.
 */
export const FAILURE_CLASSES = [
  "dns",
  "connect_refused",
  "connect_timeout",
  "connect",
  "tls",
  "tls_verify",
  "wrong_certificate",
  "reset",
  "closed",
  "timeout",
  "protocol",
  "too_large",
  "rate_limited",
  "status_3xx",
  "status_4xx",
  "status_5xx",
  "unexpected_status",
  "unexpected_body",
  "interrupted",
  "client",
] as const;

export type FailureClass = (typeof FAILURE_CLASSES)[number];

export interface Failure {
  readonly class: FailureClass;
  /** One sentence with the value seen, no secret, at most a few hundred characters. */
  readonly message: string;
}

/** Of a value that may be a failure instead. */
export function isFailure(value: unknown): value is Failure {
  return typeof value === "object" && value !== null && "class" in value && "message" in value;
}
