/** Real daemons on loopback: each really serves each new certificate, and has its own again afterwards. */
import { join } from "node:path";
import { shaker } from "../../src/deploy/handshake.ts";
import { deployLoop } from "../../src/flows/deploy_loop.ts";
import { isFailure } from "../../src/http/failure.ts";
import { DEFAULT_TOKEN } from "../../src/lab/options.ts";
import { assert, assertEquals } from "../assert.ts";
import { systemClock, type TestIteration } from "../acme/harness.ts";
import { setUp } from "../flows/with_setup.ts";
import { type LabClient, withLab } from "../lab/harness.ts";
import { testWith } from "../programs.ts";
import { apacheProgram, startApache } from "../servers/apache.ts";
import type { Daemon } from "../servers/daemon.ts";
import { startHaproxy } from "../servers/haproxy.ts";
import { nginxProgram, startNginx } from "../servers/nginx.ts";

const CERTIFICATES = 3;

interface Kind {
  readonly name: string;
  readonly type: string;
  readonly needs: readonly (string | readonly string[])[];
  readonly start: () => Promise<Daemon>;
  readonly install: (daemon: Daemon) => Record<string, unknown>;
}

const pair = ({ folder }: Daemon): Record<string, unknown> => ({
  fullchain: join(folder, "cert.pem"),
  key: join(folder, "key.pem"),
});

const KINDS: readonly Kind[] = [
  {
    name: "nginx, by files and a reload",
    type: "nginx",
    needs: ["nginx"],
    start: startNginx,
    install: (daemon) => {
      const { folder } = daemon;
      const program = [nginxProgram, "-p", folder, "-c", "nginx.conf", "-e", "error.log"];
      return { files: { ...pair(daemon), reload: [...program, "-s", "reload"] } };
    },
  },
  {
    name: "Apache, by files and a graceful restart",
    type: "apache",
    needs: [["apache2", "httpd"]],
    start: startApache,
    install: (daemon) => {
      const program = [apacheProgram, "-d", daemon.folder, "-f", "httpd.conf"];
      return { files: { ...pair(daemon), reload: [...program, "-k", "graceful"] } };
    },
  },
  {
    name: "HAProxy, by its file and a reload",
    type: "haproxy",
    needs: ["haproxy", "kill"],
    start: startHaproxy,
    install: ({ folder, pid }) => ({
      files: { pem: join(folder, "both.pem"), reload: `kill -USR2 ${pid}` },
    }),
  },
  {
    name: "HAProxy, by its runtime API",
    type: "haproxy",
    needs: ["haproxy"],
    start: startHaproxy,
    install: ({ folder }) => ({
      haproxy: { socket: join(folder, "admin.sock"), certificate: join(folder, "both.pem") },
    }),
  },
];

for (const kind of KINDS) {
  testWith(...kind.needs)(
    `${kind.name}: each certificate is served, and the former one comes back`,
    async () => {
      const daemon = await kind.start();
      try {
        await withLab({}, (client) => deployTo(kind, daemon, client));
      } finally {
        await daemon.stop();
      }
    },
  );
}

async function deployTo(kind: Kind, daemon: Daemon, { lab }: LabClient): Promise<void> {
  const url = `https://localhost:${daemon.port}/`;
  const address = { hostname: "127.0.0.1", port: daemon.port };
  const shake = shaker({ url, address, clock: systemClock, timeoutMs: 5_000 });
  const before = (await shake()).fingerprint;
  const set = await setUp(deployLoop, {
    target_type: kind.type,
    targets: [{ url, connect_to: `127.0.0.1:${daemon.port}`, install: kind.install(daemon) }],
    watch: "100/s",
    watch_after: "0s",
    overlap: "10s",
  }, {
    target: {
      baseUrl: lab.addresses.api,
      token: DEFAULT_TOKEN,
      tls: { insecureSkipVerify: false, caPem: lab.addresses.caPem },
    },
  });
  assert(!isFailure(set), JSON.stringify(set));
  const flow = await set.flow();
  try {
    assertEquals(await flow.prepare?.(CERTIFICATES), undefined);
    const iterations: TestIteration[] = [];
    const served = new Set([before]);
    for (let n = 0; n < CERTIFICATES; n++) {
      const iteration = set.iteration(n);
      iterations.push(iteration);
      assertEquals(await flow.run(iteration), undefined);
      served.add(await anotherThan(served, shake));
    }
    assertEquals(served.size, CERTIFICATES + 1);
    const verdicts = iterations.flatMap(({ deployments }) => deployments.map((d) => d.verdict));
    assertEquals(verdicts, Array(CERTIFICATES).fill("served"));
    assertEquals(await set.undo(), {});
    await untilServed(shake, before);
  } finally {
    await flow.close?.();
    set.close();
  }
}

/** Handshakes in a row after which no worker on its way out has a connection any more. */
const SETTLED = 20;

/**
 * What is served and was not before, once nothing else is: a worker on its way out may have some connections still, and a
 * deployment that begins meanwhile would see what was served two certificates ago.
 */
async function anotherThan(
  served: ReadonlySet<string | undefined>,
  shake: ReturnType<typeof shaker>,
): Promise<string | undefined> {
  let [seen, inARow]: [string | undefined, number] = [undefined, 0];
  for (let tried = 0; tried < 1000; tried++) {
    const { fingerprint } = await shake();
    const isNew = fingerprint !== undefined && !served.has(fingerprint);
    inARow = isNew && fingerprint === seen ? inARow + 1 : 0;
    seen = fingerprint;
    if (inARow >= SETTLED) return fingerprint;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("No other certificate came");
}

/** A reload is over some time after its command. */
async function untilServed(
  shake: ReturnType<typeof shaker>,
  fingerprint: string | undefined,
): Promise<void> {
  for (let tried = 0; tried < 300; tried++) {
    if ((await shake()).fingerprint === fingerprint) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("The former certificate did not come back");
}
