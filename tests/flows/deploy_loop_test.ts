import type { Deployment } from "../../src/deployment.ts";
import { deployLoop } from "../../src/flows/deploy_loop.ts";
import { type Failure, isFailure } from "../../src/http/failure.ts";
import type { DeploymentFault } from "../../src/lab/faults.ts";
import type { LabOptions } from "../../src/lab/lab.ts";
import { DEFAULT_TOKEN } from "../../src/lab/options.ts";
import type { TargetName } from "../../src/lab/target_name.ts";
import type { Installation } from "../../src/lab/tls_target.ts";
import { assert, assertEquals } from "../assert.ts";
import type { TestIteration } from "../acme/harness.ts";
import { type LabClient, withLab } from "../lab/harness.ts";
import { setUp } from "./with_setup.ts";

/** What is quick enough for a test, and long enough for a busy host. */
const QUICK = {
  watch: "100/s",
  hold: "300ms",
  watch_after: "0s",
  served_within: "20s",
  deadline: "30s",
  overlap: "100ms",
};

interface Ran {
  readonly failures: readonly (Failure | undefined)[];
  readonly iterations: readonly TestIteration[];
  readonly deployments: readonly Deployment[];
  readonly left: Record<string, Failure>;
}

interface RunOptions {
  readonly targets?: readonly TargetName[];
  readonly arrivals?: number;
  readonly with?: Record<string, unknown>;
  /** One after another; otherwise all at once. */
  readonly inTurn?: boolean;
}

function labTarget({ lab }: LabClient, name: TargetName): Record<string, unknown> {
  const { targets, control } = lab.addresses;
  return { url: targets[name], install: { lab: { control, target: name } } };
}

async function deploy(client: LabClient, options: RunOptions = {}): Promise<Ran> {
  const { targets = ["nginx"], arrivals = 1, inTurn = false } = options;
  const { lab } = client;
  const given = {
    target_type: "nginx",
    targets: targets.map((name) => labTarget(client, name)),
    ...QUICK,
    ...options.with,
  };
  const tls = { insecureSkipVerify: false, caPem: lab.addresses.caPem };
  const target = { baseUrl: lab.addresses.api, token: DEFAULT_TOKEN, tls };
  const set = await setUp(deployLoop, given, { target });
  assert(!isFailure(set), JSON.stringify(set));
  const flow = await set.flow();
  const iterations = Array.from({ length: arrivals }, (_, n) => set.iteration(n));
  try {
    assertEquals(await flow.prepare?.(arrivals), undefined);
    const failures: (Failure | undefined)[] = [];
    if (inTurn) { for (const each of iterations) failures.push(await flow.run(each)); }
    else failures.push(...await Promise.all(iterations.map((each) => flow.run(each))));
    return {
      failures,
      iterations,
      deployments: iterations.flatMap(({ deployments }) => deployments),
      left: await set.undo(),
    };
  } finally {
    await flow.close?.();
    set.close();
  }
}

function sumOf(iterations: readonly TestIteration[], name: string): number {
  return iterations.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);
}

const lab = (options: LabOptions, test: (client: LabClient) => Promise<void>): Promise<void> =>
  withLab(options, test);

Deno.test("work is told where certificates are bound to another target by their environment", async () => {
  await lab({ targets: { nginx: 2 } }, async (client) => {
    const { failures, iterations: [iteration] } = await deploy(client, {
      targets: ["nginx-2"],
      with: { environment: "lt-deploy-nginx-2" },
    });
    assertEquals(failures, [undefined]);
    const names = iteration!.stepNames();
    assertEquals([names.includes("work"), names.includes("jobs")], [true, false]);
  });
});

async function installations({ lab }: LabClient): Promise<readonly Installation[]> {
  const answer = await fetch(`${lab.addresses.control}/lab/deployments`);
  return (await answer.json()).deployments;
}

