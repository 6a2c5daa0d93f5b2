import { assert, assertEquals, assertMatch } from "../assert.ts";
import { VirtualClock } from "../virtual_clock.ts";
import { createAuthority } from "../../src/lab/authority.ts";
import type { ApiContext } from "../../src/lab/api/context.ts";
import {
  createCertificate,
  readCertificate,
  zeroCertificate,
} from "../../src/lab/api/certificate.ts";
import { addJob, countJobs, readJob } from "../../src/lab/api/job.ts";
import { Metrics } from "../../src/lab/api/metrics.ts";
import { startRenewal } from "../../src/lab/api/renewal.ts";
import { createApiSchema } from "../../src/lab/api/schema.ts";
import { seed } from "../../src/lab/api/seed.ts";
import { latestVersion } from "../../src/lab/api/version.ts";
import type { ShippedFault } from "../../src/lab/as_shipped.ts";
import { Scheduler, type SchedulerOptions, schedulerSettings } from "../../src/lab/scheduler.ts";
import { Store } from "../../src/lab/store.ts";

const authority = await createAuthority();

interface Bench {
  readonly clock: VirtualClock;
  readonly context: ApiContext;
  readonly scheduler: Scheduler;
  /** Ids of certificates with a renewal that waits for the scheduler. */
  readonly renewing: readonly string[];
}

interface Given extends SchedulerOptions {
  readonly jobs?: number;
  readonly asShipped?: readonly ShippedFault[];
}

/** A scheduler with so many jobs due, not yet started. */
async function withScheduler(
  { jobs = 0, asShipped = [], ...options }: Given,
  test: (bench: Bench) => Promise<void>,
): Promise<void> {
  const store = new Store();
  createApiSchema(store);
  const targets = [{ target: "nginx" as const, agentId: "ag-1" }];
  seed(store, { demo: true, profiles: [], targets, agents: [] });
  const context: ApiContext = {
    store,
    authority,
    metrics: new Metrics(),
    asShipped: new Set(asShipped),
    keygen: "server",
    bind: true,
    signerTurn: () => Promise.resolve(true),
    jobListUsPerRow: 0,
  };
  const renewing = Array.from({ length: jobs }, (_, index) => {
    const certificate = newCertificate(store, `web-${index}.test`);
    startRenewal(context, certificate);
    return certificate.id;
  });
  const clock = new VirtualClock();
  const scheduler = new Scheduler(context, schedulerSettings(options), clock);
  try {
    await test({ clock, context, scheduler, renewing });
  } finally {
    await scheduler.close();
    store.close();
  }
}

function newCertificate(store: Store, name: string): ReturnType<typeof createCertificate> {
  return createCertificate(store, {
    ...zeroCertificate(),
    name,
    common_name: name,
    owner_id: "o-alice",
    team_id: "t-platform",
    issuer_id: "iss-local",
    renewal_policy_id: "rp-standard",
    status: "Active",
    expires_at: "2099-01-01T00:00:00Z",
  });
}

const MS = 1_000;

for (const concurrency of [1, 5, 25]) {
  Deno.test(`with a limit of ${concurrency} so many jobs are in flight, and the time is the jobs' over the limit`, async () => {
    await withScheduler({ jobs: 100, concurrency, workMs: 40 }, async (bench) => {
      const { clock, scheduler, context: { store } } = bench;
      scheduler.start();
      await clock.advance(20 * MS);
      assertEquals(scheduler.counts.inFlight, concurrency);
      await clock.advance((100 / concurrency) * 40 * MS - 21 * MS);
      assert(countJobs(store, "Completed") < 100);
      await clock.advance(1 * MS);
      assertEquals(countJobs(store, "Completed"), 100);
      const { highestInFlight, completed, stuck, inFlight } = scheduler.counts;
      assertEquals([highestInFlight, completed, stuck, inFlight], [concurrency, 100, 0, 0]);
    });
  });
}

Deno.test("a finished renewal leaves an active certificate with a version, and its duration in the metrics", async () => {
  await withScheduler({ jobs: 1, workMs: 300 }, async ({ clock, scheduler, context, renewing }) => {
    scheduler.start();
    await clock.advance(300 * MS);
    const certificate = readCertificate(context.store, renewing[0]!)!;
    assertEquals(certificate.status, "Active");
    assertMatch(latestVersion(context.store, certificate.id)!.csr_pem, /BEGIN PRIVATE KEY/);
    const text = context.metrics.prometheus(context.store);
    assertMatch(text, /certctl_issuance_duration_seconds_bucket\{[^}]*le="0.25"\} 0\n/);
    assertMatch(text, /certctl_issuance_duration_seconds_bucket\{[^}]*le="0.5"\} 1\n/);
    assertMatch(text, /certctl_issuance_duration_seconds_sum\{[^}]*\} 0.3\n/);
  });
});

const WALL = { jobs: 10, concurrency: 2, workMs: 100, wallMs: 350, intervalMs: 1_000 };

