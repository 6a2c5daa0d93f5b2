import { join } from "node:path";
import { assert, assertEquals } from "../assert.ts";
import { assertEnded, type Finished, withProgram } from "./program.ts";

/** A server of one's own: it wants a login, and a job takes it 120 ms. What it saw is what the summary must say. */
class JobServer {
  readonly tokens = new Set<string>();
  readonly seen: Record<string, number> = {};
  readonly #begun = new Map<string, number>();

  async answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const route = `${request.method} ${pathname.replace(/job-\d+$/, "ID")}`;
    this.seen[route] = (this.seen[route] ?? 0) + 1;
    if (route === "POST /login") {
      const token = `opaque${crypto.randomUUID()}`;
      this.tokens.add(token);
      return Response.json({ session: { token } });
    }
    const token = request.headers.get("authorization")?.replace("Bearer ", "") ?? "";
    if (!this.tokens.has(token)) return new Response(`no session ${token}`, { status: 401 });
    await request.body?.cancel();
    switch (route) {
      case "POST /jobs":
        return this.#begin();
      case "GET /jobs/ID":
        return this.#state(pathname.slice("/jobs/".length));
      case "GET /forbidden":
        return new Response(`not for the session ${token}`, { status: 403 });
      default:
        this.tokens.delete(token);
        return new Response(null, { status: 204 });
    }
  }

  #begin(): Response {
    const id = `job-${this.#begun.size}`;
    this.#begun.set(id, performance.now());
    return Response.json({ id }, { status: 202, headers: { location: `/jobs/${id}` } });
  }

  #state(id: string): Response {
    const begun = this.#begun.get(id);
    if (begun === undefined) return new Response("no such job", { status: 404 });
    const state = performance.now() - begun < 120 ? "running" : "done";
    return Response.json({ id, state });
  }
}

async function withJobServer(
  use: (server: JobServer, origin: string) => Promise<void>,
): Promise<void> {
  const jobs = new JobServer();
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, (request) => jobs.answer(request));
  try {
    await use(jobs, `http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

const AUTHORIZED = `headers: { Authorization: "Bearer {token}" }`;
const LOG_IN = "{ name: log_in, method: POST, path: /login, " +
  "capture: { token: { json: /session/token } } }";

/** 20 arrivals in two seconds, after one login, before one logout. */
function planFor(origin: string): string {
  return `name: jobs
target: { base_url: "${origin}" }
scenarios:
  jobs:
    flow: sequence
    with:
      setup: [${LOG_IN}]
      steps:
        - name: start
          method: POST
          path: /jobs
          ${AUTHORIZED}
          expect: { status: 202 }
          capture: { job: { header: location } }
        - name: job
          path: "{job}"
          ${AUTHORIZED}
          wait_until: { json: { state: done }, interval: 50ms, timeout: 20s }
      teardown:
        - { name: log_out, method: DELETE, path: /session, ${AUTHORIZED}, expect: { status: 204 } }
    rate: 10/s
    duration: 2s
    thresholds: [start count == 20, job count == 20, job min > 120ms, polls count > 20]
thresholds: [error_rate < 1%]
`;
}

/** Everything that the run has left and said. */
async function allOf({ folder, stdout, stderr }: Finished): Promise<string> {
  const files = await Array.fromAsync(Deno.readDir(join(folder, "results")));
  const texts = await Promise.all(
    files.filter(({ isFile }) => isFile).map(({ name }) =>
      Deno.readTextFile(join(folder, "results", name))
    ),
  );
  return [stdout, stderr, ...texts].join("\n");
}

Deno.test("a plan logs in once, has each arrival wait for its job, and logs out; the counts are the server's", async () => {
  await withJobServer(async (server, origin) => {
    const files = { "plan.yaml": planFor(origin) };
    await withProgram(["run", "plan.yaml"], { files }, async (finished) => {
      assertEnded(finished, 0);
      const { jobs } = finished.summary.phases.api;
      const { seen, tokens } = server;
      assertEquals([jobs.count, jobs.failed], [20, 0]);
      assertEquals([jobs.steps.start.count, jobs.steps.job.count], [20, 20]);
      assertEquals(seen["POST /login"], 1);
      assertEquals(seen["POST /jobs"], 20);
      assertEquals(jobs.counters.polls, seen["GET /jobs/ID"]);
      assertEquals(jobs.observed.poll.stats_ms.count, seen["GET /jobs/ID"]);
      assertEquals(jobs.observed.poll_wait.stats_ms.count, seen["GET /jobs/ID"]! - 20);
      assertEquals(seen["DELETE /session"], 1);
      assertEquals([...tokens], []);
      assertEquals((await allOf(finished)).includes("opaque"), false);
    });
  });
});

Deno.test("a token that was captured is in nothing that a run leaves, however the server echoes it", async () => {
  await withJobServer(async (server, origin) => {
    const steps = `
        - { name: echo, path: /forbidden, ${AUTHORIZED} }`;
    const text = `name: echoes
target: { base_url: "${origin}" }
scenarios:
  from_setup:
    flow: sequence
    with:
      setup: [${LOG_IN}]
      steps: ${steps}
    rate: 10/s
    duration: 1s
  from_arrival:
    flow: sequence
    with:
      steps:
        - ${LOG_IN.replace("log_in", "enter")}${steps}
    rate: 10/s
    duration: 1s
`;
    const args = [
      "run",
      "plan.yaml",
      "--no-probe",
      "--report",
      "html=results/report.html,junit=results/junit.xml",
    ];
    await withProgram(args, { files: { "plan.yaml": text } }, async (finished) => {
      const { from_setup: early, from_arrival: each } = finished.summary.phases.api;
      assertEquals([early.failed, each.failed, server.tokens.size], [10, 10, 11]);
      const all = await allOf(finished);
      assert(all.includes("not for the session ***"), all.slice(0, 2000));
      for (const token of server.tokens) assertEquals(all.includes(token), false);
    });
  });
});

Deno.test("a login that fails ends the run before any load, and says which step it was", async () => {
  await withJobServer(async (server, origin) => {
    const text = planFor(origin).replace("/session/token", "/session/jwt");
    await withProgram(
      ["run", "plan.yaml"],
      { files: { "plan.yaml": text } },
      ({ code, stderr }) => {
        assertEquals(code, 94, stderr);
        assert(stderr.includes('cannot capture token: no "jwt" in /session of the answer'), stderr);
        assertEquals(server.seen["POST /jobs"], undefined);
      },
    );
  });
});

Deno.test("the shipped example runs against the embedded lab", async () => {
  const args = ["run", "sequence", "--set", "scenarios.f5_transaction.duration=2s"];
  await withProgram(args, {}, (finished) => {
    const { f5_transaction: scenario } = finished.summary?.phases.connector ?? {};
    assertEquals([scenario?.count, scenario?.failed], [20, 0], finished.stdout + finished.stderr);
    assert(scenario.counters.polls >= 40, `${scenario.counters.polls} polls`);
    assertEnded(finished, 0);
  });
});
