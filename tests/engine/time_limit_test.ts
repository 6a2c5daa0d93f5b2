import { aborted, TimeLimit } from "../../src/engine/time_limit.ts";
import { assertEquals } from "../assert.ts";

const LONG_MS = 3_600_000;
const sanitize = { sanitizeOps: true, sanitizeResources: true };

Deno.test("a time that is over aborts its signal, and is known from what ended it sooner", async () => {
  const limit = new TimeLimit(1, new AbortController().signal);
  await aborted(limit.signal);
  assertEquals(limit.isOver, true);
});

Deno.test(
  "what ends a time sooner aborts its signal, and the time is not over",
  sanitize,
  async () => {
    const sooner = new AbortController();
    const limit = new TimeLimit(LONG_MS, sooner.signal);
    assertEquals(limit.signal.aborted, false);
    sooner.abort();
    assertEquals([limit.signal.aborted, limit.isOver], [true, false]);
    await aborted(limit.signal);
    limit.clear();
  },
);

Deno.test("a time that passes after something else ended it is not what was over", async () => {
  const limit = new TimeLimit(1, AbortSignal.abort());
  await aborted(limit.signal);
  const later = new TimeLimit(1, new AbortController().signal);
  await aborted(later.signal);
  assertEquals([limit.isOver, later.isOver], [false, true]);
});

Deno.test(
  "a limit that is aborted ends what goes on under it, and leaves no timer",
  sanitize,
  async () => {
    const limit = new TimeLimit(LONG_MS, new AbortController().signal);
    limit.abort();
    await aborted(limit.signal);
    assertEquals([limit.signal.aborted, limit.isOver], [true, false]);
  },
);

Deno.test("aborted() waits no more once nobody does", async () => {
  const signal = new AbortController();
  const over = new AbortController();
  let told = 0;
  void aborted(signal.signal, over.signal).then(() => told++);
  const other = aborted(signal.signal).then(() => told++);
  over.abort();
  signal.abort();
  await other;
  await Promise.resolve();
  assertEquals(told, 1);
});
