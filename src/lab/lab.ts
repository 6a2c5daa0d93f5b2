/**
 * The embedded lab: a stand-in for a certctl certificate server and the TLS daemons it deploys to, to try and to test
 * the load generator with. It answers as certctl answers, and can be told to misbehave. Its speed says nothing of
 * certctl's.
 */
import { isIP } from "node:net";
import deno from "../../deno.json" with { type: "json" };
import { acmeSettings } from "./acme/options.ts";
import { agentId, Agents } from "./agents.ts";
import { AcmeService } from "./acme/service.ts";
import { apiHandler } from "./api/api.ts";
import { Metrics } from "./api/metrics.ts";
import { createApiSchema } from "./api/schema.ts";
import { AGENT_ID, seed } from "./api/seed.ts";
import { Deployments } from "./deployments.ts";
import { type Authority, createAuthority, serverCertificate } from "./authority.ts";
import { Capacity } from "./capacity.ts";
import { Chaos } from "./chaos.ts";
import { controlHandler } from "./control.ts";
import type { CertificateFault, Faults, ServerName } from "./faults.ts";
import type { Handler } from "./http/message.ts";
import { HttpServer, type KeyPair, type ServerCounts } from "./http/server.ts";
import { type LabOptions, type LabSettings, labSettings } from "./options.ts";
import { Scheduler, type SchedulerCounts } from "./scheduler.ts";
import { Store } from "./store.ts";
import { kindOf, type TargetName, targetNames } from "./target_name.ts";
import { TlsTarget } from "./tls_target.ts";
import { TARGET_PATHS, targetHandler } from "./targets.ts";

export type { LabOptions } from "./options.ts";

/** Where the control endpoint may be, wherever the lab is. */
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;

/** Plain JSON. */
export interface LabAddresses {
  /** Base URL of the API, without a trailing slash. */
  readonly api: string;
  /** ACME directory by profile. */
  readonly acme: Readonly<Record<string, string>>;
  /** URL of the page that a load run asks each target for. */
  readonly targets: Readonly<Record<TargetName, string>>;
  /** Prometheus endpoint of the API; it wants the token. */
  readonly metrics: string;
  /** Plain HTTP: faults, counts, and the targets' certificates (`control.ts`). */
  readonly control: string;
  /** The certificate that signs the servers' certificates, PEM. */
  readonly caPem: string;
}

export interface Lab {
  readonly addresses: LabAddresses;
  /** From now on; `{}` is none. Resolves once new connections see them. */
  setFaults(faults: Faults): Promise<void>;
  /** What each server saw. */
  counts(): Readonly<Record<ServerName, ServerCounts>>;
  readonly scheduler: SchedulerCounts;
  /** Certificates of the targets. */
  readonly deployments: Deployments;
  /** Drops every connection and waits until nothing runs any more. */
  close(): Promise<void>;
}

/** Rejects with Deno's error when an address cannot be listened on or the database not opened. */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const lab = new RunningLab(labSettings(options), await createAuthority());
  try {
    await lab.start();
  } catch (error) {
    await lab.close();
    throw error;
  }
  return lab;
}

class RunningLab implements Lab {
  readonly #settings: LabSettings;
  readonly #authority: Authority;
  readonly #store: Store;
  readonly #chaos: Chaos;
  readonly #capacity: Capacity;
  readonly #servers = new Map<ServerName, HttpServer>();
  readonly #pairs = new Map<string, Promise<KeyPair>>();
  readonly #targets: readonly TargetName[];
  readonly #tlsTargets = new Map<string, TlsTarget>();
  readonly deployments: Deployments;
  #acme: AcmeService | undefined;
  #control: HttpServer | undefined;
  #scheduler: Scheduler | undefined;
  #agents: Agents | undefined;

  constructor(settings: LabSettings, authority: Authority) {
    this.#settings = settings;
    this.#targets = targetNames(settings.targets);
    this.#authority = authority;
    this.#store = new Store(settings.databasePath);
    this.#chaos = new Chaos(settings);
    this.#capacity = new Capacity(settings.capacity, settings.capacityClock);
    this.deployments = new Deployments({
      cuts: settings.reload === "cut",
      random: settings.random,
      nowUs: () => settings.clock.nowUs(),
    });
  }

