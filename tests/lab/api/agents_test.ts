import { X509Certificate } from "node:crypto";
import { assert, assertEquals, assertMatch } from "../../assert.ts";
import {
  ask,
  certificateRequest,
  certificateSigningRequest,
  type LabClient,
  withLab,
} from "../harness.ts";

const AGENTS = "/api/v1/agents";
const NGINX = "tgt-lt-nginx";

async function register(client: LabClient, name = "a1"): Promise<string> {
  const { status, body } = await ask(client, `POST ${AGENTS}`, { name, hostname: "h1" });
  assertEquals(status, 201);
  return body.id;
}

/** A certificate of the environment, and its id. */
async function create(client: LabClient, name: string, environment = ""): Promise<string> {
  const given = { ...certificateRequest(name), ...(environment && { environment }) };
  const { status, body } = await ask(client, "POST /api/v1/certificates", given);
  assertEquals(status, 201);
  return body.id;
}

/** Gives the agent the lab's first nginx: a target of that name, created later. */
async function own(client: LabClient, agent_id: string): Promise<string> {
  const target = { name: "lt-nginx", type: "NGINX", agent_id, config: { cert_path: "/c.pem" } };
  return (await ask(client, "POST /api/v1/targets", target)).body.id;
}

const renew = (client: LabClient, id: string): ReturnType<typeof ask> =>
  ask(client, `POST /api/v1/certificates/${id}/renew`);

Deno.test("an agent is registered under an id of the server's, and a name once", async () => {
  await withLab({}, async (client) => {
    const given = { id: "mine", name: "a1", hostname: "h1", os: "linux" };
    const { status, body } = await ask(client, `POST ${AGENTS}`, given);
    const { id, last_heartbeat_at, registered_at, ...rest } = body;
    assertMatch(id, /^agent-\d{19}-\d+$/);
    assertEquals([status, last_heartbeat_at], [201, registered_at]);
    assertEquals(rest, {
      name: "a1",
      hostname: "h1",
      status: "Online",
      os: "linux",
      architecture: "",
      ip_address: "",
      version: "",
    });
    const again = await ask(client, `POST ${AGENTS}`, given);
    assertEquals([again.status, again.body.message], [409, "Agent with this name already exists"]);
    assertEquals((await ask(client, `GET ${AGENTS}/${id}`)).body, body);
    const { total, data } = (await ask(client, `GET ${AGENTS}?per_page=1&page=2`)).body;
    assertEquals([total, data.map((agent: { id: string }) => agent.id)], [2, [id]]);
  });
});

Deno.test("what an agent has to tell is asked for in certctl's words", async () => {
  await withLab({}, async (client) => {
    const refusals = [
      ["{", "Invalid request body"],
      [{ hostname: "h" }, "name is required"],
      [{ name: "n".repeat(129), hostname: "h" }, "name must be 128 characters or fewer"],
      [{ name: "n" }, "hostname is required"],
    ] as const;
    for (const [given, message] of refusals) {
      const { status, body } = await ask(client, `POST ${AGENTS}`, given);
      assertEquals([status, body.message], [400, message]);
    }
  });
});

Deno.test("a heartbeat is recorded with what it says, 404 of nobody's and 410 of a retired agent's", async () => {
  await withLab({}, async (client) => {
    const id = await register(client);
    const beat = await ask(client, `POST ${AGENTS}/${id}/heartbeat`, { version: "2.1" });
    assertEquals([beat.status, beat.body], [200, { status: "heartbeat_recorded" }]);
    assertEquals((await ask(client, `POST ${AGENTS}/${id}/heartbeat`)).status, 200);
    const agent = (await ask(client, `GET ${AGENTS}/${id}`)).body;
    assertEquals([agent.version, agent.hostname], ["2.1", "h1"]);
    const nobody = await ask(client, `POST ${AGENTS}/none/heartbeat`, {});
    assertEquals([nobody.status, nobody.body.message], [404, "Agent not found"]);
    assertEquals((await ask(client, `DELETE ${AGENTS}/${id}`)).status, 200);
    const retired = await ask(client, `POST ${AGENTS}/${id}/heartbeat`, {});
    assertEquals([retired.status, retired.body.message], [410, "Agent has been retired"]);
  });
});

