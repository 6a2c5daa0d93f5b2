/** Apache httpd as certctl's fixture runs it. */
import { testCertificate } from "./certificate.ts";
import { findProgram } from "../programs.ts";
import { type Daemon, startDaemon } from "./daemon.ts";

export const apacheProgram = findProgram("apache2", "httpd");

export async function startApache(): Promise<Daemon> {
  const { certPem, keyPem } = await testCertificate();
  const modules = ["mpm_event", "authz_core", "dir", "mime", "ssl", "socache_shmcb"];
  return await startDaemon({
    program: apacheProgram ?? "apache2",
    args: (folder) => ["-d", folder, "-f", "httpd.conf", "-DFOREGROUND"],
    files: (port, folder) => ({
      "cert.pem": certPem,
      "key.pem": keyPem,
      "index.html": "<html><body><h1>It works!</h1></body></html>\n",
      "mime.types": "text/html html\n",
      "httpd.conf": `ServerRoot ${folder}
${
        modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
          .join("\n")
      }
PidFile ${folder}/httpd.pid
DefaultRuntimeDir ${folder}
TypesConfig ${folder}/mime.types
ErrorLog ${folder}/error.log
ServerName localhost
User www-data
Group www-data
Listen 127.0.0.1:${port}
DocumentRoot ${folder}
DirectoryIndex index.html
<Directory ${folder}>
  Require all granted
</Directory>
SSLEngine on
SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLCertificateFile ${folder}/cert.pem
SSLCertificateKeyFile ${folder}/key.pem
`,
    }),
  });
}
