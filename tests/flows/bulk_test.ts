import { assert, assertEquals, assertMatch } from "@std/assert";
import { type BatchOptions, batchWords } from "../../src/flows/batches.ts";
import { bulkRenew } from "../../src/flows/bulk_renew.ts";
import { bulkRevoke } from "../../src/flows/bulk_revoke.ts";
import { isFailure } from "../../src/http/failure.ts";
import { DEFAULT_ADMIN_TOKEN, DEFAULT_TOKEN } from "../../src/lab/options.ts";
import type { LabOptions } from "../../src/lab/lab.ts";
import type { FlowDefinition } from "../../src/flows/flow.ts";
import { type LabClient, withLab } from "../lab/harness.ts";
import { type SetUp, setUp, type SetUpOptions } from "./with_setup.ts";

async function withBatches<Options>(
  definition: FlowDefinition<Options>,
  options: Record<string, unknown>,
  lab: LabOptions,
  test: (up: SetUp, client: LabClient) => Promise<void>,
  given: SetUpOptions & { token?: string } = {},
): Promise<void> {
  await withLab({ keygen: "server", ...lab }, async (client) => {
    const { api, caPem } = client.lab.addresses;
    const token = given.token ?? DEFAULT_TOKEN;
    const tls = { insecureSkipVerify: false, caPem };
    const up = await setUp(definition, options, { ...given, target: { baseUrl: api, token, tls } });
    if (isFailure(up)) throw new Error(up.message);
    try {
      await test(up, client);
    } finally {
      up.close();
    }
  });
}

const FAST = { intervalMs: 50, workMs: 5 };

