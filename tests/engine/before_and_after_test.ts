/** What a server gets before the clock of a run and after its load, counted by the server. */
import { probePlan } from "../../src/engine/probing.ts";
import { newRunId, type RunOutcome, runPlan } from "../../src/engine/run.ts";
import type { ThreadLimits } from "../../src/engine/worker_pool.ts";
import type { NotUndone } from "../../src/metrics/run.ts";
import { isBeforeTheClock } from "../../src/plan/before_clock.ts";
import { assert, assertEquals } from "../assert.ts";
import { closedPort, planOf, withServer } from "./plans.ts";

interface Wanted {
  readonly soft?: AbortController;
  readonly hard?: AbortController;
  readonly threadLimits?: Partial<ThreadLimits>;
  readonly onSecond?: () => void;
}

interface Went {
  readonly outcome: RunOutcome;
  readonly left: readonly NotUndone[];
}

async function run(text: string, wanted: Wanted = {}): Promise<Went> {
  const { soft = new AbortController(), hard = new AbortController(), threadLimits } = wanted;
  let left: readonly NotUndone[] = [];
  const outcome = await runPlan({
    plan: planOf(text),
    version: "0",
    stack: { name: "none", description: "" },
    interrupt: { soft: soft.signal, hard: hard.signal },
    probe: true,
    onProgress: () => wanted.onSecond?.(),
    onNotUndone: (all) => {
      left = all;
    },
    onNote: () => {},
    ...(threadLimits && { threadLimits }),
  });
  return { outcome, left };
}

/** `METHOD /path` of each request but those for the version, in order. */
async function requestsOf(
  use: (port: number, requests: readonly string[]) => Promise<unknown>,
  answer: (method: string, path: string) => Response = () => new Response("ok"),
): Promise<string[]> {
  const requests: string[] = [];
  await withServer(({ method, url }) => {
    const { pathname } = new URL(url);
    if (pathname === "/api/v1/version") return new Response("{}");
    requests.push(`${method} ${pathname}`);
    return answer(method, pathname);
  }, (port) => use(port, requests));
  return requests;
}

const renewal = (port: number, more = ""): string => `
target: { base_url: "http://127.0.0.1:${port}" }
workers: 1
scenarios:
  renew_all:
    flow: http_request
    with: { method: POST, path: /api/v1/certificates/bulk-renew, body: { certificate_ids: [a] } }
    rate: 1/s
    duration: 1s
    ${more}
`;

Deno.test("one bulk renewal is sent once, and not before the clock", async () => {
  const requests = await requestsOf(async (port) => {
    const { outcome } = await run(renewal(port));
    assert(outcome.kind === "ran");
    const [{ total, warmupRequests } = { total: undefined, warmupRequests: -1 }] =
      outcome.run.scenarios;
    assertEquals([total?.iterations.count, warmupRequests], [1, 0]);
  });
  assertEquals(requests, ["POST /api/v1/certificates/bulk-renew"]);
});

Deno.test("a plan that wants a probe of it has it sent twice", async () => {
  const requests = await requestsOf((port) => run(renewal(port, "probe: true")));
  assertEquals(requests.length, 2);
});

Deno.test("a server that is not there is found although nothing may be sent to it", async () => {
  const { outcome } = await run(renewal(closedPort()));
  assert(outcome.kind === "not_ready");
  assertEquals(outcome.probes.map(({ failure }) => failure?.class), ["connect_refused"]);
});

Deno.test("numbers and names of doctor, probe, warm-up, rehearsal and runs never meet", async () => {
  const plan = (port: number): string => `
target: { base_url: "http://127.0.0.1:${port}" }
workers: 2
scenarios:
  one:
    flow: http_request
    with: { method: POST, path: "/{index}/{id}" }
    probe: true
    warmup: { requests: 5, rehearsal: 200ms }
    rate: 20/s
    duration: 500ms
`;
  const requests = await requestsOf(async (port) => {
    const signal = new AbortController().signal;
    await probePlan({ plan: planOf(plan(port)), runId: newRunId(), signal });
    assert((await run(plan(port))).outcome.kind === "ran");
    assert((await run(plan(port))).outcome.kind === "ran");
  });
  const sent = requests.map((request) => request.slice("POST /".length).split("/"));
  const ids = sent.map(([, id]) => id);
  assertEquals(new Set(ids).size, ids.length);
  const numbers = sent.map(([index]) => Number(index));
  const ofRuns = numbers.filter((index) => !isBeforeTheClock(index));
  const arrivals = Array.from({ length: 10 }, (_, n) => [n, n]).flat();
  assertEquals(ofRuns.toSorted((a, b) => a - b), arrivals);
  const before = numbers.filter(isBeforeTheClock);
  // A doctor's visit, and of each run a probe, five of warm-up, and what of the rehearsal's four was due in time.
  assert(before.length > 1 + 2 * (1 + 5), `${before.length}`);
  assertEquals(new Set(before).size, before.length);
});

