import { assert, assertEquals, assertMatch } from "@std/assert";
import { kubernetesSecret, secretName } from "../../src/flows/kubernetes_secret.ts";
import { isFailure } from "../../src/http/failure.ts";
import { startApiServer } from "../kubernetes/api_server.ts";
import { FakeApi } from "../kubernetes/fake_api.ts";
import { testWith } from "../programs.ts";
import { type SetUp, setUp } from "./with_setup.ts";

/** A kubeconfig in a file, as a plan names one. */
async function withFile(text: string, test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "certload-kubeconfig-" });
  try {
    await Deno.writeTextFile(path, text);
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}

async function withFake(
  options: Record<string, unknown>,
  test: (api: FakeApi, up: SetUp) => Promise<void>,
): Promise<void> {
  await using api = await FakeApi.start();
  await withFile(api.kubeconfig(), async (kubeconfig) => {
    const up = await setUp(kubernetesSecret, { kubeconfig, ...options });
    if (isFailure(up)) throw new Error(up.message);
    try {
      await test(api, up);
    } finally {
      up.close();
    }
  });
}

Deno.test("an arrival writes a Secret, reads it back and waits for the watch; all of it is deleted afterwards", async () => {
  await withFake({ count: 2 }, async (api, up) => {
    assertEquals(up.progress, ["1/2 Secrets", "2/2 Secrets"]);
    assertEquals(up.undone, [
      "Secret edge/certload-run1-test-0",
      "Secret edge/certload-run1-test-1",
    ]);
    const before = [...api.secrets.values()].map(({ data }) => data["tls.crt"]);
    const flow = await up.flow();
    assertEquals(await flow.prepare?.(10), undefined);
    for (const index of [0, 1, 2]) {
      const iteration = up.iteration(index);
      assertEquals(await flow.run(iteration), undefined);
      assertEquals(iteration.stepNames(), ["apply", "read"]);
      assertEquals(iteration.observed.map(({ name }) => name), ["watch_lag"]);
      assert(iteration.observed[0]!.durationUs >= 0);
    }
    const after = [...api.secrets.values()].map(({ data }) => data["tls.crt"]);
    assertEquals(api.secrets.size, 2);
    assert(after.every((certificate) => !before.includes(certificate)));
    await flow.close?.();
    assertEquals(await up.undo(), {});
    assertEquals(api.secrets.size, 0);
  });
});

Deno.test("what was read in the version that was written is compared: an API server that keeps the old is found", async () => {
  await withFake({ count: 1, watch: false }, async (api, up) => {
    const flow = await up.flow();
    await flow.prepare?.(1);
    api.faults.keepsOld = true;
    const failure = await flow.run(up.iteration());
    assertEquals(failure?.class, "wrong_certificate");
    assertMatch(
      failure?.message ?? "",
      /certload-run1-test-0 has another certificate than was written/,
    );
    await flow.close?.();
  });
});

Deno.test("a Secret that somebody else has written in between is counted as that, and is no failure", async () => {
  await withFake({ count: 1, watch: false }, async (api, up) => {
    const flow = await up.flow();
    assertEquals(await flow.prepare?.(10), undefined);
    const own = up.iteration(0);
    assertEquals([await flow.run(own), own.counts["overtaken"]], [undefined, undefined]);
    api.faults.overtakes = true;
    const overtaken = up.iteration(1);
    assertEquals([await flow.run(overtaken), overtaken.counts["overtaken"]], [undefined, 1]);
    await flow.close?.();
  });
});

Deno.test("a watcher that does not hear of a write in time is a failure, and the version is named", async () => {
  await withFake({ count: 1, watch_timeout: "200ms" }, async (api, up) => {
    const flow = await up.flow();
    assertEquals(await flow.prepare?.(1), undefined);
    api.faults.watchDelayMs = Infinity;
    const iteration = up.iteration();
    const failure = await flow.run(iteration);
    assertEquals([failure?.class, iteration.observed], ["timeout", []]);
    assertMatch(
      failure?.message ?? "",
      /No watch told of Secret certload-run1-test-0's new version within 0.2 s/,
    );
    await flow.close?.();
  });
});

Deno.test("the watch lag holds the time for which the watcher heard nothing", async () => {
  await withFake({ count: 1 }, async (api, up) => {
    const flow = await up.flow();
    await flow.prepare?.(1);
    api.faults.watchDelayMs = 150;
    const iteration = up.iteration();
    assertEquals(await flow.run(iteration), undefined);
    assert(iteration.observed[0]!.durationUs >= 150_000, `${iteration.observed[0]!.durationUs} us`);
    await flow.close?.();
  });
});

