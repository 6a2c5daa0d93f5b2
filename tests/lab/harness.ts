/** A lab for one test, and a client that trusts it. */
import { createSocket } from "node:dgram";
import { type Lab, type LabOptions, startLab } from "../../src/lab/lab.ts";
import { makeCsr } from "../../src/keys/csr.ts";
import { generateKey } from "../../src/keys/keys.ts";
import { DEFAULT_TOKEN } from "../../src/lab/options.ts";
import { toPem } from "../../src/pem.ts";

export interface LabClient {
  readonly lab: Lab;
  /** `path` is one of the API, or a whole URL. With the token, unless `headers` says otherwise. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: unknown): Promise<Response>;
}

/** Runs `test` with a lab of its own, and ends it. A mistake of the lab's own fails the test. */
export async function withLab(
  options: LabOptions,
  test: (client: LabClient) => Promise<void>,
): Promise<void> {
  const mistakes: string[] = [];
  const lab = await startLab({ log: (line) => mistakes.push(line), ...options });
  const http = Deno.createHttpClient({ caCerts: [lab.addresses.caPem] });
  const client: LabClient = {
    lab,
    fetch: (path, init = {}) => {
      const headers = { Authorization: `Bearer ${DEFAULT_TOKEN}`, ...init.headers };
      return fetch(new URL(path, lab.addresses.api), { ...init, headers, client: http });
    },
    post: (path, body) => client.fetch(path, { method: "POST", body: JSON.stringify(body) }),
  };
  try {
    await test(client);
  } finally {
    http.close();
    await lab.close();
  }
  if (mistakes.length > 0) throw new Error(`The lab made mistakes: ${mistakes.join("\n")}`);
}

/** A certificate that the demo rows allow. */
export function certificateRequest(name: string): Record<string, unknown> {
  return {
    name,
    common_name: name,
    sans: [name],
    environment: "production",
    owner_id: "o-alice",
    team_id: "t-platform",
    issuer_id: "iss-local",
    renewal_policy_id: "rp-standard",
    expires_at: "2099-01-01T00:00:00Z",
  };
}

/** A port of loopback that nobody has listened on lately. */
export async function freePort(transport: "tcp" | "udp" = "tcp"): Promise<number> {
  if (transport === "udp") return await freeUdpPort();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.bind(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** Sends bytes over TLS, as they are, and reads until the server ends the connection. */
export async function exchange(origin: string, caPem: string, request: string): Promise<string> {
  const { hostname, port } = new URL(origin);
  const conn = await Deno.connectTls({ hostname, port: Number(port), caCerts: [caPem] });
  try {
    const bytes = new TextEncoder().encode(request);
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    return await new Response(conn.readable).text();
  } catch (error) {
    try {
      conn.close();
    } catch { /* Closed by the reading. */ }
    throw error;
  }
}

export interface Answer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- what a test reads of it is its claim
  readonly body: any;
}

/** One request, `POST /api/v1/agents` for example, and its answer as JSON; the text where it is none. */
export async function ask(
  client: LabClient,
  request: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<Answer> {
  const [method, path] = request.split(" ") as [string, string];
  const response = await client.fetch(path, {
    method,
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    ...(headers && { headers }),
  });
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
}

/** A P-256 request for the names, PEM. */
export async function certificateSigningRequest(...names: string[]): Promise<string> {
  return toPem("CERTIFICATE REQUEST", await makeCsr(await generateKey("ES256"), names));
}

/** Asks until the condition holds; the lab's own clock is the host's. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!await holds()) {
    if (performance.now() > endMs) throw new Error(`Not within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