Deno.test("the way of a renewal: work, request, certificate, deployment, report", async () => {
  await withLab({}, async (client) => {
    const agent = await register(client);
    const target = await own(client, agent);
    const id = await create(client, "web.test", "lt-deploy-nginx");
    assertEquals((await renew(client, id)).status, 202);
    const work = (): ReturnType<typeof ask> => ask(client, `GET ${AGENTS}/${agent}/work`);
    const waiting = (await work()).body;
    assertEquals(waiting.count, 1);
    const { id: renewal, ...item } = waiting.jobs[0];
    assertEquals(item, {
      type: "Renewal",
      certificate_id: id,
      common_name: "web.test",
      sans: ["web.test"],
      status: "AwaitingCSR",
    });

    const csr_pem = await certificateSigningRequest("web.test", "other.test");
    const csr = await ask(client, `POST ${AGENTS}/${agent}/csr`, { csr_pem, certificate_id: id });
    assertEquals([csr.status, csr.body], [202, { status: "csr_signed" }]);
    assertEquals((await ask(client, `GET /api/v1/jobs/${renewal}`)).body.status, "Completed");
    assertEquals((await ask(client, `GET /api/v1/certificates/${id}`)).body.status, "Active");

    const fetched = await ask(client, `GET ${AGENTS}/${agent}/certificates/${id}`);
    const leaf = new X509Certificate(fetched.body.certificate_pem);
    assertEquals(leaf.subjectAltName, "DNS:web.test, DNS:other.test");
    assert(leaf.verify(new X509Certificate(client.lab.addresses.caPem).publicKey));
    const [version] = (await ask(client, `GET /api/v1/certificates/${id}/versions`)).body.data;
    assertEquals(
      version.fingerprint_sha256,
      leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
    );
    assertEquals(version.csr_pem, csr_pem);

    const { jobs: [deployment], count } = (await work()).body;
    assertEquals([count, deployment.type, deployment.status], [1, "Deployment", "Running"]);
    assertEquals([deployment.target_id, deployment.target_type], [target, "NGINX"]);
    assertEquals(deployment.target_config, { cert_path: "/c.pem" });
    assertEquals((await work()).body, { count: 0, jobs: [] });

    const report = `POST ${AGENTS}/${agent}/jobs/${deployment.id}/status`;
    const reported = await ask(client, report, { status: "Completed", error: "" });
    assertEquals([reported.status, reported.body], [200, { status: "updated" }]);
    assertEquals((await ask(client, `GET /api/v1/jobs/${deployment.id}`)).body.status, "Completed");
    const deployed = (await ask(client, `GET /api/v1/certificates/${id}`)).body;
    assertMatch(deployed.last_deployment_at, /^\d{4}-/);
  });
});

Deno.test("a request that nothing waits for is signed, and makes no job", async () => {
  await withLab({}, async (client) => {
    const agent = await register(client);
    const id = await create(client, "web.test", "lt-deploy-nginx");
    const csr_pem = await certificateSigningRequest("web.test");
    const { status } = await ask(client, `POST ${AGENTS}/${agent}/csr`, {
      csr_pem,
      certificate_id: id,
    });
    assertEquals(status, 202);
    assertEquals((await ask(client, "GET /api/v1/jobs")).body.total, 0);
    const metrics = await ask(client, "GET /api/v1/metrics/prometheus");
    assertMatch(metrics.body, /certctl_issuance_total\{[^}]*outcome="success"\} 1\n/);
  });
});

Deno.test("what is no request is refused, and a certificate or an agent that is not there is 500", async () => {
  await withLab({}, async (client) => {
    const agent = await register(client);
    const certificate_id = await create(client, "web.test");
    const csr_pem = await certificateSigningRequest("web.test");
    const broken = csr_pem.replace(/M/g, "N");
    const post = (id: string, body: unknown): ReturnType<typeof ask> =>
      ask(client, `POST ${AGENTS}/${id}/csr`, body);
    const refusals = [
      [agent, {}, 400, "csr_pem is required"],
      [agent, { csr_pem: "x" }, 400, "csr_pem must be a valid PEM-encoded certificate request"],
      [agent, { csr_pem: broken, certificate_id }, 500, "Failed to submit CSR"],
      [agent, { csr_pem, certificate_id: "none" }, 500, "Failed to submit CSR"],
      ["none", { csr_pem, certificate_id }, 500, "Failed to submit CSR"],
    ] as const;
    for (const [id, body, status, message] of refusals) {
      const answer = await post(id, body);
      assertEquals([answer.status, answer.body.message], [status, message]);
    }
    const accepted = await post(agent, { csr_pem });
    assertEquals([accepted.status, accepted.body], [202, { status: "csr_accepted" }]);
    const none = await ask(client, `GET ${AGENTS}/${agent}/certificates/${certificate_id}`);
    assertEquals([none.status, none.body.message], [404, "Certificate not found or not ready"]);
  });
});