async function statuses({ fetch }: LabClient, up: SetUp): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const id of (up.made as string[][]).flat()) {
    const { status } = await (await fetch(`/api/v1/certificates/${id}`)).json();
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

Deno.test("a batch is created and issued before the clock, so that every job is due, and archived afterwards", async () => {
  await withBatches(bulkRenew, { batch: 4 }, { scheduler: FAST }, async (up, client) => {
    assertEquals((up.made as string[][]).map(({ length }) => length), [4, 4]);
    assertEquals(await statuses(client, up), { Active: 8 });
    assertEquals(up.progress.at(-1), "8/8 certificates issued");
    assertEquals(up.undone.length, 9);
    assertEquals(await up.undo(), {});
    assertEquals(await statuses(client, up), { Archived: 8 });
  }, { arrivals: 2 });
});

Deno.test("check says how many certificates a batch has, and by whom they are issued", () => {
  const words = (issue_by: string): string =>
    batchWords(bulkRevoke.options.parse({ batch: 4, issue_by }) as BatchOptions);
  assertEquals(words("agent"), "4 certificates for each arrival, issued on an agent's request");
  assertEquals(
    words("server"),
    "4 certificates for each arrival, issued by the server's own renewal",
  );
});

Deno.test("where the server makes the keys, a batch can be issued by its own renewals", async () => {
  const options = { batch: 3, issue_by: "server" };
  await withBatches(bulkRenew, options, { scheduler: FAST }, async (up, client) => {
    assertEquals(await statuses(client, up), { Active: 3 });
    assertEquals(up.undone.length, 3);
  });
});

Deno.test("every job of a bulk renewal is followed to its end, with its time, by few questions", async () => {
  const options = { batch: 40, poll: "20ms", limit: 4 };
  const lab = { scheduler: { ...FAST, concurrency: 4 } };
  await withBatches(bulkRenew, options, lab, async (up, client) => {
    const flow = await up.flow();
    const iteration = up.iteration();
    assertEquals(await flow.run(iteration), undefined);
    const { counts, observed } = iteration;
    assertEquals([counts["jobs_asked"], counts["jobs_completed"], counts["jobs_stuck"]], [
      40,
      40,
      0,
    ]);
    assertEquals(observed.filter(({ name }) => name === "job_time").length, 40);
    assertEquals(observed.filter(({ name }) => name === "work_time").length, 40);
    assertEquals(counts["jobs_failed"], undefined);
    const asked = iteration.stepNames();
    assertEquals(asked[0], "bulk_renew");
    assertEquals(asked.length - 1, counts["job_polls"]);
    assert(asked.filter((step) => step === "jobs").length <= counts["job_polls"]! / 4 + 1);
    assertEquals(client.lab.scheduler.completed, 40);
    const gauges = iteration.gauges.filter(({ name }) => name === "jobs_in_flight");
    const highest = Math.max(...gauges.map(({ value }) => value));
    assert(highest <= client.lab.scheduler.highestInFlight, `${highest}`);
    assertEquals(client.lab.scheduler.highestInFlight, 4);
  });
});

Deno.test("the wall: what a tick has claimed and not done in time is stuck, counted, and named with the reason", async () => {
  const options = { batch: 30, poll: "20ms", deadline: "1500ms" };
  const lab: LabOptions = {
    scheduler: { intervalMs: 50, workMs: 20, concurrency: 2, wallMs: 150 },
    asShipped: ["claims_all", "job_times_lost"],
  };
  await withBatches(bulkRenew, options, lab, async (up, client) => {
    const flow = await up.flow();
    const iteration = up.iteration();
    const failure = await flow.run(iteration);
    const { stuck } = client.lab.scheduler;
    assert(stuck > 0 && stuck < 30, `${stuck} stuck`);
    assertEquals(iteration.counts["jobs_stuck"], stuck);
    assertEquals(iteration.counts["jobs_completed"], 30 - stuck);
    assertEquals(failure?.class, "timeout");
    assertMatch(
      failure?.message ?? "",
      new RegExp(
        `^${stuck} of 30 jobs had not ended after 1\\.\\d s: ${stuck} Running, the first job-`,
      ),
    );
    assertMatch(
      failure?.message ?? "",
      /and then none: certctl gives all that one tick .* claimed two minutes/,
    );
  });
});

Deno.test("jobs that wait for an agent's request are told from jobs that the scheduler has lost", async () => {
  const options = { batch: 3, poll: "20ms", deadline: "200ms" };
  await withBatches(bulkRenew, options, { keygen: "agent", scheduler: FAST }, async (up) => {
    const failure = await (await up.flow()).run(up.iteration());
    assertMatch(
      failure?.message ?? "",
      /3 AwaitingCSR.*the server leaves keys to its agents \(CERTCTL_KEYGEN_MODE=agent\)/,
    );
  });
});

Deno.test("a 200 that has matched or enqueued fewer than was asked is a failure with the numbers", async () => {
  await withBatches(
    bulkRenew,
    { batch: 5, poll: "20ms" },
    { scheduler: FAST },
    async (up, { fetch }) => {
      const [gone, renewing] = (up.made as string[][])[0]!;
      await fetch(`/api/v1/certificates/${gone}`, { method: "DELETE" });
      (await fetch(`/api/v1/certificates/${renewing}/revoke`, { method: "POST" })).body?.cancel();
      const iteration = up.iteration();
      const failure = await (await up.flow()).run(iteration);
      assertMatch(
        failure?.message ?? "",
        /200, and of 5 certificates asked for 5 matched, 3 enqueued, 2 skipped, 0 failed/,
      );
      // What was enqueued is followed all the same.
      assertEquals(iteration.counts["jobs_completed"], 3);
    },
  );
});

Deno.test("a bulk revocation is done when it answers: its counts are compared with what was asked, and some certificates are read", async () => {
  const given = { token: DEFAULT_ADMIN_TOKEN, arrivals: 2 };
  await withBatches(bulkRevoke, { batch: 6 }, { scheduler: FAST }, async (up, client) => {
    const flow = await up.flow();
    const first = up.iteration(0);
    assertEquals(await flow.run(first), undefined);
    assertEquals(first.counts["revocations_done"], 6);
    assertEquals(first.stepNames(), ["bulk_revoke", "certificate", "certificate", "certificate"]);
    assertEquals(first.observed.map(({ name }) => name), ["revocation_time"]);
    // The time of one: that of the whole by how many there were.
    const { startedUs, endedUs } = first.steps[0]!.exchange;
    assertEquals(first.observed[0]!.durationUs, (endedUs - startedUs) / 6);
    // The first, the last, and one between them.
    const [ids] = up.made as string[][];
    const read = first.steps.slice(1).map(({ exchange }) => exchange.request.url.pathname);
    assertEquals(read.map((path) => ids!.indexOf(path.split("/").at(-1)!)), [0, 3, 5]);
    const again = up.iteration(0);
    const failure = await flow.run(again);
    assertMatch(
      failure?.message ?? "",
      /of 6 certificates asked for 6 matched, 0 revoked, 6 skipped/,
    );
    const countsOf = ({ counts }: typeof first): (number | undefined)[] =>
      ["asked", "done", "failed", "skipped"].map((name) => counts[`revocations_${name}`]);
    assertEquals([countsOf(first), countsOf(again)], [[6, 6, 0, 0], [6, 0, 0, 6]]);
    assertEquals(await statuses(client, up), { Revoked: 6, Active: 6 });
  }, given);
});

for (
  const [lookAt, batch, read] of [[0, 3, []], [1, 3, [0]], [5, 2, [0, 1]], [4, 7, [
    0,
    2,
    4,
    6,
  ]]] as const
) {
  Deno.test(`of ${batch} revoked certificates ${lookAt} are looked at, or as many as there are`, async () => {
    const options = { batch, look_at: lookAt };
    await withBatches(bulkRevoke, options, { scheduler: FAST }, async (up) => {
      const iteration = up.iteration();
      assertEquals(await (await up.flow()).run(iteration), undefined);
      const [ids] = up.made as string[][];
      const asked = iteration.steps.slice(1).map(({ exchange }) =>
        ids!.indexOf(exchange.request.url.pathname.split("/").at(-1)!)
      );
      assertEquals(asked, [...read]);
    }, { token: DEFAULT_ADMIN_TOKEN });
  });
}

Deno.test("a bulk revocation with a plain token is refused, and the message says which token it wants", async () => {
  await withBatches(bulkRevoke, { batch: 2 }, { scheduler: FAST }, async (up) => {
    const failure = await (await up.flow()).run(up.iteration());
    assertMatch(
      failure?.message ?? "",
      /got 403: .*; bulk revocation wants an administrator's key: give the scenario its own `token: \$\{CERTCTL_ADMIN_TOKEN\}`/,
    );
  });
});

Deno.test("batches are for arrivals of a rate, each its own", async () => {
  const users = await setUp(bulkRenew, {}, { arrivals: undefined });
  assertMatch(isFailure(users) ? users.message : "", /give the scenario a `rate` with `duration`/);
  const many = await setUp(bulkRenew, { batch: 100_000 }, { arrivals: 3_600_000 });
  assertMatch(isFailure(many) ? many.message : "", /at most 1000000 altogether; lower the rate/);
  await withBatches(bulkRenew, { batch: 1 }, { scheduler: FAST }, async (up) => {
    const failure = await (await up.flow()).run(up.iteration(7));
    assertMatch(failure?.message ?? "", /no batch for this arrival/);
  });
});

Deno.test("a set-up that the server refuses says at which step, and in which words", async () => {
  await withLab({ demo: false }, async ({ lab: { addresses: { api, caPem } } }) => {
    const tls = { insecureSkipVerify: false, caPem };
    const target = { baseUrl: api, token: DEFAULT_TOKEN, tls };
    const up = await setUp(bulkRenew, { batch: 1 }, { target });
    assertMatch(isFailure(up) ? up.message : "", /^Creating a certificate: expected 201, got 500/);
    const refused = await setUp(bulkRenew, { batch: 1 }, { target: { ...target, token: "no" } });
    assertMatch(isFailure(refused) ? refused.message : "", /^Registering the agent .*got 401/);
  });
});

Deno.test("a machine of several makes the batches of its own arrivals, and those alone", async () => {
  const given = { arrivals: 3, isOwn: (n: number) => n !== 1 };
  await withBatches(bulkRevoke, { batch: 2 }, { scheduler: FAST }, async (up, client) => {
    assertEquals((up.made as string[][]).map(({ length }) => length), [2, 0, 2]);
    assertEquals(await statuses(client, up), { Active: 4 });
    assertEquals(up.progress.at(-1), "4/4 certificates issued");
  }, { ...given, token: DEFAULT_ADMIN_TOKEN });
});
