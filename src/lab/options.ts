/** Settings of the lab: plain data, all of it optional. */
import { foreign } from "../terminal.ts";
import { type AgentsOptions, type AgentsSettings, agentsSettings } from "./agents.ts";
import type { AcmeOptions } from "./acme/options.ts";
import type { LimiterOptions } from "./api/api.ts";
import type { Keygen } from "./api/context.ts";
import type { AsShipped, ShippedFault } from "./as_shipped.ts";
import { type CapacityOptions, serviceClock } from "./capacity.ts";
import type { Clock } from "../clock.ts";
import { timerClock } from "../timer.ts";
import type { Faults, ServerName } from "./faults.ts";
import { type SchedulerOptions, type SchedulerSettings, schedulerSettings } from "./scheduler.ts";
import type { TargetNumbers } from "./target_name.ts";

export interface LabOptions {
  /** Address to listen on, default 127.0.0.1. */
  readonly hostname?: string;
  /** Port by server (and `control`); default 0 for each: any free one. */
  readonly ports?: Readonly<Partial<Record<ServerName | "control", number>>>;
  /** Key that the API takes; default `load-test-token`. */
  readonly token?: string;
  /** Key that bulk revocation takes; default `load-test-admin-token`. */
  readonly adminToken?: string;
  /** How many TLS targets of each kind, default one each: `nginx`, `nginx-2`, ... */
  readonly targets?: TargetNumbers;
  /** Who makes the key of a renewal: an agent (default), or the scheduler. */
  readonly keygen?: Keygen;
  readonly scheduler?: SchedulerOptions;
  /** Agents of the lab's own. */
  readonly agents?: AgentsOptions;
  /** Whether an environment of `lt-deploy-nginx` binds a new certificate to the target `lt-nginx`; default true. */
  readonly bind?: boolean;
  /** What a list of jobs takes longer for each job that there is, microseconds; default 0, certctl's some 7. */
  readonly jobListUsPerRow?: number;
  /** What the lab can do and no more; default: what its one core can. */
  readonly capacity?: CapacityOptions;
  /** Whether a target's connections outlive its reload (default), or end as nginx's do. */
  readonly reload?: "keep" | "cut";
  /** Faults of certctl; default none. */
  readonly asShipped?: readonly ShippedFault[];
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
  /** Time of the known limits, and of the ACME server's limits, lifetimes and garbage collection; default: the system's. */
  readonly clock?: Clock;
  /** Takes a line about a mistake of the lab's own; default: standard error. */
  readonly log?: (line: string) => void;
}

export type LabSettings =
  & Required<Omit<LabOptions, "databasePath" | "limiter" | "asShipped" | "scheduler" | "agents">>
  & Pick<LabOptions, "databasePath" | "limiter">
  & {
    readonly asShipped: AsShipped;
    readonly scheduler: SchedulerSettings;
    readonly agents: AgentsSettings;
    /** Time of the known limits. */
    readonly capacityClock: Clock;
  };

export const DEFAULT_TOKEN = "load-test-token";
export const DEFAULT_ADMIN_TOKEN = "load-test-admin-token";

export function labSettings(options: LabOptions): LabSettings {
  const asShipped: AsShipped = new Set(options.asShipped);
  return {
    hostname: "127.0.0.1",
    token: DEFAULT_TOKEN,
    adminToken: DEFAULT_ADMIN_TOKEN,
    targets: {},
    keygen: "agent",
    bind: true,
    reload: "keep",
    jobListUsPerRow: 0,
    capacity: {},
    demo: true,
    faults: {},
    random: Math.random,
    clock: timerClock,
    capacityClock: options.clock ?? serviceClock,
    log: logToStandardError,
    ...options,
    scheduler: schedulerSettings(options.scheduler),
    agents: agentsSettings(options.agents),
    asShipped,
    acme: {
      ...asShipped.has("finalize_500") && { asShipped: true },
      ...options.acme,
    },
    ports: options.ports ?? {},
  };
}

function logToStandardError(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`lab: ${foreign(line)}\n`));
}
