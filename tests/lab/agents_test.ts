import { assertEquals, assertMatch } from "../assert.ts";
import type { LabOptions } from "../../src/lab/lab.ts";
import { ask, certificateRequest, type LabClient, until, withLab } from "./harness.ts";
import { servedBy } from "./served.ts";

const QUICK = { count: 2, pollMs: 20, heartbeatMs: 20, deployMs: 5 };

async function renewed(client: LabClient, name: string, environment: string): Promise<string> {
  const given = { ...certificateRequest(name), environment };
  const { id } = (await ask(client, "POST /api/v1/certificates", given)).body;
  assertEquals((await ask(client, `POST /api/v1/certificates/${id}/renew`)).status, 202);
  return id;
}

async function deployment(client: LabClient, status: string): Promise<Record<string, string>> {
  const list = `GET /api/v1/jobs?type=Deployment&status=${status}`;
  await until(`a deployment ${status}`, async () => (await ask(client, list)).body.total > 0);
  return (await ask(client, list)).body.data[0];
}

for (const keygen of ["agent", "server"] as const) {
  Deno.test(`the lab's agents bring a renewal to where it is served, with keys of the ${keygen}'s`, async () => {
    const options: LabOptions = {
      keygen,
      agents: QUICK,
      targets: { nginx: 2 },
      scheduler: { intervalMs: 10, workMs: 1 },
    };
    await withLab(options, async (client) => {
      const { targets } = client.lab.addresses;
      const before = await servedBy(targets["nginx"]);
      const id = await renewed(client, "web.test", "lt-deploy-nginx-2");
      const job = await deployment(client, "Completed");
      assertEquals(job["target_id"], "tgt-lt-nginx-2");
      const [version] = (await ask(client, `GET /api/v1/certificates/${id}/versions`)).body.data;
      assertEquals(await servedBy(targets["nginx-2"]!), version.fingerprint_sha256);
      assertEquals(await servedBy(targets["nginx"]), before);
      const verification = await ask(client, `GET /api/v1/jobs/${job["id"]}/verification`);
      assertEquals(verification.body.verified, true);
      const [record] = client.lab.deployments.records;
      assertEquals([record!.by, record!.jobId, record!.target], ["agent", job["id"], "nginx-2"]);
    });
  });
}

Deno.test("what an agent cannot install it reports as failed, with the reason", async () => {
  await withLab({ agents: QUICK }, async (client) => {
    const target = { name: "lt-odd", type: "NGINX", agent_id: "ag-lt-1", config: {} };
    assertEquals((await ask(client, "POST /api/v1/targets", target)).status, 201);
    await renewed(client, "web.test", "lt-deploy-odd");
    const job = await deployment(client, "Failed");
    assertMatch(job["last_error"]!, /^there is no target/);
  });
});

Deno.test("an agent completes a deployment that is not served, and says so in its verification", async () => {
  const faults = { deployments: [{ kind: "late" as const, afterMs: 60_000 }] };
  await withLab({ agents: QUICK, faults }, async (client) => {
    await renewed(client, "web.test", "lt-deploy-nginx");
    const { id } = await deployment(client, "Completed");
    const { body } = await ask(client, `GET /api/v1/jobs/${id}/verification`);
    const [record] = client.lab.deployments.records;
    assertEquals([body.verified, body.actual_fingerprint], [false, record!.oldFingerprint]);
  });
});

Deno.test("from an installation until it is reported an agent takes its time, and the job is Running", async () => {
  await withLab({ agents: { ...QUICK, deployMs: 60_000 } }, async (client) => {
    await renewed(client, "web.test", "lt-deploy-nginx");
    await until("it is installed", () => client.lab.deployments.records.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const job = await deployment(client, "Running");
    assertMatch(job["started_at"]!, /^\d{4}-/);
    assertEquals(job["completed_at"], undefined);
  });
});

Deno.test("as shipped the lab's agents get no work, and say all the same that they are there", async () => {
  await withLab({ agents: QUICK, asShipped: ["work_500"] }, async (client) => {
    await renewed(client, "web.test", "lt-deploy-nginx");
    const agent = async (): Promise<Record<string, string>> =>
      (await ask(client, "GET /api/v1/agents/ag-lt-1")).body;
    const first = (await agent())["last_heartbeat_at"];
    await until("two more heartbeats", async () => (await agent())["last_heartbeat_at"] !== first);
    assertEquals((await ask(client, "GET /api/v1/jobs?status=AwaitingCSR")).body.total, 1);
  });
});