Deno.test("a report for a job that is not there is 500, and any word is a status", async () => {
  await withLab({}, async (client) => {
    const agent = await register(client);
    const id = await create(client, "web.test");
    await renew(client, id);
    const job = (await ask(client, "GET /api/v1/jobs")).body.data[0].id;
    const report = (job: string, body: unknown): ReturnType<typeof ask> =>
      ask(client, `POST ${AGENTS}/${agent}/jobs/${job}/status`, body);
    assertEquals((await report("none", { status: "Completed" })).status, 500);
    const empty = await report(job, {});
    assertEquals([empty.status, empty.body.message], [400, "Status is required"]);
    assertEquals((await report(job, { status: "Odd", error: "why" })).status, 200);
    const { status, last_error } = (await ask(client, `GET /api/v1/jobs/${job}`)).body;
    assertEquals([status, last_error], ["Odd", "why"]);
  });
});

Deno.test("as shipped, work is always 500, and secrets of a target's configuration are masked in it", async () => {
  await withLab({ asShipped: ["work_500"] }, async (client) => {
    const agent = await register(client);
    const { status, body } = await ask(client, `GET ${AGENTS}/${agent}/work`);
    assertEquals([status, body.message], [500, "Failed to get pending work"]);
  });
  await withLab({ asShipped: ["config_redacted"] }, async (client) => {
    const agent = await register(client);
    const config = { cert_path: "/c.pem", key_path: "/k.pem" };
    const target = { name: "lt-nginx", type: "NGINX", agent_id: agent, config };
    const masked = { cert_path: "/c.pem", key_path: "********" };
    assertEquals((await ask(client, "POST /api/v1/targets", target)).body.config, masked);
    const id = await create(client, "web.test", "lt-deploy-nginx");
    await ask(client, `POST /api/v1/certificates/${id}/deploy`);
    const { jobs } = (await ask(client, `GET ${AGENTS}/${agent}/work`)).body;
    assertEquals(jobs[0].target_config, masked);
  });
});

Deno.test("an agent that something depends on is retired by force alone, and its jobs end", async () => {
  await withLab({}, async (client) => {
    const agent = await register(client);
    await own(client, agent);
    const id = await create(client, "web.test", "lt-deploy-nginx");
    await ask(client, `POST /api/v1/certificates/${id}/deploy`);
    const blocked = await ask(client, `DELETE ${AGENTS}/${agent}`);
    const counts = { active_targets: 1, active_certificates: 1, pending_jobs: 1 };
    assertEquals([blocked.status, blocked.body.error], [409, "blocked_by_dependencies"]);
    assertEquals(blocked.body.counts, counts);
    const reasonless = await ask(client, `DELETE ${AGENTS}/${agent}?force=true`);
    const wanted = "force=true requires a non-empty reason";
    assertEquals([reasonless.status, reasonless.body.message], [400, wanted]);
    const forced = await ask(client, `DELETE ${AGENTS}/${agent}?force=true&reason=done`);
    const { retired_at, ...rest } = forced.body;
    assertMatch(retired_at, /^\d{4}-/);
    assertEquals(rest, { already_retired: false, cascade: true, counts });
    assertEquals((await ask(client, "GET /api/v1/jobs")).body.data[0].status, "Cancelled");
    assertEquals((await ask(client, `DELETE ${AGENTS}/${agent}`)).status, 204);
    assertEquals((await ask(client, `DELETE ${AGENTS}/none`)).status, 404);
    const listed = (await ask(client, `GET ${AGENTS}`)).body.data as { id: string }[];
    assert(listed.every((each) => each.id !== agent));
    assertEquals((await ask(client, `GET ${AGENTS}/retired`)).body.data[0].id, agent);
  });
});

Deno.test("a target that was made last takes over its name's certificates, and gives it back", async () => {
  await withLab({}, async (client) => {
    const agent = await register(client);
    const bound = async (name: string, environment: string): Promise<string[]> => {
      const id = await create(client, name, environment);
      const { data } = (await ask(client, `GET /api/v1/certificates/${id}/deployments`)).body;
      return data.map((target: { id: string }) => target.id);
    };
    assertEquals(await bound("a.test", "lt-deploy-nginx"), [NGINX]);
    assertEquals(await bound("b.test", "lt-deploy-iis"), []);
    const target = await own(client, agent);
    assertEquals(await bound("c.test", "lt-deploy-nginx"), [target]);
    assertEquals((await ask(client, `DELETE /api/v1/targets/${target}`)).status, 204);
    assertEquals(await bound("d.test", "lt-deploy-nginx"), [NGINX]);
  });
  await withLab({ bind: false }, async (client) => {
    const id = await create(client, "a.test", "lt-deploy-nginx");
    const { body } = await ask(client, `GET /api/v1/certificates/${id}/deployments`);
    assertEquals(body, { data: [], total: 0 });
  });
});
