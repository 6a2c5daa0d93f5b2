/** Daemons that serve certificates as a test tells them to, and a watch of them, on time that is only counted. */
import type { Handshake } from "../../src/deploy/timeline.ts";

export const OLD = "0".repeat(64);
export const NEW = "1".repeat(64);
export const THIRD = "2".repeat(64);

/** What is served at an instant, by whichever process takes the connection; undefined: nothing. */
export type Serving = (atUs: number, process: number) => string | undefined;

/** One process that turns at an instant. */
export const turnsAt = (turnUs: number): Serving => (atUs) => atUs < turnUs ? OLD : NEW;

export interface Watching {
  readonly fromUs: number;
  readonly untilUs: number;
  readonly intervalUs: number;
  /** Of each handshake in turn: what it took, where in that time the certificate was chosen, and which process took it. */
  readonly draw: (n: number) => { tookUs: number; chosenAt: number; process?: number };
}

/** A handshake each interval; each is served what was there when its certificate was chosen. */
export function watch(
  serving: Serving,
  { fromUs, untilUs, intervalUs, draw }: Watching,
): Handshake[] {
  const count = Math.max(0, Math.ceil((untilUs - fromUs) / intervalUs));
  return Array.from({ length: count }, (_, n) => {
    const sentUs = fromUs + n * intervalUs;
    const { tookUs, chosenAt, process = 0 } = draw(n);
    const fingerprint = serving(sentUs + chosenAt * tookUs, process);
    return { sentUs, doneUs: sentUs + tookUs, fingerprint };
  });
}
