/** Settings of the lab: plain data, all of it optional. */
import { foreign } from "../terminal.ts";
import type { AcmeOptions } from "./acme/options.ts";
import type { LimiterOptions } from "./api/api.ts";
import type { Clock } from "../clock.ts";
import { timerClock } from "../timer.ts";
import type { Faults, ServerName } from "./faults.ts";

export interface LabOptions {
  /** Address to listen on, default 127.0.0.1. */
  readonly hostname?: string;
  /** Port by server (and `control`); default 0 for each: any free one. */
  readonly ports?: Readonly<Partial<Record<ServerName | "control", number>>>;
  /** Key that the API takes; default `load-test-token`. */
  readonly token?: string;
  /** certctl's limiter by address; default off. certctl's own default is 50 requests per second and a burst of 100. */
  readonly limiter?: LimiterOptions;
  /** The demo rows that the load scripts refer to; default true. Without them creating a certificate answers 500. */
  readonly demo?: boolean;
  /** SQLite file for the state; default: in memory. */
  readonly databasePath?: string;
  /** Settings of the ACME server. */
  readonly acme?: AcmeOptions;
  /** What the lab does wrong from the start. */
  readonly faults?: Faults;
  /** Numbers in [0, 1) for the faults' chances; default `Math.random`. */
  readonly random?: () => number;
  /** Time of the ACME server's limits, lifetimes and garbage collection; default: the system's. */
  readonly clock?: Clock;
  /** Takes a line about a mistake of the lab's own; default: standard error. */
  readonly log?: (line: string) => void;
}

export type LabSettings = Required<Omit<LabOptions, "databasePath" | "limiter">> & LabOptions;

export const DEFAULT_TOKEN = "load-test-token";

export function labSettings(options: LabOptions): LabSettings {
  return {
    hostname: "127.0.0.1",
    token: DEFAULT_TOKEN,
    demo: true,
    faults: {},
    random: Math.random,
    clock: timerClock,
    log: logToStandardError,
    ...options,
    acme: options.acme ?? {},
    ports: options.ports ?? {},
  };
}

function logToStandardError(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`lab: ${foreign(line)}\n`));
}