Deno.test("as shipped a tick takes all that is due, and what the wall leaves stays Running for ever", async () => {
  const options = { ...WALL, asShipped: ["claims_all"] as const };
  await withScheduler(options, async ({ clock, scheduler, context: { store }, renewing }) => {
    scheduler.start();
    await clock.advance(1 * MS);
    assertEquals([countJobs(store, "Pending"), countJobs(store, "Running")], [0, 10]);
    await clock.advance(60_000 * MS);
    assertEquals([countJobs(store, "Completed"), countJobs(store, "Running")], [6, 4]);
    const statuses = renewing.map((id) => readCertificate(store, id)!.status);
    assertEquals(statuses.filter((status) => status === "RenewalInProgress").length, 4);
    assertEquals(scheduler.counts.stuck, 4);
  });
});

Deno.test("as designed a job is Running while it is worked on, and the next tick takes what the wall left", async () => {
  await withScheduler(WALL, async ({ clock, scheduler, context: { store } }) => {
    scheduler.start();
    await clock.advance(1 * MS);
    assertEquals([countJobs(store, "Pending"), countJobs(store, "Running")], [8, 2]);
    await clock.advance(900 * MS);
    assertEquals([countJobs(store, "Completed"), countJobs(store, "Pending")], [6, 4]);
    await clock.advance(1_000 * MS);
    assertEquals([countJobs(store, "Completed"), scheduler.counts.stuck], [10, 0]);
  });
});

Deno.test("a tick is skipped while one runs, and what came meanwhile waits for the next", async () => {
  const options = { jobs: 1, workMs: 2_500, intervalMs: 1_000 };
  await withScheduler(options, async ({ clock, scheduler, context }) => {
    scheduler.start();
    await clock.advance(1 * MS);
    const late = newCertificate(context.store, "late.test");
    startRenewal(context, late);
    await clock.advance(2_400 * MS);
    assertEquals([countJobs(context.store, "Pending"), scheduler.counts.skippedTicks], [1, 2]);
    await clock.advance(600 * MS);
    assertEquals([countJobs(context.store, "Pending"), scheduler.counts.ticks], [0, 2]);
  });
});

Deno.test("a deployment is left to its agent, but for the trap that claims it and lets it lie", async () => {
  for (const trapped of [false, true]) {
    const asShipped = trapped ? ["claims_deployments"] as const : [];
    await withScheduler({ asShipped }, async ({ clock, scheduler, context: { store } }) => {
      const { id } = newCertificate(store, "a.test");
      const job = addJob(store, {
        type: "Deployment",
        certificate_id: id,
        target_id: "tgt-lt-nginx",
        agent_id: "ag-1",
        status: "Pending",
      });
      scheduler.start();
      await clock.advance(10_000 * MS);
      assertEquals(readJob(store, job.id)!.status, trapped ? "Running" : "Pending");
    });
  }
});

Deno.test("failed jobs are tried again every few minutes, and their attempts are counted by nobody", async () => {
  await withScheduler(
    { retryMs: 5_000, workMs: 1 },
    async ({ clock, scheduler, context: { store } }) => {
      const { id } = newCertificate(store, "a.test");
      scheduler.start();
      await clock.advance(1 * MS);
      const job = addJob(store, { type: "Renewal", certificate_id: id, status: "Failed" });
      await clock.advance(4_000 * MS);
      assertEquals(readJob(store, job.id)!.status, "Failed");
      await clock.advance(3_000 * MS);
      assertEquals(readJob(store, job.id)!.status, "Completed");
    },
  );
});

Deno.test("the sweep renews what has no expires_at, where certctl is as it was shipped", async () => {
  for (const asShipped of [[], ["expiry_sweep"]] as const) {
    await withScheduler(
      { asShipped, intervalMs: 50_000 },
      async ({ clock, scheduler, context: { store } }) => {
        const certificate = newCertificate(store, "a.test");
        const { id } = createCertificate(store, {
          ...certificate,
          id: "",
          name: "b.test",
          expires_at: zeroCertificate().expires_at,
        });
        scheduler.start();
        await clock.advance(1 * MS);
        const swept = asShipped.length > 0;
        assertEquals(readCertificate(store, id)!.status, swept ? "RenewalInProgress" : "Active");
        assertEquals(readCertificate(store, certificate.id)!.status, "Active");
        assertEquals(countJobs(store, "Pending"), swept ? 1 : 0);
      },
    );
  }
});

Deno.test("times of a job are set, unless they get lost as certctl loses them", async () => {
  for (const asShipped of [[], ["job_times_lost"]] as const) {
    await withScheduler(
      { asShipped, jobs: 1, workMs: 1 },
      async ({ clock, scheduler, context: { store } }) => {
        scheduler.start();
        await clock.advance(10 * MS);
        const { document } = store.get<{ document: string }>("SELECT document FROM jobs")!;
        const { status, started_at, completed_at, attempts } = JSON.parse(document);
        const lost = asShipped.length > 0;
        assertEquals([status, attempts], ["Completed", lost ? 0 : 1]);
        assertEquals([started_at === undefined, completed_at === undefined], [lost, lost]);
      },
    );
  }
});
