/**
 * The embedded lab: a stand-in for a certctl certificate server and the TLS daemons it deploys to, to try and to test
 * the load generator with. It answers as certctl answers, and can be told to misbehave. Its speed says nothing of
 * certctl's.
 */
import { isIP } from "node:net";
import deno from "../../deno.json" with { type: "json" };
import { acmeSettings } from "./acme/options.ts";
import { AcmeService } from "./acme/service.ts";
import { apiHandler } from "./api/api.ts";
import { Metrics } from "./api/metrics.ts";
import { createApiSchema } from "./api/schema.ts";
import { seed } from "./api/seed.ts";
import { type Authority, createAuthority, serverCertificate } from "./authority.ts";
import { Chaos } from "./chaos.ts";
import { controlHandler } from "./control.ts";
import { type CertificateFault, type Faults, SERVER_NAMES, type ServerName } from "./faults.ts";
import type { Handler } from "./http/message.ts";
import { HttpServer, type KeyPair, type ServerCounts } from "./http/server.ts";
import { type LabOptions, type LabSettings, labSettings } from "./options.ts";
import { Store } from "./store.ts";
import { TARGET_HANDLERS, TARGET_NAMES, TARGET_PATHS, type TargetName } from "./targets.ts";

export type { LabOptions } from "./options.ts";

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
  /** Plain HTTP: GET and POST /lab/faults, GET /lab/counts. */
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
  readonly #servers = new Map<ServerName, HttpServer>();
  readonly #pairs = new Map<string, Promise<KeyPair>>();
  #acme: AcmeService | undefined;
  #control: HttpServer | undefined;

  constructor(settings: LabSettings, authority: Authority) {
    this.#settings = settings;
    this.#authority = authority;
    this.#store = new Store(settings.databasePath);
    this.#chaos = new Chaos(settings);
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
        TARGET_NAMES.map((name) => [name, `${origin(name)}${TARGET_PATHS[name]}`]),
      ) as Record<TargetName, string>,
      metrics: `${api}/api/v1/metrics/prometheus`,
      control: this.#control!.origin,
      caPem: this.#authority.certificatePem,
    };
  }

  async start(): Promise<void> {
    const handlers: Record<ServerName, Handler> = { api: this.#api(), ...TARGET_HANDLERS };
    const { hostname, ports, log } = this.#settings;
    const pairs = await Promise.all(SERVER_NAMES.map((name) => this.#pair(name)));
    SERVER_NAMES.forEach((name, index) => {
      const options = { name, hostname, port: ports[name] ?? 0, tls: pairs[index]!, log };
      const server = new HttpServer({ ...options, chaos: this.#chaos, handler: handlers[name] });
      this.#servers.set(name, server);
    });
    this.#control = new HttpServer({
      name: "api",
      hostname,
      port: ports.control ?? 0,
      chaos: new Chaos(),
      handler: controlHandler(this),
      log,
    });
    await this.#apply(this.#settings.faults);
  }

  faults(): Faults {
    return this.#chaos.faults;
  }

  async setFaults(faults: Faults): Promise<void> {
    await this.#apply(faults);
    this.#chaos.set(faults);
  }

  counts(): Record<ServerName, ServerCounts> {
    const entries = [...this.#servers].map(([name, server]) => [name, server.counts]);
    return Object.fromEntries(entries);
  }

  async close(): Promise<void> {
    const servers = [...this.#servers.values(), ...(this.#control ? [this.#control] : [])];
    const closed = servers.map((server) => server.close());
    this.#chaos.close();
    await Promise.all([...closed, this.#acme?.close()]);
    this.#store.close();
  }

  async #apply({ certificates = {}, down = [] }: Faults): Promise<void> {
    for (const [name, server] of this.#servers) {
      await server.show(await this.#pair(name, certificates[name]));
      await server.setDown(down.includes(name));
    }
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
    const { token, limiter, demo, clock, log } = this.#settings;
    const store = this.#store;
    const nowMs = (): number => clock.nowUs() / 1000;
    createApiSchema(store);
    const settings = acmeSettings(this.#settings.acme);
    seed(store, { demo, profiles: Object.keys(settings.profiles) });
    const shared = { store, authority: this.#authority, metrics: new Metrics() };
    const acme = this.#acme = new AcmeService({ ...shared, settings, clock, log });
    acme.start();
    return apiHandler({
      context: shared,
      token,
      ...(limiter && { limiter }),
      acme: (request) => acme.handle(request),
      version: deno.version,
      nowMs,
    });
  }
}
