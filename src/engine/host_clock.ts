/**
 * What this machine says of its own clock, where something keeps it: chrony, or the kernel as whatever daemon sets it.
 * Nothing is set, and a machine that cannot tell is no problem.
 */
import { runCommand } from "../command.ts";
import { TimeLimit } from "./time_limit.ts";

/** Own clock minus the one that it is kept by, and how wrong that may be. */
export interface HostClock {
  readonly source: "chrony" | "adjtimex";
  readonly offsetMs: number;
  readonly boundMs: number;
}

const TIMEOUT_MS = 2_000;

/** Never rejects. */
export async function readHostClock(): Promise<HostClock | undefined> {
  const time = new TimeLimit(TIMEOUT_MS, new AbortController().signal);
  const { code, stdout } = await runCommand(["chronyc", "-n", "tracking"], {
    signal: time.signal,
  });
  time.clear();
  return (code === 0 ? ofChrony(stdout) : undefined) ?? ofKernel(readTimex());
}

/** How chrony says it (chronyc(1), tracking): the clock is within dispersion and half of the delay of what it is kept by. */
const CHRONY = {
  offset: /^System time\s*: (\d+\.?\d*) seconds (slow|fast) of NTP time$/m,
  rootDelay: /^Root delay\s*: (-?\d+\.?\d*) seconds$/m,
  rootDispersion: /^Root dispersion\s*: (\d+\.?\d*) seconds$/m,
  isKept: /^Leap status\s*: (?:Normal|Insert second|Delete second)$/m,
};

/** What `chronyc tracking` prints. */
export function ofChrony(text: string): HostClock | undefined {
  const [, offsetS, side] = CHRONY.offset.exec(text) ?? [];
  const seconds = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? NaN);
  const boundS = seconds(CHRONY.rootDispersion) + Math.abs(seconds(CHRONY.rootDelay)) / 2;
  if (offsetS === undefined || !CHRONY.isKept.test(text) || !Number.isFinite(boundS)) {
    return undefined;
  }
  const offsetMs = rounded(Number(offsetS)) * (side === "fast" ? 1 : -1);
  return { source: "chrony", offsetMs, boundMs: rounded(boundS) };
}

/** What of the kernel's `struct timex` is looked at (adjtimex(2)). */
export interface Timex {
  readonly status: number;
  /** Of the correction that is still under way, in microseconds or, with STA_NANO, nanoseconds. */
  readonly offset: number;
  readonly maxErrorUs: number;
}

const STA_UNSYNC = 0x40;
const STA_NANO = 0x2000;
/** The kernel's for "nobody knows": it lets the error grow up to here. */
const UNKNOWN_US = 16_000_000;

export function ofKernel(timex: Timex | undefined): HostClock | undefined {
  if (timex === undefined || (timex.status & STA_UNSYNC) !== 0) return undefined;
  if (timex.maxErrorUs >= UNKNOWN_US) return undefined;
  const offsetS = timex.offset / ((timex.status & STA_NANO) !== 0 ? 1e9 : 1e6);
  const boundMs = rounded(timex.maxErrorUs / 1e6);
  return { source: "adjtimex", offsetMs: rounded(-offsetS), boundMs };
}

/** Bytes of `struct timex` where a C long has eight. */
const TIMEX_BYTES = 208;
const LONG_AT = { offset: 8, maxError: 24, status: 40 } as const;

/** By a call that reads alone (`modes` 0), which needs no privilege; undefined where there is no such kernel. */
export function readTimex(): Timex | undefined {
  if (Deno.build.os !== "linux" || !["x86_64", "aarch64"].includes(Deno.build.arch)) {
    return undefined;
  }
  try {
    const libc = Deno.dlopen("libc.so.6", {
      adjtimex: { parameters: ["buffer"], result: "i32" },
    });
    try {
      const timex = new Uint8Array(TIMEX_BYTES);
      if (libc.symbols.adjtimex(timex) < 0) return undefined;
      const view = new DataView(timex.buffer);
      return {
        status: view.getInt32(LONG_AT.status, true),
        offset: Number(view.getBigInt64(LONG_AT.offset, true)),
        maxErrorUs: Number(view.getBigInt64(LONG_AT.maxError, true)),
      };
    } finally {
      libc.close();
    }
  } catch {
    return undefined;
  }
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3;
}