Deno.test("a certificate goes its way from its creation until it is served, each step as certctl's agent does it", async () => {
  await lab({}, async (client) => {
    const { failures, iterations: [iteration], deployments, left } = await deploy(client);
    assertEquals(failures, [undefined]);
    assertEquals(iteration!.stepNames(), [
      "create",
      "renew",
      "work",
      "csr",
      "work",
      "fetch",
      "report",
      "report",
    ]);
    assertEquals(deployments.length, 1);
    const [deployment] = deployments;
    assertEquals(deployment!.verdict, "served");
    assertEquals(deployment!.by, "certload");
    const [installed] = await installations(client);
    const { issuedUs, requestedUs, firstNewUs, reportedUs } = deployment!;
    assert(requestedUs <= issuedUs! && issuedUs! <= installed!.installedUs);
    assert(installed!.installedUs <= firstNewUs! && installed!.installedUs <= reportedUs!);
    assertEquals(iteration!.endedUs, deployment!.nextNewUs);
    const observed = Object.fromEntries(
      iteration!.observed.map(({ name, durationUs }) => [name, durationUs]),
    );
    assertEquals(observed["issued"], issuedUs! - requestedUs);
    assertEquals(observed["served"], deployment!.nextNewUs! - requestedUs);
    assert(observed["propagation"]! <= observed["served"]! && observed["watch_interval"]! >= 0);
    assertEquals(left, {});
    const jobs = await (await client.fetch("/api/v1/jobs")).json();
    assertEquals(
      jobs.data.map(({ status }: { status: string }) => status),
      ["Completed", "Completed"],
    );
  });
});

Deno.test("a server whose /work answers 500 is gone another way, and nothing is asked of it", async () => {
  await lab({ asShipped: ["work_500"] }, async (client) => {
    const { failures, iterations: [iteration] } = await deploy(client);
    assertEquals(failures, [undefined]);
    assert(!iteration!.stepNames().includes("work"));
    assert(iteration!.stepNames().includes("jobs"));
  });
});

Deno.test("many certificates on a few targets: none is lost, none meets another, each propagation holds the truth", async () => {
  await lab({ targets: { nginx: 3 } }, async (client) => {
    const { failures, iterations, deployments } = await deploy(client, {
      targets: ["nginx", "nginx-2", "nginx-3"],
      arrivals: 24,
    });
    assertEquals(failures.filter((failure) => failure !== undefined), []);
    assertEquals(deployments.map(({ verdict }) => verdict), Array(24).fill("served"));
    const records = await installations(client);
    assertEquals(records.length, 24);
    for (const { requestedUs, lastOldUs, nextNewUs } of deployments) {
      const between = records.filter(({ installedUs }) =>
        installedUs >= lastOldUs! && installedUs <= nextNewUs! && installedUs >= requestedUs
      );
      assert(between.length >= 1, "no installation in the interval");
    }
    assert(sumOf(iterations, "watch_handshakes") > 24 * 5);
    assertEquals(sumOf(iterations, "handshake_failures"), 0);
  });
});

/** Each found, and named as what it was. */
const FAULTS: readonly (readonly [DeploymentFault, Record<string, unknown>])[] = [
  [{ kind: "late", afterMs: 700 }, { served_within: "300ms" }],
  [{ kind: "mixed", forMs: 600 }, { watch_after: "1s" }],
  [{ kind: "wrong", forMs: 300 }, {}],
  [{ kind: "reverted", afterMs: 600, forMs: 300 }, { watch_after: "1200ms" }],
];

for (const [fault, options] of FAULTS) {
  Deno.test(`every ${fault.kind} deployment is found`, async () => {
    await lab({ targets: { nginx: 2 }, faults: { deployments: [fault] } }, async (client) => {
      const { deployments, iterations, failures } = await deploy(client, {
        targets: ["nginx", "nginx-2"],
        arrivals: 3,
        inTurn: true,
        with: options,
      });
      assertEquals(deployments.map(({ verdict }) => verdict), Array(3).fill(fault.kind));
      assertEquals(sumOf(iterations, fault.kind), 3);
      const isFailure = fault.kind !== "mixed";
      assertEquals(failures.map((failure) => failure !== undefined), Array(3).fill(isFailure));
    });
  });
}