/** Makes a thing, and undoes it; `other` beside it is what the load is of. */
const making = (port: number, other = port, more = ""): string => `
target: { base_url: "http://127.0.0.1:${port}" }
workers: 1
graceful_stop: 100ms
scenarios:
  things:
    flow: sequence
    with:
      setup: [{ name: make, method: POST, path: /things, capture: { thing: { json: /id } } }]
      steps: [{ name: read, path: "/things/{thing}" }]
      teardown: [{ name: unmake, method: DELETE, path: "/things/{thing}" }]
    rate: 20/s
    duration: 60s
    warmup: off
  beside:
    flow: http_request
    with: { url: "http://127.0.0.1:${other}/beside" }
    rate: 1/s
    duration: 1s
    warmup: off
${more}
`;

function made(method: string): Response {
  return method === "POST" ? Response.json({ id: "t1" }) : new Response("ok");
}

/** Of the thing alone. */
function ofThing(requests: readonly string[]): { first: string; last: string; deletes: number } {
  const those = requests.filter((request) => request.includes("/things"));
  return {
    first: those[0]!,
    last: those.at(-1)!,
    deletes: those.filter((request) => request.startsWith("DELETE")).length,
  };
}

const UNDONE = { first: "POST /things", last: "DELETE /things/t1", deletes: 1 };

Deno.test("what a set-up made is there for the arrivals, and undone after the load", async () => {
  const requests = await requestsOf(async (port) => {
    const text = making(port).replace("duration: 60s", "duration: 1s");
    const { outcome, left } = await run(text);
    assert(outcome.kind === "ran");
    assertEquals([outcome.run.notUndone, left], [[], []]);
    assertEquals(outcome.run.scenarios[0]!.total.iterations.failed, 0);
  }, made);
  assertEquals(ofThing(requests), UNDONE);
});

Deno.test("it is undone where a probe fails", async () => {
  const requests = await requestsOf(async (port) => {
    assertEquals((await run(making(port, closedPort()))).outcome.kind, "not_ready");
  }, made);
  assertEquals(ofThing(requests), UNDONE);
});

Deno.test("it is undone after an interrupt, and after a second one", async () => {
  for (const isRepeated of [false, true]) {
    const requests = await requestsOf(async (port) => {
      const [soft, hard] = [new AbortController(), new AbortController()];
      const onSecond = (): void => {
        soft.abort();
        if (isRepeated) hard.abort();
      };
      const { outcome } = await run(making(port), { soft, hard, onSecond });
      assert(outcome.kind === "ran" && outcome.run.interrupted);
    }, made);
    assertEquals(ofThing(requests), UNDONE);
  }
});

Deno.test("it is undone where a worker is lost", async () => {
  const requests = await requestsOf(async (port) => {
    const script = new URL("./threads/misbehaving.ts", import.meta.url);
    const text = making(port).replace("\ntarget", "\nname: throw\ntarget").replace("20/s", "50/s");
    const { outcome } = await run(text, { threadLimits: { script } });
    assert(outcome.kind === "ran");
    assertEquals(outcome.run.lost?.length, 1);
  }, made);
  assertEquals(ofThing(requests), UNDONE);
});

Deno.test("what a server does not let be undone is in the run, and told", async () => {
  await requestsOf(async (port) => {
    const text = making(port).replace("duration: 60s", "duration: 1s");
    const { outcome, left } = await run(text);
    assert(outcome.kind === "ran");
    assertEquals(outcome.run.notUndone, left);
    assertEquals(left.map(({ scenario, what }) => [scenario, what]), [
      ["things", "teardown step unmake"],
    ]);
    assert(left[0]!.why.includes("503"), left[0]!.why);
  }, (method) => method === "DELETE" ? new Response("no", { status: 503 }) : made(method));
});

Deno.test("a scenario's own token goes to the target, and to no other server", async () => {
  const tokens: Record<string, (string | null)[]> = { target: [], other: [] };
  const answer = (name: string) => ({ headers }: Request): Response => {
    tokens[name]!.push(headers.get("authorization"));
    return new Response("{}");
  };
  await withServer(answer("target"), (port) =>
    withServer(answer("other"), async (other) => {
      const one = "flow: http_request, rate: 1/s, duration: 1s, warmup: off, token: adm1n";
      const { outcome } = await run(`
target: { base_url: "http://127.0.0.1:${port}", token: t0ken }
scenarios:
  here: { ${one}, with: { path: / } }
  there: { ${one}, with: { url: "http://127.0.0.1:${other}/" } }
`);
      assert(outcome.kind === "ran");
      assertEquals(outcome.run.scenarios.map(({ scenario }) => scenario.origin), [
        `http://127.0.0.1:${port}`,
        `http://127.0.0.1:${other}`,
      ]);
    }));
  // The probe, the question for the version (as the plan's target is asked), and the arrival.
  assertEquals(tokens["target"], ["Bearer adm1n", "Bearer t0ken", "Bearer adm1n"]);
  assertEquals(new Set(tokens["other"]), new Set([null]));
});