Deno.test("a watch that the server ends goes on where it was, and a forgotten version costs a new list", async () => {
  await withFake({ count: 1 }, async (api, up) => {
    const flow = await up.flow();
    await flow.prepare?.(3);
    api.dropWatches();
    const reconnected = up.iteration();
    assertEquals(await flow.run(reconnected), undefined);
    assertEquals(reconnected.counts["watch_reconnects"], 1);
    api.faults.expireNext = true;
    api.dropWatches();
    // Between the old watch and the list nobody was watching: what is written then comes to nobody.
    while (api.watchers === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const again = up.iteration(1);
    assertEquals(await flow.run(again), undefined);
    assertEquals(again.counts["watch_gaps"], 1);
    await flow.close?.();
  });
});

Deno.test("an API server that refuses is quoted, with what to do: 403, 404, 429, and 401 before anything else", async () => {
  const cases: [number, string, RegExp][] = [
    [
      403,
      'secrets is forbidden: User "u"',
      /403: "secrets is forbidden: User \\"u\\""; the account needs get, list/,
    ],
    [404, 'namespaces "edge" not found', /; the namespace has to be there before the run/],
    [429, "too many requests", /429: "too many requests"; the API server's priority/],
  ];
  for (const [status, message, expected] of cases) {
    await using api = await FakeApi.start();
    api.faults.refuse = { method: "PATCH", status, message };
    await withFile(api.kubeconfig(), async (kubeconfig) => {
      const up = await setUp(kubernetesSecret, { kubeconfig });
      if (!isFailure(up)) throw new Error("it was set up");
      assertMatch(up.message, /^Writing Secret edge\/certload-run1-test-0: /);
      assertMatch(up.message, expected);
    });
  }
  await using api = await FakeApi.start();
  await withFile(api.kubeconfig({ token: "another" }), async (kubeconfig) => {
    const up = await setUp(kubernetesSecret, { kubeconfig });
    assertMatch(
      isFailure(up) ? up.message : "",
      /401: "Unauthorized"; the kubeconfig's credentials/,
    );
  });
});

Deno.test("a kubeconfig that cannot be used ends the set-up with its sentence, and sends nothing", async () => {
  await using api = await FakeApi.start();
  await withFile(api.kubeconfig({ exec: { command: "aws" } }), async (kubeconfig) => {
    const up = await setUp(kubernetesSecret, { kubeconfig });
    assertMatch(isFailure(up) ? up.message : "", /`exec`: it starts a program/);
    assertEquals(api.requests, []);
  });
});

Deno.test("a Secret's name is one that Kubernetes takes, whatever the run and the scenario are called", () => {
  const name = secretName("20261128T0102-AbC", "Edge_Secrets", 3);
  assertEquals(name, "certload-20261128t0102-abc-edge-secrets-3");
});

const withKubernetes = testWith("etcd", "kube-apiserver");

withKubernetes(
  "a real API server: by client certificate and by token, 30 writes are read back and seen by the watch",
  async () => {
    await using api = await startApiServer();
    for (const by of ["certificate", "token"] as const) {
      await withFile(api.kubeconfig(by), async (kubeconfig) => {
        const up = await setUp(kubernetesSecret, { kubeconfig, count: 3, namespace: "default" });
        if (isFailure(up)) throw new Error(up.message);
        const flow = await up.flow();
        assertEquals(await flow.prepare?.(15), undefined);
        const iterations = Array.from({ length: 15 }, (_, n) => up.iteration(n));
        const failures = await Promise.all(iterations.map((each) => flow.run(each)));
        assertEquals(failures.filter((each) => each !== undefined), []);
        assertEquals(iterations.flatMap(({ observed }) => observed).length, 15);
        await flow.close?.();
        assertEquals(await up.undo(), {});
        up.close();
      });
    }
    await withFile(api.kubeconfig("nobody"), async (kubeconfig) => {
      const up = await setUp(kubernetesSecret, { kubeconfig });
      assertMatch(isFailure(up) ? up.message : "", /403: .*forbidden.*; the account needs/);
    });
    await withFile(api.kubeconfig("token"), async (kubeconfig) => {
      const up = await setUp(kubernetesSecret, { kubeconfig, namespace: "not-there" });
      assertMatch(isFailure(up) ? up.message : "", /404: .*not found.*; the namespace has to be/);
    });
  },
);