Deno.test("an agent that is there is asked for nothing and watched until what it deployed is served", async () => {
  const agents = { count: 1, pollMs: 100, deployMs: 50 };
  await lab({ agents }, async (client) => {
    const { targets } = client.lab.addresses;
    const given = { agent: "external", targets: [{ url: targets.nginx }] };
    const { failures, deployments, iterations } = await deploy(client, {
      arrivals: 3,
      inTurn: true,
      with: given,
    });
    assertEquals(failures, [undefined, undefined, undefined]);
    const records = await installations(client);
    assertEquals(records.map(({ by }) => by), ["agent", "agent", "agent"]);
    deployments.forEach(({ by, verdict, requestedUs, issuedUs, reportedUs, nextNewUs }, n) => {
      assertEquals([by, verdict], ["agent", "served"]);
      assert(requestedUs <= issuedUs! && issuedUs! <= reportedUs!);
      assert(records[n]!.installedUs <= nextNewUs!);
    });
    const steps = new Set(iterations.flatMap((each) => each.stepNames()));
    assertEquals(steps, new Set(["create", "renew", "versions", "jobs", "job"]));
  });
});

Deno.test("a server for which no agent sends a request is told as that", async () => {
  await lab({}, async (client) => {
    const { targets } = client.lab.addresses;
    const given = {
      agent: "external",
      targets: [{ url: targets.nginx }],
      poll: { timeout: "300ms" },
    };
    const { failures: [failure] } = await deploy(client, { with: given });
    // Nobody is there: nothing is ever issued.
    assertEquals(failure!.class, "timeout");
    assert(failure!.message.includes("an agent has to send a request"), failure!.message);
  });
});

Deno.test("what is bound to no target is told as that, with what to do", async () => {
  await lab({ bind: false }, async (client) => {
    const { failures: [failure] } = await deploy(client, { with: { poll: { timeout: "300ms" } } });
    assertEquals(failure!.class, "timeout");
    assert(failure!.message.includes("it is bound to no target"), failure!.message);
    assert(failure!.message.includes("lt-deploy-nginx"), failure!.message);
  });
});

Deno.test("a target that refuses the certificate fails the arrival and the job", async () => {
  await lab({}, async (client) => {
    const { failures: [failure] } = await deploy(client, {
      with: {
        targets: [{
          ...labTarget(client, "nginx"),
          install: { lab: { control: client.lab.addresses.control, target: "nginx-9" } },
        }],
      },
    });
    assertEquals(failure!.class, "client");
    assert(failure!.message.includes("there is no target"), failure!.message);
    const jobs = await (await client.fetch("/api/v1/jobs?type=Deployment")).json();
    assertEquals(jobs.data[0].status, "Failed");
  });
});

Deno.test("requests on kept connections are counted, and those that a reload cuts off", async () => {
  await lab({ reload: "cut" }, async (client) => {
    const { iterations, failures } = await deploy(client, {
      arrivals: 8,
      inTurn: true,
      with: { kept: { rate: "200/s", connections: 4 }, watch_after: "200ms" },
    });
    assertEquals(failures.filter((failure) => failure !== undefined), []);
    const told = (await installations(client)).reduce(
      (sum, { resetRequests }) => sum + resetRequests,
      0,
    );
    const kept = sumOf(iterations, "kept_requests");
    assert(kept > 50, `${kept} requests`);
    assert(
      Math.abs(sumOf(iterations, "reset_requests") - told) <= 1,
      `${sumOf(iterations, "reset_requests")} counted, the lab reset ${told}`,
    );
  });
});
