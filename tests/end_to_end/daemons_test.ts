import type { Daemon } from "../servers/daemon.ts";
import { startApache } from "../servers/apache.ts";
import { startHaproxy } from "../servers/haproxy.ts";
import { type LoggedRequest, loggedRequests, startNginx } from "../servers/nginx.ts";
import { assert, assertEquals } from "../assert.ts";
import { testWith } from "../programs.ts";
import { assertEnded, hostWasBusy, wait, withProgram } from "./program.ts";

function plan(scenarios: string): string {
  return `name: daemons
target: { base_url: "https://127.0.0.1:1", tls: { insecure_skip_verify: true } }
warmup: off
scenarios:
${scenarios}`;
}

function handshakes(name: string, { port }: Daemon): string {
  return `  ${name}_handshake:
    flow: tls_handshake
    with: { target_type: ${name}, url: "https://127.0.0.1:${port}/" }
    rate: 20/s
    duration: 3s
    thresholds: [p95 < 1s, error_rate < 1%]
`;
}

/** nginx writes a line when it is done with a request, which may be after its client is. */
async function loggedAfter(nginx: Daemon, requests: number): Promise<LoggedRequest[]> {
  for (let tries = 0; (await loggedRequests(nginx)).length < requests && tries < 1_000; tries++) {
    await wait(20);
  }
  return await loggedRequests(nginx);
}

/**
 * Each connection has each phase, and together they are not longer than what they are parts of. Which of two takes
 * longer is the host's: three connections begin at one instant, and one thread serves them in turn.
 */
// deno-lint-ignore no-explicit-any -- of a parsed summary
function assertPhases({ phases, service_time_ms: service }: any, name: string): void {
  const parts = [phases.connect_ms, phases.tls_handshake_ms, phases.ttfb_ms];
  for (const { count, min } of parts) assert(count === 60 && min > 0, `${name}: ${count}, ${min}`);
  // Averages are of exact sums, each rounded to a tenth of a microsecond.
  const together = parts.reduce((sum, { avg }) => sum + avg, 0);
  assert(together <= service.avg + 0.001, `${name}: ${together} of ${service.avg} ms`);
}

testWith("nginx")(
  "real nginx logs exactly as many connections and full handshakes as the summary says (a busy host may fail the run)",
  async () => {
    const nginx = await startNginx();
    try {
      const text = plan(handshakes("nginx", nginx));
      await withProgram(
        ["run", "plan.yaml"],
        { files: { "plan.yaml": text } },
        async (finished) => {
          assertEnded(finished, 0);
          const scenario = finished.summary.phases.connector.nginx_handshake;
          assertEquals([scenario.count, scenario.failed], [60, 0]);
          assertEquals(scenario.connections, { new: 60, reused: 0 });
          // One more than measured: the probe's.
          const logged = await loggedAfter(nginx, 61);
          assertEquals(logged.length, 61);
          assertEquals(new Set(logged.map(({ connection }) => connection)).size, 61);
          assertEquals(logged.filter(({ sessionReused }) => sessionReused === ".").length, 61);
        },
      );
    } finally {
      await nginx.stop();
    }
  },
);

testWith("nginx")(
  "two load threads share the arrivals exactly: each is sent once, and all are in the summary",
  async () => {
    const nginx = await startNginx();
    try {
      const text = plan(`  shared:
    flow: http_request
    with: { url: "https://127.0.0.1:${nginx.port}/arrival/{index}" }
    rate: 300/s
    duration: 2s
`).replace("warmup: off", "warmup: off\nworkers: 2");
      await withProgram(
        ["run", "plan.yaml"],
        { files: { "plan.yaml": text } },
        async (finished) => {
          const { summary } = finished;
          assertEquals(summary?.phases.api.shared.count, 600, finished.stdout + finished.stderr);
          assertEquals(summary.generator.workers.length, 2);
          // Two more: the probe's, which is an arrival of its own, and the question for the server's version.
          const paths = (await loggedAfter(nginx, 602)).map(({ path }) => path);
          const indices = paths.map((path) => Number(/^\/arrival\/(\d+)$/.exec(path)?.[1]));
          const sent = indices.filter((index) => index < 600).sort((a, b) => a - b);
          assertEquals(sent, Array.from({ length: 600 }, (_, index) => index));
          assertEquals(paths.length, 602, `${paths.filter((_, at) => !(indices[at]! < 600))}`);
        },
      );
    } finally {
      await nginx.stop();
    }
  },
);

