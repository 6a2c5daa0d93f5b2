/** What a set-up made is undone when certload is told to end, by whatever signal and however often. */
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { wait, withProgram } from "./program.ts";

const plan = (port: number): string => `
target: { base_url: "http://127.0.0.1:${port}" }
workers: 1
scenarios:
  things:
    flow: sequence
    with:
      setup: [{ name: make, method: POST, path: /things, capture: { thing: { json: /id } } }]
      steps: [{ name: read, path: "/things/{thing}" }]
      teardown: [{ name: unmake, method: DELETE, path: "/things/{thing}" }]
    warmup: off
    rate: 20/s
    duration: 60s
`;

interface Thing {
  /** What is asked while it is so. */
  readonly answer: (method: string) => Response | Promise<Response>;
  readonly signals: readonly Deno.Signal[];
}

/** Sends the signals once the load is there, a moment apart; gives the requests that the thing had by then and after. */
async function ended({ answer, signals }: Thing, check: (stderr: string) => void): Promise<void> {
  const requests: string[] = [];
  const signalled = Promise.withResolvers<void>();
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, async (request) => {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith("/things")) return new Response("{}");
    requests.push(request.method);
    // The program is there for its last signal, however soon it would have ended after the first.
    if (request.method === "DELETE") await signalled.promise;
    return answer(request.method);
  });
  const during = async (child: Deno.ChildProcess): Promise<void> => {
    while (requests.filter((method) => method === "GET").length < 10) await wait(20);
    for (const signal of signals) {
      child.kill(signal);
      await wait(50);
    }
    signalled.resolve();
  };
  const files = { "plan.yaml": plan(server.addr.port) };
  await withProgram(
    ["run", "plan.yaml"],
    { files, during },
    ({ code, summary, stdout, stderr }) => {
      assertEquals([code, summary?.interrupted], [105, true], stdout + stderr);
      assertEquals([requests[0], requests.at(-1)], ["POST", "DELETE"]);
      check(stderr);
    },
  );
  await server.shutdown();
}

function fine(method: string): Response {
  return method === "POST" ? Response.json({ id: "t1" }) : new Response("ok");
}

for (const signals of [["SIGINT"], ["SIGINT", "SIGINT"], ["SIGTERM"], ["SIGHUP"]] as const) {
  Deno.test(`${signals.join(" and ")}: what was made is undone, and the summary is written`, async () => {
    await ended({ answer: fine, signals }, (stderr) => {
      assertStringIncludes(stderr, "set-up of things: ");
      assertStringIncludes(stderr, "undoing the set-up of things: 1 of 1 undone");
    });
  });
}

Deno.test("what could not be undone is listed on stderr", async () => {
  const answer = (method: string): Response =>
    method === "DELETE" ? new Response("busy", { status: 503 }) : fine(method);
  await ended({ answer, signals: ["SIGINT"] }, (stderr) => {
    assertStringIncludes(
      stderr,
      "Not undone of what the set-up of things made: teardown step unmake",
    );
    assertStringIncludes(stderr, "503");
  });
});
