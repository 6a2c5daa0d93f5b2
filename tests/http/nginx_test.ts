import { join } from "node:path";
import { createClient } from "../../src/http/client.ts";
import type { ClientOptions, Exchange, HttpClient } from "../../src/http/http.ts";
import { assert, assertEquals } from "../assert.ts";
import { testWith } from "../programs.ts";
import { testCertificate } from "../servers/certificate.ts";
import { type Daemon, startDaemon } from "../servers/daemon.ts";
import { nginxProgram } from "../servers/nginx.ts";

/** Closes every connection after this many requests: HTTP/1.1 says so in the answer, HTTP/2 with a GOAWAY. */
const KEEPALIVE_REQUESTS = 10;

async function startNginx(): Promise<Daemon> {
  const { certPem, keyPem } = await testCertificate();
  return await startDaemon({
    program: nginxProgram ?? "nginx",
    args: (folder) => ["-p", folder, "-c", "nginx.conf", "-e", "error.log", "-g", "daemon off;"],
    files: (port) => ({
      "cert.pem": certPem,
      "key.pem": keyPem,
      "large.txt": "0123456789".repeat(30_000),
      "nginx.conf": `worker_processes 1;
pid nginx.pid;
events { worker_connections 1024; }
http {
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  log_format counted '$connection $server_protocol $ssl_session_reused';
  access_log access.log counted;
  keepalive_requests ${KEEPALIVE_REQUESTS};
  server {
    listen 127.0.0.1:${port} ssl http2;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / { default_type text/plain; return 200 "ok\\n"; }
    location /large.txt { root .; }
  }
}
`,
    }),
  });
}

interface Logged {
  readonly connection: string;
  readonly protocol: string;
  /** `.` for a full handshake. */
  readonly resumed: string;
}

/** The log, once it has as many lines as there were requests: nginx writes a line when it is done with one. */
async function logged({ folder }: Daemon, requests: number): Promise<Logged[]> {
  for (let attempt = 0;; attempt++) {
    const text = await Deno.readTextFile(join(folder, "access.log"));
    const lines = text.split("\n").filter(Boolean);
    if (lines.length >= requests || attempt === 1_000) {
      return lines.map((line) => line.split(" "))
        .map(([connection = "", protocol = "", resumed = ""]) => ({
          connection,
          protocol,
          resumed,
        }));
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

type Send = (path?: string, fresh?: boolean) => Promise<Exchange>;

function test(
  name: string,
  options: Partial<ClientOptions>,
  act: (send: Send, nginx: Daemon, client: HttpClient) => Promise<void>,
): void {
  testWith("nginx")(`nginx: ${name}`, async () => {
    const nginx = await startNginx();
    const client = await createClient({
      tls: { insecureSkipVerify: true },
      protocol: "http/1.1",
      maxBodyBytes: 1_000_000,
      ...options,
    });
    const send: Send = (path = "/", fresh = false) => {
      const url = new URL(path, `https://127.0.0.1:${nginx.port}`);
      return client.send({ method: "GET", url, headers: {} }, { timeoutMs: 5_000, fresh });
    };
    try {
      await act(send, nginx, client);
    } finally {
      client.close();
      await nginx.stop();
    }
  });
}

function connections(log: readonly Logged[]): number {
  return new Set(log.map(({ connection }) => connection)).size;
}

test(
  `every fresh request is one connection and one full handshake`,
  {},
  async (send, nginx) => {
    for (let i = 0; i < 20; i++) {
      const { status, reused, tlsUs, failure } = await send("/", true);
      assertEquals([status, reused, failure], [200, false, undefined]);
      assert(tlsUs! > 0);
    }
    const log = await logged(nginx, 20);
    assertEquals([log.length, connections(log)], [20, 20]);
    assert(log.every(({ resumed }) => resumed === "."), "a session was resumed");
  },
);

test(
  `connections that nginx ends after ${KEEPALIVE_REQUESTS} requests cost no failure`,
  {},
  async (send, nginx) => {
    const exchanges: Exchange[] = [];
    for (let i = 0; i < 25; i++) exchanges.push(await send());
    assertEquals(exchanges.filter(({ status, retried }) => status !== 200 || retried), []);
    const log = await logged(nginx, 25);
    assertEquals([log.length, connections(log)], [25, 3]);
    assert(log.every(({ resumed }) => resumed === "."), "a session was resumed");
  },
);

test(
  `HTTP/2 answers side by side, over many farewells, each request counted once`,
  { protocol: "auto" },
  async (send, nginx) => {
    await send();
    const user = async (): Promise<Exchange[]> => {
      const exchanges: Exchange[] = [];
      for (let i = 0; i < 25; i++) exchanges.push(await send());
      return exchanges;
    };
    const exchanges = (await Promise.all([user(), user(), user(), user()])).flat();
    assertEquals(exchanges.filter(({ failure }) => failure !== undefined), []);
    assert(exchanges.every(({ status, protocol }) => status === 200 && protocol === "h2"));
    const log = await logged(nginx, 101);
    assertEquals(log.length, 101);
    assert(log.every(({ protocol }) => protocol === "HTTP/2.0"));
    assert(connections(log) >= 10);
  },
);

for (const protocol of ["http/1.1", "h2"] as const) {
  test(`a large file comes whole over ${protocol}`, { protocol }, async (send) => {
    const exchanges = await Promise.all([send("/large.txt"), send("/large.txt"), send()]);
    assertEquals(exchanges.map(({ body }) => body.length), [300_000, 300_000, 3]);
    assertEquals(new TextDecoder().decode(exchanges[0]!.body.subarray(-10)), "0123456789");
  });
}