testWith("nginx", ["apache2", "httpd"], "haproxy")(
  "nginx, Apache and HAProxy side by side: phases, TLS and certificate of each are reported (a busy host may fail the run)",
  async () => {
    const daemons = [await startNginx(), await startApache(), await startHaproxy()];
    try {
      const names = ["nginx", "apache", "haproxy"];
      const text = plan(daemons.map((daemon, at) => handshakes(names[at] ?? "", daemon)).join(""));
      await withProgram(["run", "plan.yaml"], { files: { "plan.yaml": text } }, (finished) => {
        assertEnded(finished, 0);
        for (const name of names) {
          const scenario = finished.summary.phases.connector[`${name}_handshake`];
          assertEquals([scenario.count, scenario.failed], [60, 0]);
          assertPhases(scenario, name);
          const [peer] = scenario.tls_peers;
          // Deno 2.7, which some executables are built with, does not tell the version.
          assertEquals([peer.tls_version ?? "TLSv1.3", peer.key_type], ["TLSv1.3", "ECDSA P-256"]);
          assertEquals(peer.exchanges, 60);
          assert(peer.sans.includes("localhost") && peer.fingerprint_sha256.length === 64);
          const tier = finished.summary.connector_tier[name];
          assertEquals([tier.iterations, tier.error_rate], [60, 0]);
        }
        assertEquals(finished.summary.connector_tier.f5.p50, null);
      });
    } finally {
      for (const daemon of daemons) await daemon.stop();
    }
  },
);

testWith("nginx")(
  "coordinated omission: a server stopped for 1 s of 5 s makes a fifth of the arrivals late (more on a busy host)",
  async () => {
    const nginx = await startNginx();
    try {
      const text = plan(`  steady:
    flow: http_request
    with: { url: "https://127.0.0.1:${nginx.port}/" }
    rate: 100/s
    duration: 5s
`);
      const stop = async (): Promise<void> => {
        const { folder } = nginx;
        while ((await loggedRequests(nginx)).length < 100) await wait(10);
        const master = (await Deno.readTextFile(`${folder}/nginx.pid`)).trim();
        const children = await Deno.readTextFile(`/proc/${master}/task/${master}/children`);
        const workers = children.trim().split(/\s+/).map(Number);
        workers.forEach((pid) => Deno.kill(pid, "SIGSTOP"));
        await wait(1_000);
        workers.forEach((pid) => Deno.kill(pid, "SIGCONT"));
      };
      const options = { files: { "plan.yaml": text }, during: stop };
      await withProgram(["run", "plan.yaml"], options, (finished) => {
        const { summary, stdout, stderr } = finished;
        const scenario = summary?.phases.api.steady;
        assertEquals(scenario?.count, 500, stdout + stderr);
        const { response_time_ms: response, service_time_ms: service } = scenario;
        // A fifth of the arrivals, evenly late by 0 to 1 s: p90 is late by about half of the second.
        assert(response.p90 > 350, `p90 ${response.p90}`);
        assert(response.max > 900, `max ${response.max}`);
        if (hostWasBusy(finished)) return;
        assert(response.p90 < 750, `p90 ${response.p90}`);
        assert(response.max < 2_000, `max ${response.max}`);
        assert(service.p50 < 50, `median service time ${service.p50}`);
      });
    } finally {
      await nginx.stop();
    }
  },
);

testWith("nginx")(
  "a threshold over something that no sample has fails as no data, exit 99 (95 on a busy host)",
  async () => {
    const nginx = await startNginx();
    try {
      // An address needs no name resolution, so there is no dns sample.
      const text = plan(handshakes("nginx", nginx).replace("p95 < 1s", "dns p95 < 1s"));
      await withProgram(
        ["run", "plan.yaml"],
        { files: { "plan.yaml": text } },
        (finished) => {
          assertEnded(finished, 99);
          assertEquals(finished.summary.thresholds[0].verdict, "no_data");
        },
      );
    } finally {
      await nginx.stop();
    }
  },
);
