import { createClient } from "../../src/http/client.ts";
import type { ClientOptions, Exchange } from "../../src/http/http.ts";
import { lines } from "../../src/http/undici/lines.ts";
import { assertEquals, assertMatch } from "../assert.ts";
import { testWith } from "../programs.ts";
import { type Daemon, startDaemon } from "../servers/daemon.ts";
import { nginxProgram } from "../servers/nginx.ts";
import { issue } from "./certificates.ts";

const authority = await issue({ ca: true, names: ["clients"] });
const server = await issue();
const client = await issue({ issuer: authority, names: ["load-tester"] });

/** Wants a certificate of `authority`, and answers with whom it shows. */
function startNginx(): Promise<Daemon> {
  return startDaemon({
    program: nginxProgram ?? "nginx",
    args: (folder) => ["-p", folder, "-c", "nginx.conf", "-e", "error.log", "-g", "daemon off;"],
    files: (port) => ({
      "cert.pem": server.certPem,
      "key.pem": server.keyPem,
      "clients.pem": authority.certPem,
      "nginx.conf": `worker_processes 1;
pid nginx.pid;
events { worker_connections 64; }
http {
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  access_log off;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;
    ssl_client_certificate clients.pem;
    ssl_verify_client on;
    location / { default_type text/plain; return 200 "$ssl_client_s_dn\\nand so on\\n"; }
  }
}
`,
    }),
  });
}

const known = {
  insecureSkipVerify: false,
  caPem: server.certPem,
  clientCertificate: { certificatePem: client.certPem, keyPem: client.keyPem },
};

async function ask(
  daemon: Daemon,
  options: Pick<ClientOptions, "tls" | "client">,
): Promise<Exchange> {
  const http = await createClient({ protocol: "http/1.1", maxBodyBytes: 10_000, ...options });
  try {
    const request = {
      method: "GET",
      url: new URL(`https://127.0.0.1:${daemon.port}/`),
      headers: {},
    };
    return await http.send(request, { timeoutMs: 10_000 });
  } finally {
    http.close();
  }
}

testWith("nginx")(
  "a client certificate is shown by every client, and by what reads an answer line by line",
  async () => {
    const daemon = await startNginx();
    try {
      for (const each of ["own", "undici"] as const) {
        const { body } = await ask(daemon, { tls: known, client: each });
        assertEquals(new TextDecoder().decode(body), "CN=load-tester\nand so on\n");
      }
      const request = {
        method: "GET",
        url: new URL(`https://127.0.0.1:${daemon.port}/`),
        headers: {},
      };
      const { signal } = new AbortController();
      const seen: string[] = [];
      for await (const { text } of lines(request, { tls: known, maxLineBytes: 1000, signal })) {
        seen.push(text);
      }
      assertEquals(seen, ["CN=load-tester", "and so on"]);
      const { clientCertificate: _, ...unknown } = known;
      const refused = await ask(daemon, { tls: unknown });
      assertEquals(refused.status === 200, false);
      const stream = lines(request, { tls: unknown, maxLineBytes: 1000, signal });
      const { value } = await stream.next();
      assertMatch(JSON.stringify(value), /status_4xx|tls/);
    } finally {
      await daemon.stop();
    }
  },
);
