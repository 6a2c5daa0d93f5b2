/** Images for every service of the compose file, made of Debian's own packages, and the variables that name them. */
import { join } from "node:path";
import { runCommand } from "../../src/command.ts";
import { programCommand } from "../end_to_end/program.ts";
import type { DockerEngine } from "./docker.ts";

/** Programs that the images are made of. */
export const IMAGE_PROGRAMS = ["nginx", "apache2", "haproxy", "openssl", "wget", "bash", "setpriv"];

/** Where Debian keeps the newest PostgreSQL of this machine; undefined when there is none. */
export async function postgresFolder(): Promise<string | undefined> {
  const root = "/usr/lib/postgresql";
  const versions: string[] = [];
  try {
    for await (const { name } of Deno.readDir(root)) versions.push(name);
  } catch {
    return undefined;
  }
  const newest = versions.sort((a, b) => Number(a) - Number(b)).at(-1);
  return newest && join(root, newest);
}

/** Makes all images; returns the compose file's settings for them. */
export async function makeImages(engine: DockerEngine): Promise<Record<string, string>> {
  await postgres(engine, (await postgresFolder())!);
  await engine.image({ name: "openssl:test", programs: ["chmod", "cp", "mkdir"], changes: [] });
  await nginx(engine);
  await apache(engine);
  await haproxy(engine);
  await f5Mock(engine);
  await lab(engine);
  return {
    CERTCTL_IMAGE: "lab:test",
    POSTGRES_IMAGE: "postgres:test",
    OPENSSL_IMAGE: "openssl:test",
    NGINX_IMAGE: "nginx:test",
    APACHE_IMAGE: "apache:test",
    HAPROXY_IMAGE: "haproxy:test",
    F5_MOCK_IMAGE: "f5-mock:test",
  };
}

const POSTGRES_ENTRYPOINT = `#!/bin/sh
set -e
chown postgres:postgres /var/lib/postgresql/data
as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
as initdb -D /var/lib/postgresql/data -U "$POSTGRES_USER" --auth=trust --no-sync >/dev/null
echo 'host all all all trust' >>/var/lib/postgresql/data/pg_hba.conf
echo "CREATE DATABASE $POSTGRES_DB" | as postgres --single -D /var/lib/postgresql/data postgres >/dev/null
exec setpriv --reuid=postgres --regid=postgres --clear-groups \\
  postgres -D /var/lib/postgresql/data -c listen_addresses='*' -c unix_socket_directories=/tmp
`;

function postgres(engine: DockerEngine, folder: string): Promise<void> {
  const share = folder.replace("/lib/", "/share/");
  return engine.image({
    name: "postgres:test",
    programs: ["setpriv", "chown"],
    files: [
      ...["initdb", "postgres", "pg_isready"].map((name) => join(folder, "bin", name)),
      // All of lib would bring LLVM along.
      ...["dict_snowball.so", "plpgsql.so"].map((name) => join(folder, "lib", name)),
      share,
    ],
    texts: { "/entrypoint.sh": POSTGRES_ENTRYPOINT },
    changes: [`ENV PATH=${folder}/bin:/usr/sbin:/usr/bin`, `ENTRYPOINT ["/entrypoint.sh"]`],
  });
}

const NGINX_FOLDERS = { "/var/log/nginx/.keep": "", "/var/lib/nginx/.keep": "" };

function nginx(engine: DockerEngine): Promise<void> {
  return engine.image({
    name: "nginx:test",
    programs: ["nginx"],
    texts: NGINX_FOLDERS,
    changes: [`CMD ["nginx", "-g", "daemon off;"]`],
  });
}

/** Debian's layout behind the paths of the httpd image. */
function apache(engine: DockerEngine): Promise<void> {
  const root = "/usr/local/apache2";
  return engine.image({
    name: "apache:test",
    programs: ["apache2"],
    files: ["/usr/lib/apache2/modules"],
    texts: {
      [`${root}/htdocs/index.html`]: "<html><body>It works</body></html>\n",
      [`${root}/conf/mime.types`]: "text/html html\n",
      "/var/run/apache2/.keep": "",
      "/usr/bin/httpd":
        `#!/bin/sh\nexec apache2 -f ${root}/conf/httpd.conf -c 'PidFile /tmp/pid' "$@"\n`,
      "/usr/bin/httpd-foreground": `#!/bin/sh\nexec httpd -D FOREGROUND "$@"\n`,
    },
    links: { [`${root}/modules`]: "/usr/lib/apache2/modules" },
    changes: [`CMD ["httpd-foreground"]`],
  });
}

function haproxy(engine: DockerEngine): Promise<void> {
  return engine.image({
    name: "haproxy:test",
    programs: ["haproxy"],
    changes: [`CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]`],
  });
}

const F5_MOCK_CONFIG = `events {}
http {
  access_log off;
  server {
    listen 443 ssl;
    listen 8080;
    ssl_certificate /tmp/f5.crt;
    ssl_certificate_key /tmp/f5.key;
    location = /healthz { return 200 "ok"; }
  }
}
`;

const F5_MOCK_ENTRYPOINT = `#!/bin/sh
set -e
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=f5-mock-icontrol \\
  -addext subjectAltName=DNS:f5-mock-icontrol,DNS:localhost -keyout /tmp/f5.key -out /tmp/f5.crt
exec nginx -c /f5.conf -g 'daemon off;'
`;

/** What the F5 stand-in's image does as far as a load test can tell: a certificate of its own, and /healthz. */
function f5Mock(engine: DockerEngine): Promise<void> {
  return engine.image({
    name: "f5-mock:test",
    programs: ["nginx"],
    texts: { ...NGINX_FOLDERS, "/f5.conf": F5_MOCK_CONFIG, "/entrypoint.sh": F5_MOCK_ENTRYPOINT },
    changes: [`ENTRYPOINT ["/entrypoint.sh"]`],
  });
}

/** The lab in certctl's place: the executable that is tested, or this checkout with the Deno that runs it. */
async function lab(engine: DockerEngine): Promise<void> {
  const checkout = new URL("../../", import.meta.url).pathname;
  const parts = ["main.ts", "deno.json", "deno.lock", "src", "scenarios", "compose"];
  const program = programCommand();
  const sources = parts.map((part) => join(checkout, part));
  const npm = join(await denoFolder(), "npm");
  const command = [...program, "lab", "--hostname", "0.0.0.0", "--port", "api=8443"];
  await engine.image({
    name: "lab:test",
    programs: [program[0]],
    files: program.length === 1 ? [] : [...sources, npm],
    changes: [
      `ENV DENO_DIR=${await denoFolder()} NO_COLOR=1`,
      `ENTRYPOINT ${JSON.stringify(command)}`,
    ],
  });
}

/** Where Deno keeps the packages, which a run with an empty home must be told. */
export async function denoFolder(): Promise<string> {
  const { stdout } = await runCommand([Deno.execPath(), "info", "--json"]);
  return (JSON.parse(stdout) as { denoDir: string }).denoDir;
}
