import { type Undo, undoAll } from "../../src/engine/undo.ts";
import { assertEquals } from "../assert.ts";

const REFUSED = { class: "status_4xx", message: "expected 204, got 409" } as const;

interface Undone {
  readonly left: readonly { readonly what: string; readonly why: string }[];
  readonly told: readonly string[];
}

async function undo(stack: Undo[], signal = new AbortController().signal): Promise<Undone> {
  const told: string[] = [];
  const onProgress = (done: number, of: number): void => void told.push(`${done}/${of}`);
  return { left: await undoAll(stack, { signal, graceMs: 10, onProgress }), told };
}

/** Things 0 to `count`, each undone in its turn; `acts` are kept by name. */
function things(
  count: number,
  act: (n: number, signal: AbortSignal) => ReturnType<Undo["action"]>,
): Undo[] {
  return Array.from({ length: count }, (_, n): Undo => ({
    what: `thing ${n}`,
    action: (signal) => act(n, signal),
  }));
}

Deno.test("the last made is undone first, eight side by side, and each once", async () => {
  const order: number[] = [];
  let at = 0, most = 0;
  const { left, told } = await undo(things(20, async (n) => {
    order.push(n);
    most = Math.max(most, ++at);
    await Promise.resolve();
    at--;
    return undefined;
  }));
  assertEquals(order, Array.from({ length: 20 }, (_, n) => 19 - n));
  assertEquals([left, most], [[], 8]);
  assertEquals([told.length, told[0], told[12], told.at(-1)], [20, "1/20", "13/20", "20/20"]);
});

Deno.test("what fails is tried once more after all others, as it may have waited for one of them", async () => {
  const gone = new Set<number>();
  // Each hangs on the one after it: an agent on its targets.
  const { left } = await undo(things(3, (n) => {
    if (n < 2 && !gone.has(n + 1)) return Promise.resolve(REFUSED);
    gone.add(n);
    return Promise.resolve(undefined);
  }));
  assertEquals([left, [...gone].toSorted()], [[], [0, 1, 2]]);
});

Deno.test("what cannot be undone is told with the last reason, whether it is answered or thrown", async () => {
  let tried = 0;
  const { left } = await undo(things(2, (n) => {
    tried++;
    if (n === 0) return Promise.resolve(REFUSED);
    throw new TypeError("no such thing");
  }));
  assertEquals(left, [
    { what: "thing 1", why: "no such thing" },
    { what: "thing 0", why: "status_4xx: expected 204, got 409" },
  ]);
  assertEquals(tried, 4);
});

Deno.test("when the time is up nothing more is begun, and what does not end is left behind", async () => {
  const up = new AbortController();
  const begun: number[] = [];
  const { left } = await undo(
    things(10, (n) => {
      begun.push(n);
      if (begun.length === 8) up.abort();
      return new Promise(() => {});
    }),
    up.signal,
  );
  assertEquals(begun, [9, 8, 7, 6, 5, 4, 3, 2]);
  assertEquals(left.length, 10);
  const untried = left.filter(({ why }) => why.includes("no time left")).map(({ what }) => what);
  assertEquals(untried.toSorted(), ["thing 0", "thing 1"]);
  assertEquals(left.filter(({ why }) => why.includes("did not end in time")).length, 8);
});

Deno.test("what was made by a set-up that goes on meanwhile is undone too", async () => {
  const undone: string[] = [];
  const stack: Undo[] = [];
  const action = (what: string): Undo => ({
    what,
    action: () => {
      if (what === "first") stack.push(action("late"));
      undone.push(what);
      return Promise.resolve(undefined);
    },
  });
  stack.push(action("first"));
  await undo(stack);
  assertEquals(undone, ["first", "late"]);
});

Deno.test("what is undone alone waits for all that was made later, and all that was made earlier for it", async () => {
  const order: string[] = [];
  const stack = things(6, async (n) => {
    order.push(`begin ${n}`);
    await Promise.resolve();
    order.push(`end ${n}`);
    return undefined;
  }).map((undo, n) => n === 2 || n === 3 ? { ...undo, alone: true } : undo);
  await undo(stack);
  assertEquals(order.slice(0, 2).toSorted(), ["begin 4", "begin 5"]);
  assertEquals(order.slice(4, 8), ["begin 3", "end 3", "begin 2", "end 2"]);
  assertEquals(order.slice(8, 10).toSorted(), ["begin 0", "begin 1"]);
});
