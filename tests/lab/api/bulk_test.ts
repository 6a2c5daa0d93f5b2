import { assertEquals, assertMatch } from "../../assert.ts";
import { DEFAULT_ADMIN_TOKEN } from "../../../src/lab/options.ts";
import {
  type Answer,
  ask,
  certificateRequest,
  certificateSigningRequest,
  type LabClient,
  until,
  withLab,
} from "../harness.ts";

const CERTIFICATES = "/api/v1/certificates";
const ADMIN = { Authorization: `Bearer ${DEFAULT_ADMIN_TOKEN}` };

async function create(client: LabClient, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let number = 0; number < count; number++) {
    const given = { ...certificateRequest(`bulk-${number}.test`), owner_id: "o-bob" };
    ids.push((await ask(client, `POST ${CERTIFICATES}`, given)).body.id);
  }
  return ids;
}

const bulkRenew = (client: LabClient, body: unknown): Promise<Answer> =>
  ask(client, `POST ${CERTIFICATES}/bulk-renew`, body);
const bulkRevoke = (client: LabClient, body: unknown, headers = ADMIN): Promise<Answer> =>
  ask(client, `POST ${CERTIFICATES}/bulk-revoke`, body, headers);

Deno.test("a bulk renewal by ids makes a job for each, and skips what cannot be renewed", async () => {
  await withLab({}, async (client) => {
    const ids = await create(client, 3);
    await ask(client, `DELETE ${CERTIFICATES}/${ids[0]}`);
    const { status, body } = await bulkRenew(client, { certificate_ids: [...ids, "none"] });
    const { enqueued_jobs, ...counts } = body;
    assertEquals([status, counts], [200, {
      total_matched: 3,
      total_enqueued: 2,
      total_skipped: 1,
      total_failed: 0,
    }]);
    assertEquals(enqueued_jobs.map((job: Record<string, string>) => job["certificate_id"]), [
      ids[1],
      ids[2],
    ]);
    const job = await ask(client, `GET /api/v1/jobs/${enqueued_jobs[0].job_id}`);
    assertEquals([job.body.status, job.body.type], ["AwaitingCSR", "Renewal"]);
    const again = (await bulkRenew(client, { certificate_ids: ids })).body;
    assertEquals([again.total_matched, again.total_skipped, again.enqueued_jobs], [
      3,
      3,
      undefined,
    ]);
  });
});

Deno.test("by criteria no more than the 50 oldest are renewed, and nobody says so", async () => {
  await withLab({}, async (client) => {
    const ids = await create(client, 60);
    const { body } = await bulkRenew(client, { owner_id: "o-bob" });
    assertEquals([body.total_matched, body.total_enqueued], [50, 50]);
    const both = await bulkRenew(client, { owner_id: "o-bob", certificate_ids: ids.slice(45) });
    assertEquals([both.body.total_matched, both.body.total_skipped], [5, 5]);
    const all = await bulkRenew(client, { certificate_ids: ids });
    assertEquals([all.body.total_matched, all.body.total_enqueued], [60, 10]);
  });
});

Deno.test("by an agent are those that are bound to its targets, in a list too", async () => {
  await withLab({}, async (client) => {
    await create(client, 1);
    const given = { ...certificateRequest("bound.test"), environment: "lt-deploy-f5" };
    const { id } = (await ask(client, `POST ${CERTIFICATES}`, given)).body;
    const listed = (await ask(client, `GET ${CERTIFICATES}?agent_id=ag-lt`)).body;
    assertEquals([listed.total, listed.data[0].id], [1, id]);
    const { body } = await bulkRenew(client, { agent_id: "ag-lt" });
    assertEquals([body.total_matched, body.enqueued_jobs[0].certificate_id], [1, id]);
  });
});

Deno.test("criteria that stand in an object of their own are none", async () => {
  await withLab({}, async (client) => {
    const { status, body } = await bulkRenew(client, { filter: { owner_id: "o-bob" } });
    assertEquals(status, 400);
    assertMatch(body.message, /^At least one filter criterion is required \(profile_id, owner_id/);
    assertEquals((await bulkRenew(client, "{")).body.message, "Invalid request body");
  });
});

Deno.test("where the server makes the keys, the scheduler ends all renewals of a batch", async () => {
  const scheduler = { intervalMs: 20, workMs: 1, concurrency: 4 };
  await withLab({ keygen: "server", scheduler }, async (client) => {
    const certificate_ids = await create(client, 20);
    assertEquals((await bulkRenew(client, { certificate_ids })).body.total_enqueued, 20);
    const done = `GET /api/v1/jobs?status=Completed&per_page=1`;
    await until("20 jobs done", async () => (await ask(client, done)).body.total === 20);
    const { body } = await ask(client, "GET /api/v1/metrics");
    assertEquals([body.counter.job_completed_total, body.gauge.job_pending], [20, 0]);
    assertEquals(client.lab.scheduler.highestInFlight, 4);
  });
});

Deno.test("a bulk revocation wants the admin's key before it looks at anything", async () => {
  await withLab({}, async (client) => {
    const { status, body } = await bulkRevoke(client, "{", {
      Authorization: "Bearer load-test-token",
    });
    assertEquals([status, body.message], [403, "Bulk revocation requires admin privileges"]);
    const check = await ask(client, "GET /api/v1/auth/check", undefined, ADMIN);
    assertEquals(check.body, { status: "authenticated", user: "root", admin: true });
  });
});

Deno.test("a bulk revocation says 200 whatever failed: never issued, or revoked before", async () => {
  await withLab({}, async (client) => {
    const ids = await create(client, 3);
    const { body: agent } = await ask(client, "POST /api/v1/agents", { name: "a", hostname: "h" });
    for (const certificate_id of ids.slice(0, 2)) {
      const csr_pem = await certificateSigningRequest("bulk.test");
      await ask(client, `POST /api/v1/agents/${agent.id}/csr`, { csr_pem, certificate_id });
    }
    const given = { reason: "superseded", certificate_ids: ids };
    const first = await bulkRevoke(client, given);
    const { errors: [{ certificate_id, error }], ...counts } = first.body;
    assertEquals([first.status, counts], [200, {
      total_matched: 3,
      total_revoked: 2,
      total_skipped: 0,
      total_failed: 1,
    }]);
    assertEquals(certificate_id, ids[2]);
    assertMatch(error, /^failed to get certificate version: .* no rows in result set$/);
    const { body: again } = await bulkRevoke(client, given);
    assertEquals([again.total_skipped, again.total_failed], [2, 1]);
    const read = await ask(client, `GET ${CERTIFICATES}/${ids[0]}`);
    assertEquals([read.body.status, read.body.revocation_reason], ["Revoked", "superseded"]);
  });
});

Deno.test("a bulk revocation wants a reason that there is, and a criterion", async () => {
  await withLab({}, async (client) => {
    const cases = [
      [{}, "Revocation reason is required"],
      [{ reason: "bored" }, "Invalid revocation reason: bored"],
    ] as const;
    for (const [given, message] of cases) {
      const { status, body } = await bulkRevoke(client, given);
      assertEquals([status, body.message], [400, message]);
    }
    const none = await bulkRevoke(client, { reason: "superseded" });
    assertMatch(none.body.message, /^At least one filter criterion is required/);
  });
});
