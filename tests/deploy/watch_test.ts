import { pace } from "../../src/deploy/pace.ts";
import type { Handshake } from "../../src/deploy/timeline.ts";
import { type Look, TargetWatch } from "../../src/deploy/watch.ts";
import { assert, assertEquals } from "../assert.ts";
import { settle, VirtualClock } from "../virtual_clock.ts";

const MS = 1_000;

Deno.test("what is paced comes at its planned instants, until it is stopped", async () => {
  const clock = new VirtualClock(5 * MS);
  const stop = new AbortController();
  const at: number[] = [];
  const paced = pace({ clock, perS: 100, signal: stop.signal, act: () => at.push(clock.nowUs()) });
  await clock.advance(35 * MS);
  stop.abort();
  await paced;
  assertEquals(at, [5, 15, 25, 35].map((ms) => ms * MS));
});

Deno.test("a thread that stood still goes on with what is due now, late, and leaves out what it missed", async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const acts: [number, boolean][] = [];
  const act = (isLate: boolean): void => void acts.push([clock.nowUs() / MS, isLate]);
  const paced = pace({ clock, perS: 100, signal: stop.signal, act });
  await clock.advance(10 * MS);
  clock.jump(47 * MS);
  await clock.advance(23 * MS);
  stop.abort();
  await paced;
  assertEquals(acts, [[0, false], [10, false], [57, true], [60, false], [70, false], [80, false]]);
});

/** Each handshake takes as long as it is told. */
function watchOf(clock: VirtualClock, tookMs: () => number): TargetWatch {
  const shake = async (): Promise<Handshake> => {
    const sentUs = clock.nowUs();
    await clock.sleepUntil(sentUs + tookMs() * MS);
    return { sentUs, doneUs: clock.nowUs(), fingerprint: "a" };
  };
  return new TargetWatch({ clock, perS: 100, shake });
}

Deno.test("the train runs while anybody looks, and each sees the time of its own look", async () => {
  const clock = new VirtualClock();
  const watch = watchOf(clock, () => 2);
  await clock.advance(50 * MS);
  const first = watch.look();
  await clock.advance(31 * MS);
  const second = watch.look();
  await clock.advance(31 * MS);
  const sent = (look: Look): number[] => look.handshakes().map(({ sentUs }) => sentUs / MS);
  assertEquals(sent(first), [50, 60, 70, 80, 90, 100, 110]);
  // One that was on its way when the look began tells of its time too.
  assertEquals(sent(second), [80, 90, 100, 110]);
  first.end();
  await clock.advance(20 * MS);
  assertEquals(second.handshakes().length, 6);
  second.end();
  const { handshakes } = watch.counts;
  await clock.advance(500 * MS);
  assertEquals(watch.counts.handshakes, handshakes);
});

Deno.test("a slow handshake holds up no other", async () => {
  const clock = new VirtualClock();
  let n = 0;
  const watch = watchOf(clock, () => n++ === 0 ? 55 : 1);
  const look = watch.look();
  await clock.advance(60 * MS);
  const sent = look.handshakes().map(({ sentUs }) => sentUs / MS);
  assertEquals(sent, [10, 20, 30, 40, 50, 0]);
  look.end();
});

Deno.test("a target that answers nothing is not asked without end", async () => {
  const clock = new VirtualClock();
  const watch = watchOf(clock, () => 1_000_000);
  let asked = 0;
  const counting = new TargetWatch({
    clock,
    perS: 100,
    shake: () => {
      asked++;
      return new Promise(() => {});
    },
  });
  const looks = [watch.look(), counting.look()];
  await clock.advance(5_000 * MS);
  assertEquals(asked, 64);
  for (const look of looks) look.end();
});

Deno.test("the next handshake is waited for until it is there, the time is over, or the signal aborts", async () => {
  const clock = new VirtualClock();
  const watch = watchOf(clock, () => 4);
  const look = watch.look();
  const signal = new AbortController();
  const seen: (number | undefined)[] = [];
  const next = (untilMs: number): void => {
    void look.next(untilMs * MS, signal.signal).then((h) => seen.push(h && h.sentUs / MS));
  };
  next(100);
  await clock.advance(5 * MS);
  assertEquals(seen, [0]);
  next(8);
  await clock.advance(5 * MS);
  assertEquals(seen, [0, undefined]);
  next(100);
  signal.abort();
  await settle();
  assertEquals(seen, [0, undefined, undefined]);
  assert(await look.next(100 * MS, signal.signal) === undefined);
  look.end();
});
