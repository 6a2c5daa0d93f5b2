import { loggedRequests, startNginx } from "../servers/nginx.ts";
import type { Daemon } from "../servers/daemon.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { testWith } from "../programs.ts";
import { type Finished, type ProgramOptions, wait, withProgram } from "./program.ts";

function plan({ port }: Daemon, rate: string, duration: string): string {
  return `name: ending
target: { base_url: "https://127.0.0.1:${port}", tls: { insecure_skip_verify: true } }
warmup: off
scenarios:
  steady: { flow: http_request, with: { path: / }, rate: ${rate}, duration: ${duration} }
`;
}

function endingTest(
  name: string,
  load: readonly [rate: string, duration: string],
  during: ((child: Deno.ChildProcess) => Promise<void>) | undefined,
  check: (finished: Finished) => void,
): void {
  testWith("nginx")(name, async () => {
    const nginx = await startNginx({ log: during !== undefined });
    const options: ProgramOptions = {
      files: { "plan.yaml": plan(nginx, ...load) },
      ...(during && {
        during: async (child) => {
          await underLoad(nginx);
          await during(child);
        },
      }),
    };
    try {
      await withProgram(["run", "plan.yaml"], options, check);
    } finally {
      await nginx.stop();
    }
  });
}

/** Until the server has seen far more than the probe sends. */
async function underLoad(nginx: Daemon): Promise<void> {
  while ((await loggedRequests(nginx)).length < 50) await wait(20);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  endingTest(
    `${signal} ends the run early: the summary is written and marked interrupted, exit 105`,
    ["50/s", "60s"],
    (child) => Promise.resolve(child.kill(signal)),
    ({ code, summary, stdout, stderr }) => {
      assertEquals(code, 105, stdout + stderr);
      assertEquals([summary.interrupted, summary.exit.code], [true, 105]);
      const { count, failed } = summary.phases.api.steady;
      assert(count > 20 && count < 2_000, `${count} of 3,000 finished`);
      assertEquals(failed, 0);
      assertStringIncludes(stdout, "105");
    },
  );
}

/** A server that answers 50 requests, which is more than the probe sends, and holds all that come after. */
function holdingServer(): { port: number; held: Promise<void> } & AsyncDisposable {
  let answered = 0;
  const held = Promise.withResolvers<void>();
  const never = new Promise<Response>(() => {});
  const end = new AbortController();
  const options = { hostname: "127.0.0.1", port: 0, signal: end.signal, onListen: () => {} };
  const server = Deno.serve(options, () => {
    if (++answered <= 50) return new Response("ok");
    held.resolve();
    return never;
  });
  return {
    port: server.addr.port,
    held: held.promise,
    async [Symbol.asyncDispose](): Promise<void> {
      end.abort();
      await server.finished;
    },
  };
}

Deno.test("a second signal ends what is in flight too, and the summary is still written", async () => {
  await using server = holdingServer();
  const text = `name: ending
target: { base_url: "http://127.0.0.1:${server.port}" }
warmup: off
scenarios:
  steady: { flow: http_request, with: { path: / }, rate: 50/s, duration: 60s }
`;
  const options: ProgramOptions = {
    files: { "plan.yaml": text },
    during: async (child) => {
      await server.held;
      child.kill("SIGINT");
      // What is held is waited for, up to graceful_stop.
      await wait(1_000);
      child.kill("SIGINT");
    },
  };
  await withProgram(["run", "plan.yaml"], options, ({ code, summary, stdout, stderr }) => {
    assertEquals([code, summary?.interrupted], [105, true], stdout + stderr);
    assert(summary.phases.api.steady.interrupted > 0, stdout);
  });
});

endingTest(
  "a generator that was stopped for a second notices and names it, and the run is invalid",
  ["100/s", "5s"],
  async (child) => {
    child.kill("SIGSTOP");
    await wait(1_000);
    child.kill("SIGCONT");
  },
  ({ code, summary, stdout }) => {
    assertEquals(code, 95, stdout);
    // On a host that others keep busy it is what followed from that, in one finding.
    const reasons = summary.validity.reasons.map(({ message }: { message: string }) => message);
    assertStringIncludes(reasons.join("\n"), "stood still");
    const [worst] = summary.generator.workers[0].stalls
      .toSorted((a: { duration_ms: number }, b: { duration_ms: number }) =>
        b.duration_ms - a.duration_ms
      );
    // A busy host may leave it without a core before and after.
    assert(worst.duration_ms > 800 && worst.duration_ms < 5_000, `${worst.duration_ms} ms`);
  },
);

endingTest(
  "a rate beyond the host's power ends invalid with the reason, exit 95",
  ["150000/s", "2s"],
  undefined,
  ({ code, summary, stdout, stderr }) => {
    assertEquals(code, 95, stdout + stderr);
    assert(summary.validity.reasons.length > 0);
    assertEquals(summary.validity.verdict, "invalid");
  },
);
