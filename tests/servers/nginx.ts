/** nginx as certctl's fixture runs it, with a log that counts connections, requests and handshakes. */
import { join } from "node:path";
import { testCertificate } from "./certificate.ts";
import { findProgram } from "../programs.ts";
import { type Daemon, startDaemon } from "./daemon.ts";

export const nginxProgram = findProgram("nginx");

/** One line of the access log. */
export interface LoggedRequest {
  /** nginx's number of the connection. */
  readonly connection: string;
  readonly method: string;
  readonly path: string;
  /** `r`: the session was resumed; `.`: a full handshake. */
  readonly sessionReused: string;
}

/** `log: false` for load that nobody counts: the log would cost the server more than the answers. */
export async function startNginx({ log = true } = {}): Promise<Daemon> {
  const { certPem, keyPem } = await testCertificate();
  return await startDaemon({
    program: nginxProgram ?? "nginx",
    args: (folder) => ["-p", folder, "-c", "nginx.conf", "-e", "error.log", "-g", "daemon off;"],
    files: (port) => ({
      "cert.pem": certPem,
      "key.pem": keyPem,
      "nginx.conf": `worker_processes 1;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 4096; }
http {
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  log_format counted '$connection $request_method $uri $ssl_session_reused';
  access_log ${log ? "access.log counted" : "off"};
  server {
    listen 127.0.0.1:${port} ssl backlog=4096;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    keepalive_requests 10000000;
    location / { default_type text/plain; return 200 "ok\\n"; }
  }
}
`,
    }),
  });
}

/** What nginx has logged. Its lines are written when a request has ended. */
export async function loggedRequests({ folder }: Daemon): Promise<LoggedRequest[]> {
  const text = await Deno.readTextFile(join(folder, "access.log"));
  return text.split("\n").filter(Boolean).map((line) => {
    const [connection = "", method = "", path = "", sessionReused = ""] = line.split(" ");
    return { connection, method, path, sessionReused };
  });
}
