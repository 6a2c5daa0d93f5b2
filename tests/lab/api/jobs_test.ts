import { assert, assertEquals } from "../../assert.ts";
import { ask, certificateRequest, type LabClient, withLab } from "../harness.ts";

const JOBS = "/api/v1/jobs";

async function deployed(client: LabClient, name: string): Promise<string> {
  const given = { ...certificateRequest(name), environment: "lt-deploy-nginx" };
  const { id } = (await ask(client, "POST /api/v1/certificates", given)).body;
  const deploy = `POST /api/v1/certificates/${id}/deploy`;
  const { status, body } = await ask(client, deploy);
  assertEquals([status, body], [202, { status: "deployment_triggered" }]);
  return id;
}

async function newest(client: LabClient): Promise<string> {
  return (await ask(client, JOBS_PAGE)).body.data[0].id;
}
const JOBS_PAGE = `GET ${JOBS}?per_page=1`;

Deno.test("jobs are listed latest first, by status and by type, with the total of those", async () => {
  await withLab({}, async (client) => {
    const first = await deployed(client, "a.test");
    const second = await deployed(client, "b.test");
    await ask(client, `POST /api/v1/certificates/${first}/renew`);
    const list = async (query: string): Promise<[number, string[]]> => {
      const { total, data } = (await ask(client, `GET ${JOBS}?${query}`)).body;
      return [total, data?.map((job: { certificate_id: string }) => job.certificate_id) ?? null];
    };
    assertEquals(await list(""), [3, [first, second, first]]);
    assertEquals(await list("type=Deployment&per_page=1"), [2, [second]]);
    assertEquals(await list("status=AwaitingCSR"), [1, [first]]);
    assertEquals(await list("status=Pending&type=Renewal"), [0, null as never]);
    assertEquals(await list("status=Pending&page=2&per_page=1"), [2, [first]]);
  });
});

Deno.test("a job that goes on can be cancelled once, any other is 500", async () => {
  await withLab({}, async (client) => {
    await deployed(client, "a.test");
    const cancel = `POST ${JOBS}/${await newest(client)}/cancel`;
    const cancelled = await ask(client, cancel);
    assertEquals([cancelled.status, cancelled.body], [200, { status: "job_cancelled" }]);
    for (const request of [cancel, `POST ${JOBS}/none/cancel`]) {
      const { status, body } = await ask(client, request);
      assertEquals([status, body.message], [500, "Failed to cancel job"]);
    }
  });
});

Deno.test("a verification is kept, or lost as certctl loses it", async () => {
  for (const asShipped of [[], ["verification_lost"]] as const) {
    await withLab({ asShipped }, async (client) => {
      await deployed(client, "a.test");
      const job = `${JOBS}/${await newest(client)}`;
      const given = {
        target_id: "tgt-lt-nginx",
        expected_fingerprint: "ab",
        actual_fingerprint: "ab",
        verified: true,
      };
      const verified = await ask(client, `POST ${job}/verify`, given);
      assertEquals([verified.status, verified.body.verified], [200, true]);
      const { body } = await ask(client, `GET ${job}/verification`);
      const lost = asShipped.length > 0;
      assertEquals([body.verified, body.actual_fingerprint], lost ? [false, ""] : [true, "ab"]);
    });
  }
});

Deno.test("a verification wants its three texts, and a job", async () => {
  await withLab({}, async (client) => {
    const given = { target_id: "t", expected_fingerprint: "a", actual_fingerprint: "a" };
    for (const name of Object.keys(given)) {
      const { status, body } = await ask(client, `POST ${JOBS}/none/verify`, {
        ...given,
        [name]: "",
      });
      assertEquals([status, body.message], [400, `${name} is required`]);
    }
    assertEquals((await ask(client, `POST ${JOBS}/none/verify`, given)).status, 500);
    assertEquals((await ask(client, `GET ${JOBS}/none/verification`)).status, 500);
  });
});

Deno.test("deploy makes a job for each target, none as shipped, and 500 without the certificate", async () => {
  await withLab({}, async (client) => {
    const id = await deployed(client, "a.test");
    const deploy = `POST /api/v1/certificates/${id}/deploy`;
    const json = { "Content-Type": "application/json" };
    assertEquals((await ask(client, deploy, "", json)).status, 400);
    await ask(client, deploy, { target_id: "tgt-lt-f5" }, json);
    assertEquals((await ask(client, JOBS_PAGE)).body.total, 1);
    await ask(client, deploy, { target_id: "tgt-lt-nginx" }, json);
    assertEquals((await ask(client, JOBS_PAGE)).body.total, 2);
    const none = await ask(client, "POST /api/v1/certificates/none/deploy");
    assertEquals([none.status, none.body.message], [500, "Failed to trigger deployment"]);
  });
  await withLab({ asShipped: ["deploy_noop"] }, async (client) => {
    await deployed(client, "a.test");
    assertEquals((await ask(client, JOBS_PAGE)).body.total, 0);
  });
});

Deno.test("a list of jobs can be made to cost what certctl's does, by the row", async () => {
  await withLab({ jobListUsPerRow: 40_000 }, async (client) => {
    await deployed(client, "a.test");
    await deployed(client, "b.test");
    const startedMs = performance.now();
    await ask(client, `GET ${JOBS}?status=Completed&per_page=1`);
    assert(performance.now() - startedMs >= 79);
  });
});
