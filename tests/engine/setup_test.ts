import { type Made, Setups } from "../../src/engine/setup.ts";
import type { FlowDefinition, SetupContext } from "../../src/flows/flow.ts";
import { httpRequest } from "../../src/flows/http_request.ts";
import type { NotUndone } from "../../src/metrics/run.ts";
import type { SetupState } from "../../src/metrics/run_state.ts";
import { timerClock } from "../../src/timer.ts";
import type { WorkerShare } from "../../src/worker_share.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { VirtualClock } from "../virtual_clock.ts";
import { planOf } from "./plans.ts";

type Setup = NonNullable<FlowDefinition<unknown>["setup"]>;

interface Wanted {
  readonly setups: readonly (Setup | undefined)[];
  readonly soft?: AbortController;
  readonly hard?: AbortController;
  readonly keys?: string;
  readonly arrivals?: number;
  readonly machine?: WorkerShare;
  readonly method?: string;
}

interface Done {
  readonly made: Made;
  readonly left: readonly NotUndone[];
  readonly told: readonly SetupState[];
}

/** Scenarios s0, s1, ... with these set-ups: made, then undone. */
async function through(wanted: Wanted): Promise<Done> {
  const { setups, soft = new AbortController(), hard = new AbortController(), keys = "", method } =
    wanted;
  const plan = planOf(`
target: { base_url: "http://127.0.0.1:1", token: t0ken }
scenarios:
${setups.map((_, n) => `  s${n}: ${scenario(keys, method)}`).join("\n")}
`);
  const told: SetupState[] = [];
  const flows = setups.map((setup) => ({ ...httpRequest, ...(setup && { setup }) }));
  const limits = { graceMs: 5, hurriedMs: 20 };
  const all = new Setups({
    plan,
    runId: "run",
    clock: timerClock,
    interrupt: { soft: soft.signal, hard: hard.signal },
    onProgress: (state) => void told.push(state),
    flow: () => Promise.resolve(flows.shift() as FlowDefinition<unknown>),
    limits,
    ...(wanted.arrivals !== undefined && { arrivals: wanted.arrivals }),
    ...(wanted.machine && { machine: wanted.machine }),
  });
  const made = await all.make();
  return { made, left: await all.undo(), told };
}

function scenario(keys: string, method = "GET"): string {
  return `{ flow: http_request, with: { path: /, method: ${method} }, rate: 5/s, duration: 2s${keys} }`;
}

/** Makes `count` things; `undone` keeps the names of those that are undone, in order. */
function makes(name: string, count: number, undone: string[], more?: Setup): Setup {
  return async (context) => {
    for (let n = 0; n < count; n++) {
      context.progress(n + 1, count, "things");
      context.undo(`${name}${n}`, () => {
        undone.push(`${name}${n}`);
        return Promise.resolve(undefined);
      });
    }
    return await more?.(context) ?? { made: { name, count } };
  };
}

Deno.test("what set-ups make is by the scenario's place, and undone the last scenario first", async () => {
  const undone: string[] = [];
  const { made, left, told } = await through({
    setups: [makes("a", 2, undone), undefined, makes("b", 1, undone)],
  });
  assert(made.kind === "made");
  assertEquals([made.made[0], made.made[1], made.made[2]], [
    { name: "a", count: 2 },
    undefined,
    { name: "b", count: 1 },
  ]);
  assertEquals([undone, left], [["b0", "a1", "a0"], []]);
  assertEquals(
    told.map(({ kind, scenario, done, of }) => `${kind} ${scenario} ${done}/${of}`),
    [
      "set-up s0 1/2",
      "set-up s0 2/2",
      "set-up s2 1/1",
      "undoing s2 1/1",
      "undoing s0 1/2",
      "undoing s0 2/2",
    ],
  );
});

