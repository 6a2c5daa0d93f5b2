/**
 * An API server as far as Secrets go, with faults on demand. What the real one answers was taken from Kubernetes 1.32
 * (`api_server_test.ts` asks that where it is installed).
 */
import { issue, type Issued } from "../http/certificates.ts";

export interface FakeSecret {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
}

interface Watcher {
  tell(line: string): void;
  end(): void;
}

export interface Faults {
  /** Answers for a method in place of the right one. */
  refuse?: { readonly method: string; readonly status: number; readonly message: string };
  /** Watchers hear of a write so much later; never where it is Infinity. */
  watchDelayMs?: number;
  /** The next watch is told that its version is forgotten. */
  expireNext?: boolean;
  /** Somebody else writes each Secret again as soon as it was applied. */
  overtakes?: boolean;
  /** Keeps what it had in place of what is applied, and says that all is well. */
  keepsOld?: boolean;
}

export class FakeApi implements AsyncDisposable {
  readonly token = "fake-service-account-token";
  readonly requests: string[] = [];
  readonly secrets = new Map<string, FakeSecret>();
  readonly faults: Faults = {};
  readonly #issued: Issued;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #watchers = new Set<Watcher>();
  #version = 100;

  static async start(): Promise<FakeApi> {
    return new FakeApi(await issue());
  }

  private constructor(issued: Issued) {
    this.#issued = issued;
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      cert: issued.certPem,
      key: issued.keyPem,
      onListen: () => {},
    }, (request) => this.#answer(request));
  }

  get origin(): string {
    return `https://127.0.0.1:${this.#server.addr.port}`;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** As a user of the cluster has it. */
  kubeconfig(user: Record<string, unknown> = { token: this.token }): string {
    const authority = new TextEncoder().encode(this.#issued.certPem).toBase64();
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{
        name: "c",
        cluster: { server: this.origin, "certificate-authority-data": authority },
      }],
      users: [{ name: "u", user }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "edge" } }],
      "current-context": "x",
    });
  }

  /** Ends the connections of all watches, as an API server does that is restarted. */
  dropWatches(): void {
    for (const watcher of [...this.#watchers]) watcher.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dropWatches();
    await this.#server.shutdown();
  }

  #answer(request: Request): Response | Promise<Response> {
    const url = new URL(request.url);
    this.requests.push(`${request.method} ${url.pathname}`);
    if (request.headers.get("authorization") !== `Bearer ${this.token}`) {
      return status(401, "Unauthorized");
    }
    const { refuse } = this.faults;
    if (refuse?.method === request.method) return status(refuse.status, refuse.message);
    const [, name] = /^\/api\/v1\/namespaces\/edge\/secrets(?:\/([^/]+))?$/.exec(url.pathname) ??
      [];
    if (url.pathname.startsWith("/api/v1/namespaces/edge/") === false) {
      return status(404, "namespaces not found");
    }
    if (name === undefined) {
      return url.searchParams.has("watch")
        ? this.#watch(request, Number(url.searchParams.get("resourceVersion")))
        : Response.json({
          kind: "SecretList",
          metadata: { resourceVersion: String(this.#version) },
          items: [],
        });
    }
    return request.method === "PATCH"
      ? this.#apply(name, url, request)
      : this.#one(name, request.method);
  }

  async #apply(name: string, url: URL, request: Request): Promise<Response> {
    const isApply = request.headers.get("content-type") === "application/apply-patch+yaml" &&
      url.searchParams.get("fieldManager") !== null;
    if (!isApply) return status(415, "not an apply");
    const before = this.secrets.get(name);
    const given = await request.json();
    const secret: FakeSecret = {
      ...given,
      data: this.faults.keepsOld && before ? before.data : given.data,
      metadata: { ...given.metadata, resourceVersion: String(++this.#version) },
    };
    this.secrets.set(name, secret);
    this.#tell(before === undefined ? "ADDED" : "MODIFIED", secret);
    if (this.faults.overtakes) {
      const metadata = { ...secret.metadata, resourceVersion: String(++this.#version) };
      this.secrets.set(name, { ...secret, metadata });
    }
    return Response.json(secret, { status: before === undefined ? 201 : 200 });
  }

  #one(name: string, method: string): Response {
    const secret = this.secrets.get(name);
    if (secret === undefined) return status(404, `secrets "${name}" not found`);
    if (method === "DELETE") {
      this.secrets.delete(name);
      return Response.json({ kind: "Status", status: "Success" });
    }
    return Response.json(secret);
  }

  #tell(type: string, secret: FakeSecret): void {
    const { watchDelayMs = 0 } = this.faults;
    if (watchDelayMs === Infinity) return;
    const line = JSON.stringify({ type, object: secret }) + "\n";
    const tell = (): void => this.#watchers.forEach((watcher) => watcher.tell(line));
    if (watchDelayMs > 0) setTimeout(tell, watchDelayMs);
    else tell();
  }

  #watch(_: Request, from: number): Response {
    const encoder = new TextEncoder();
    if (this.faults.expireNext) {
      this.faults.expireNext = false;
      const object = { kind: "Status", code: 410, message: "too old resource version" };
      return new Response(JSON.stringify({ type: "ERROR", object }) + "\n");
    }
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const watcher: Watcher = {
      tell: (line) => void writer.write(encoder.encode(line)).catch(() => {}),
      end: () => {
        this.#watchers.delete(watcher);
        writer.close().catch(() => {});
      },
    };
    writer.closed.catch(() => this.#watchers.delete(watcher));
    this.#watchers.add(watcher);
    for (const secret of this.secrets.values()) {
      if (Number(secret.metadata.resourceVersion) <= from) continue;
      watcher.tell(JSON.stringify({ type: "MODIFIED", object: secret }) + "\n");
    }
    // A head goes out with the first bytes of a body: the real server sends it at once, and so does this.
    const object = { metadata: { resourceVersion: String(Math.max(from, this.#version)) } };
    watcher.tell(JSON.stringify({ type: "BOOKMARK", object }) + "\n");
    return new Response(readable, { headers: { "content-type": "application/json" } });
  }
}

function status(code: number, message: string): Response {
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", message, code };
  return Response.json(body, { status: code });
}
