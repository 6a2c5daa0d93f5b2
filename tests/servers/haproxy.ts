/** HAProxy as certctl's fixture runs it. */
import { testCertificate } from "./certificate.ts";
import { findProgram } from "../programs.ts";
import { type Daemon, startDaemon } from "./daemon.ts";

export const haproxyProgram = findProgram("haproxy");

/** With a master process, which a SIGUSR2 lets read its files again, and the runtime API in `admin.sock`. */
export async function startHaproxy(): Promise<Daemon> {
  const { certPem, keyPem } = await testCertificate();
  return await startDaemon({
    program: haproxyProgram ?? "haproxy",
    args: (folder) => ["-f", `${folder}/haproxy.cfg`, "-W", "-db"],
    files: (port, folder) => ({
      "both.pem": certPem + "\n" + keyPem,
      "haproxy.cfg": `global
  maxconn 4096
  stats socket ${folder}/admin.sock mode 600 level admin expose-fd listeners
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend tls
  bind 127.0.0.1:${port} ssl crt ${folder}/both.pem
  http-request return status 200 content-type text/plain string "ok\\n"
`,
    }),
  });
}
