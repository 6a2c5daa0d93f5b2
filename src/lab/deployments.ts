/** Certificates are installed on the lab's targets, some of them wrongly, and what happened is on record. */
import { after, type Timer } from "../timer.ts";
import { FaultDraw, reloadsAfterMs } from "./deployment_timeline.ts";
import type { DeploymentFault } from "./faults.ts";
import { pairProblem } from "./http/front.ts";
import type { HttpServer, KeyPair } from "./http/server.ts";
import type { TargetName } from "./target_name.ts";
import {
  type Installation,
  leafFingerprint,
  type OpenInstallation,
  type TlsTarget,
} from "./tls_target.ts";

export interface DeploymentsOptions {
  /** Whether a reload ends the connections that are open, as nginx's does. */
  readonly cuts: boolean;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  readonly nowUs: () => number;
}

interface Deployable {
  readonly target: TlsTarget;
  readonly server: HttpServer;
  /** Served where a deployment is `wrong`. */
  readonly wrong: KeyPair;
}

/** The latest are kept. */
const MOST_RECORDS = 20_000;

export class Deployments {
  readonly #options: DeploymentsOptions;
  readonly #targets = new Map<string, Deployable>();
  readonly #records: OpenInstallation[] = [];
  readonly #reloads = new Set<Timer>();
  #draw: FaultDraw;
  #installed = 0;

  constructor(options: DeploymentsOptions) {
    this.#options = options;
    this.#draw = new FaultDraw([], options.random);
  }

  add(deployable: Deployable): void {
    this.#targets.set(deployable.target.name, deployable);
  }

  /** For the installations to come; their rules count from 1. */
  setFaults(faults: readonly DeploymentFault[]): void {
    this.#draw = new FaultDraw(faults, this.#options.random);
  }

  /** The latest last. */
  get records(): readonly Installation[] {
    return this.#records;
  }

  get names(): readonly string[] {
    return [...this.#targets.keys()];
  }

  /** What was installed; a sentence where the pair is none or there is no such target. */
  install(
    name: string,
    pair: KeyPair,
    by: Pick<Installation, "by" | "jobId">,
  ): Installation | string {
    const found = this.#targets.get(name);
    if (found === undefined) {
      return `there is no target ${JSON.stringify(name)}, only ${this.names.join(", ")}`;
    }
    const problem = pairProblem(pair);
    if (problem !== undefined) return problem;
    const { target, wrong } = found;
    const fault = this.#draw.draw(name);
    const record: OpenInstallation = {
      number: ++this.#installed,
      target: name as TargetName,
      ...by,
      ...(fault && { fault: fault.kind }),
      fingerprint: leafFingerprint(pair),
      oldFingerprint: leafFingerprint(target.shown),
      installedUs: this.#options.nowUs(),
      served: {},
      cutConnections: 0,
      resetRequests: 0,
    };
    if (this.#records.push(record) > MOST_RECORDS) this.#records.shift();
    target.install({ new: pair, wrong }, fault, record);
    if (this.#options.cuts) this.#reload(found, record, reloadsAfterMs(fault));
    return record;
  }

  /** What a handshake with the target would show now; undefined where there is no such target. */
  servedBy(name: string): string | undefined {
    const found = this.#targets.get(name);
    return found && leafFingerprint(found.target.shown);
  }

  close(): void {
    for (const timer of this.#reloads) timer.clear();
  }

  #reload({ server }: Deployable, record: OpenInstallation, afterMs: number): void {
    const timer = after(afterMs, () => {
      this.#reloads.delete(timer);
      record.cutConnections += server.cut(() => record.resetRequests++);
    });
    this.#reloads.add(timer);
  }
}