Deno.test("a set-up knows its scenario, the run, the target with the scenario's token, and how many arrivals come", async () => {
  let seen: SetupContext<unknown> | undefined;
  const look: Setup = (context) => {
    seen = context;
    return Promise.resolve({ made: undefined });
  };
  await through({ setups: [look], keys: ", token: adm1n" });
  const { scenario, runId, target, arrivals } = seen!;
  assertEquals([scenario, runId, target.token, arrivals], ["s0", "run", "adm1n", 10]);
  await through({ setups: [look], arrivals: 1 });
  assertEquals(seen!.arrivals, 1);
  // Each arrival has what was made for it: so has a probe that changes something.
  await through({ setups: [look], keys: ", probe: true", method: "POST" });
  assertEquals(seen!.arrivals, 11);
});

Deno.test("a set-up that fails half way is the last, and all that was made is undone", async () => {
  const undone: string[] = [];
  const failure = { class: "status_5xx", message: "expected 201, got 500" } as const;
  let third = false;
  const { made, left } = await through({
    setups: [
      makes("a", 1, undone),
      makes("b", 3, undone, () => Promise.resolve(failure)),
      () => {
        third = true;
        return Promise.resolve({ made: 1 });
      },
    ],
  });
  assert(made.kind === "failed");
  assertEquals([made.scenario.name, made.failure, third], ["s1", failure, false]);
  assertEquals([undone, left], [["b2", "b1", "b0", "a0"], []]);
});

Deno.test("a set-up that throws, or makes what no worker can be given, fails with its reason", async () => {
  const undone: string[] = [];
  const thrown = await through({
    setups: [makes("a", 1, undone, () => Promise.reject(new Error("no agent")))],
  });
  assert(thrown.made.kind === "failed");
  assertEquals(thrown.made.failure.message, "The set-up failed: no agent");
  const made = () => Promise.resolve({ made: { call: () => {} } });
  const functions = await through({ setups: [makes("b", 1, undone, made)] });
  assert(functions.made.kind === "failed");
  assertStringIncludes(functions.made.failure.message, "could not be cloned");
  assertEquals(undone, ["a0", "b0"]);
});

Deno.test("a set-up that takes longer than setup_timeout is told to end, and said how far it was", async () => {
  for (const heeds of [true, false]) {
    const undone: string[] = [];
    const { made } = await through({
      setups: [makes("a", 2, undone, ({ signal }) =>
        new Promise((resolve) => {
          const end = () => resolve({ class: "interrupted", message: "ended" });
          if (heeds) signal.addEventListener("abort", end);
        }))],
      keys: ", setup_timeout: 20ms",
    });
    assert(made.kind === "failed");
    assertEquals(made.failure, {
      class: "timeout",
      message: "The set-up took more than 20ms: 2 of 2 things; give it longer with `setup_timeout`",
    });
    assertEquals(undone, ["a1", "a0"]);
  }
});

Deno.test("an interrupt ends a set-up, and what it had made is undone", async () => {
  const undone: string[] = [];
  const soft = new AbortController();
  const { made } = await through({
    soft,
    setups: [makes("a", 1, undone, ({ signal }) => {
      soft.abort();
      assertEquals(signal.aborted, true);
      return Promise.resolve({ class: "interrupted", message: "ended" });
    })],
  });
  assertEquals([made.kind, undone], ["interrupted", ["a0"]]);
});

Deno.test("what a failed set-up still has under way is told to end, and undone where it was made", async () => {
  const undone: string[] = [];
  let ended = false;
  await through({
    setups: [makes("a", 1, undone, ({ signal, undo }) => {
      signal.addEventListener("abort", () => {
        ended = true;
        undo("late", () => {
          undone.push("late");
          return Promise.resolve(undefined);
        });
      });
      return Promise.resolve({ class: "timeout", message: "one of them" });
    })],
  });
  assertEquals([ended, undone], [true, ["late", "a0"]]);
});

Deno.test("the second interrupt leaves undoing a moment, and what is not undone by then is listed", async () => {
  const hard = new AbortController();
  hard.abort();
  const endless: Setup = ({ undo }) => {
    undo("an agent", () => new Promise(() => {}));
    undo("a target", () => Promise.resolve({ class: "status_4xx", message: "409" }));
    return Promise.resolve({ made: 1 });
  };
  const { left } = await through({ setups: [endless], hard });
  assertEquals(left, [
    { scenario: "s0", what: "a target", why: "status_4xx: 409" },
    { scenario: "s0", what: "an agent", why: "undoing it did not end in time" },
  ]);
});