  get addresses(): LabAddresses {
    const origin = (name: ServerName): string => this.#servers.get(name)!.origin;
    const profiles = Object.keys(acmeSettings(this.#settings.acme).profiles);
    const api = origin("api");
    return {
      api,
      acme: Object.fromEntries(
        profiles.map((profile) => [profile, `${api}/acme/profile/${profile}/directory`]),
      ),
      targets: Object.fromEntries(
        this.#targets.map((name) => [name, `${origin(name)}${TARGET_PATHS[kindOf(name)]}`]),
      ) as Record<TargetName, string>,
      metrics: `${api}/api/v1/metrics/prometheus`,
      control: this.#control!.origin,
      caPem: this.#authority.certificatePem,
    };
  }

  async start(): Promise<void> {
    const api = this.#api();
    const { hostname, ports, log, clock } = this.#settings;
    const names: readonly ServerName[] = ["api", ...this.#targets];
    await Promise.all(names.map((name) => this.#pair(name)));
    const options = { hostname, chaos: this.#chaos, capacity: this.#capacity, log };
    this.#servers.set(
      "api",
      new HttpServer({
        ...options,
        name: "api",
        port: ports.api ?? 0,
        tls: await this.#pair("api"),
        handler: api,
      }),
    );
    for (const name of this.#targets) {
      const target = new TlsTarget(name, await this.#pair(name), () => clock.nowUs());
      const server = new HttpServer({
        ...options,
        name,
        port: ports[name] ?? 0,
        tls: target,
        handler: targetHandler(kindOf(name), () => clock.nowUs() / 1000),
      });
      this.#servers.set(name, server);
      this.#tlsTargets.set(name, target);
      this.deployments.add({ target, server, wrong: await this.#pair(name, "renewed") });
    }
    this.#control = new HttpServer({
      name: "api",
      hostname: LOOPBACK.test(hostname) ? hostname : "127.0.0.1",
      port: ports.control ?? 0,
      chaos: new Chaos(),
      handler: controlHandler(this),
      log,
    });
    await this.#apply(this.#settings.faults);
    this.#agents?.start();
  }

  faults(): Faults {
    return this.#chaos.faults;
  }

  async setFaults(faults: Faults): Promise<void> {
    await this.#apply(faults);
    this.#chaos.set(faults);
  }

  get scheduler(): SchedulerCounts {
    return this.#scheduler!.counts;
  }

  counts(): Record<ServerName, ServerCounts> {
    const entries = [...this.#servers].map(([name, server]) => [name, server.counts]);
    return Object.fromEntries(entries);
  }

  async close(): Promise<void> {
    const servers = [...this.#servers.values(), ...(this.#control ? [this.#control] : [])];
    const closed = servers.map((server) => server.close());
    this.#chaos.close();
    this.#capacity.close();
    this.deployments.close();
    await Promise.all([
      ...closed,
      this.#acme?.close(),
      this.#scheduler?.close(),
      this.#agents?.close(),
    ]);
    this.#store.close();
  }

  async #apply({ certificates = {}, deployments = [], down = [] }: Faults): Promise<void> {
    for (const [name, server] of this.#servers) {
      const fault = certificates[name];
      const target = this.#tlsTargets.get(name);
      if (target === undefined) await server.show(await this.#pair(name, fault));
      else target.setFault(fault && await this.#pair(name, fault));
      await server.setDown(down.includes(name));
    }
    this.deployments.setFaults(deployments);
  }

  /** Made once; a server that goes back to its usual certificate shows the same as before. */
  #pair(name: ServerName, fault?: CertificateFault): Promise<KeyPair> {
    const key = `${name} ${fault}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      const { hostname } = this.#settings;
      const commonName = name === "api" ? "certctl" : `${name}-target`;
      const names = [...new Set([commonName, "localhost", "127.0.0.1", "::1", hostname])];
      pair = serverCertificate(this.#authority, {
        commonName,
        dnsNames: names.filter((name) => isIP(name) === 0),
        ipAddresses: names.filter((name) => isIP(name) !== 0),
        ...(fault && { fault }),
      });
      this.#pairs.set(key, pair);
    }
    return pair;
  }

  #api(): Handler {
    const { token, adminToken, limiter, demo, clock, log } = this.#settings;
    const { keygen, bind, asShipped, jobListUsPerRow } = this.#settings;
    const store = this.#store;
    const nowMs = (): number => clock.nowUs() / 1000;
    createApiSchema(store);
    const settings = acmeSettings(this.#settings.acme);
    const { agents } = this.#settings;
    const targets = this.#targets.map((target, index) => ({
      target,
      agentId: agents.count > 0 ? agentId(index % agents.count) : AGENT_ID,
    }));
    seed(store, {
      demo,
      profiles: Object.keys(settings.profiles),
      targets,
      agents: Array.from({ length: agents.count }, (_, index) => agentId(index)),
    });
    const { signerTurn } = this.#capacity;
    const shared = { store, authority: this.#authority, metrics: new Metrics(), signerTurn };
    const acme = this.#acme = new AcmeService({ ...shared, settings, clock, log });
    acme.start();
    const context = { ...shared, keygen, bind, asShipped, jobListUsPerRow };
    this.#scheduler = new Scheduler(context, this.#settings.scheduler, clock);
    this.#scheduler.start();
    this.#agents = new Agents({ api: context, deployments: this.deployments, clock, log }, agents);
    return apiHandler({
      context,
      keys: { token, adminToken },
      ...(limiter && { limiter }),
      acme: (request) => acme.handle(request),
      version: deno.version,
      nowMs,
    });
  }
}
