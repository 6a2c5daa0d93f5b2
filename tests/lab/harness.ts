/** A lab for one test, and a client that trusts it. */
import { createSocket } from "node:dgram";
import { type Lab, type LabOptions, startLab } from "../../src/lab/lab.ts";
import { DEFAULT_TOKEN } from "../../src/lab/options.ts";

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