Deno.test("the second interrupt hurries what is being undone already", async () => {
  const hard = new AbortController();
  const endless: Setup = ({ undo }) => {
    undo("an agent", () => {
      setTimeout(() => hard.abort(), 5);
      return new Promise(() => {});
    });
    return Promise.resolve({ made: 1 });
  };
  const { left } = await through({ setups: [endless], hard, keys: ", setup_timeout: 1h" });
  assertEquals(left.map(({ why }) => why), ["undoing it did not end in time"]);
});

Deno.test(
  "making and undoing leave no timer behind",
  { sanitizeOps: true, sanitizeResources: true },
  async () => {
    const hard = new AbortController();
    const keys = ", setup_timeout: 1h";
    await through({ setups: [makes("a", 2, [])], hard, keys });
    hard.abort();
    await through({ setups: [makes("a", 2, [])], hard, keys });
    await through({ setups: [() => Promise.reject(new Error("no agent"))], keys });
  },
);

Deno.test("what is told of making and undoing has the time since they began", async () => {
  const clock = new VirtualClock();
  const told: SetupState[] = [];
  const setup: Setup = (context) => {
    clock.jump(1_500_000);
    context.progress(1, 2, "things");
    clock.jump(1_000_000);
    context.progress(2, 2, "things");
    context.undo("thing", () => {
      clock.jump(250_000);
      return Promise.resolve(undefined);
    });
    return Promise.resolve({ made: 1 });
  };
  const { signal } = new AbortController();
  const all = new Setups({
    plan: planOf(`
target: { base_url: "http://127.0.0.1:1" }
scenarios: { other: ${scenario("")}, one: ${scenario("")} }
`),
    runId: "run",
    clock,
    interrupt: { soft: signal, hard: signal },
    onProgress: (state) => void told.push(state),
    wanted: ({ name }) => name === "one",
    flow: () => Promise.resolve({ ...httpRequest, setup } as FlowDefinition<unknown>),
  });
  const made = await all.make();
  assert(made.kind === "made");
  assertEquals([made.made.length, made.made[0], made.made[1]], [2, undefined, 1]);
  clock.jump(60_000_000);
  assertEquals(await all.undo(), []);
  assertEquals(told.map(({ kind, scenario, elapsedS }) => [kind, scenario, elapsedS]), [
    ["set-up", "one", 1.5],
    ["set-up", "one", 2.5],
    ["undoing", "one", 0.25],
  ]);
});

Deno.test("undoing has as long as the set-up had", async () => {
  const endless: Setup = ({ undo }) => {
    undo("an agent", () => new Promise(() => {}));
    return Promise.resolve({ made: 1 });
  };
  const { left } = await through({ setups: [endless], keys: ", setup_timeout: 30ms" });
  assertEquals(left.map(({ why }) => why), ["undoing it did not end in time"]);
});

Deno.test("of machines that share a run each makes what its own arrivals and its probe need", async () => {
  const own: number[][] = [];
  const look: Setup = (context) => {
    const all = Array.from({ length: context.arrivals ?? 0 }, (_, n) => n);
    own.push(all.filter((n) => context.isOwn(n)));
    return Promise.resolve({ made: undefined });
  };
  const probed = { keys: ", probe: true", method: "POST" };
  for (const index of [0, 1, 2]) {
    await through({ setups: [look], ...probed, machine: { index, count: 3 } });
  }
  assertEquals(own, [[0, 3, 6, 9, 10], [1, 4, 7, 10], [2, 5, 8, 10]]);
});

Deno.test("what a machine has no part in is not made there", async () => {
  const made: number[] = [];
  const look = (index: number): Setup => () => {
    made.push(index);
    return Promise.resolve({ made: undefined });
  };
  for (const index of [0, 1, 2]) {
    const keys = ", max_in_flight: 2";
    await through({ setups: [look(index)], keys, machine: { index, count: 3 } });
  }
  assertEquals(made, [0, 1]);
});
