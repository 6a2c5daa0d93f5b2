/**
 * Names to addresses, by the system's resolver (so hosts files and search domains count). A lookup is made for every
 * new connection and is its dns phase: nothing is cached here, because a load test that hides the resolver hides what
 * its clients would meet. Literal addresses cost no lookup and have no dns phase.
 */
import { lookup } from "node:dns";
import { isIP } from "node:net";

/** Addresses of a name, in the order in which they should be tried: at least one. */
export type Addresses = readonly [string, ...string[]];

export function isLiteral(hostname: string): boolean {
  return isIP(hostname) !== 0;
}

/** Calls back with the addresses or the resolver's error. Cannot be cancelled, only ignored. */
export function resolve(
  hostname: string,
  done: (error: unknown, addresses: Addresses | undefined) => void,
): void {
  lookup(hostname, { all: true }, (error, found) => {
    const [first, ...rest] = (found ?? []).map(({ address }) => address);
    if (error !== null || first === undefined) done(error, undefined);
    else done(undefined, [first, ...rest]);
  });
}
