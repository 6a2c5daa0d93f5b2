import { createWait, type WaitOptions } from "../../src/http/wait.ts";
import { assertEquals } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";
import { VirtualClock } from "../virtual_clock.ts";

const STILL = exchangeOf();

interface Observed {
  readonly name: string;
  readonly us: number;
}

/** Polls until the wait gives up, or `answers` has no more of them; the instants of the polls, in milliseconds. */
async function polls(
  options: Partial<WaitOptions>,
  answers: readonly (string | undefined)[] = [],
  why?: string,
): Promise<{ atMs: number[]; message: string; kind: string; observed: Observed[] }> {
  let nowUs = 0;
  const clock = {
    nowUs: () => nowUs,
    sleepUntil: (instantUs: number) => Promise.resolve(void (nowUs = instantUs)),
  };
  const observed: Observed[] = [];
  const wait = createWait({
    clock,
    what: "the job 7",
    intervalMs: 100,
    timeoutMs: 1000,
    timeoutOption: "wait_until.timeout",
    honourRetryAfter: true,
    signal: new AbortController().signal,
    observe: (name, us) => void observed.push({ name, us }),
    ...options,
  });
  const atMs: number[] = [];
  for (let poll = 0;; poll++) {
    const asked = answers[poll];
    const answer = asked === undefined ? STILL : exchangeOf({ headers: { "retry-after": asked } });
    const failure = await wait(answer, why);
    if (failure !== undefined) {
      return { atMs, message: failure.message, kind: failure.class, observed };
    }
    atMs.push(nowUs / 1000);
  }
}

Deno.test("pauses are the interval, and the last is what is left of the timeout", async () => {
  const { atMs, message, kind } = await polls({ intervalMs: 300 });
  assertEquals(atMs, [300, 600, 900]);
  assertEquals(kind, "timeout");
  assertEquals(message, "Gave up on the job 7 after 0.9 s of at most 1 s (wait_until.timeout)");
});

Deno.test("with a largest interval each pause is twice the one before, up to it", async () => {
  const { atMs } = await polls({ maxIntervalMs: 350, timeoutMs: 1500 });
  assertEquals(atMs, [100, 300, 650, 1000, 1350, 1500]);
});

Deno.test("a largest interval below the least leaves pauses at the least", async () => {
  const { atMs } = await polls({ intervalMs: 400, maxIntervalMs: 50 });
  assertEquals(atMs, [400, 800]);
});

Deno.test("Retry-After makes a pause longer, never shorter, and never longer than the timeout", async () => {
  const { atMs, message } = await polls({ intervalMs: 300, timeoutMs: 5000 }, ["0", "2", "9"]);
  assertEquals(atMs, [300, 2300, 5000]);
  assertEquals(
    message,
    "Gave up on the job 7 after 5.0 s of at most 5 s (wait_until.timeout); Retry-After asked for 9 s",
  );
});

Deno.test("a longer pause that was asked for does not make the next one longer", async () => {
  const { atMs } = await polls({ maxIntervalMs: 400, timeoutMs: 4000 }, ["3"]);
  assertEquals(atMs, [3000, 3200, 3600, 4000]);
});

Deno.test("Retry-After that is not honoured changes nothing", async () => {
  const { atMs } = await polls({ intervalMs: 400, honourRetryAfter: false }, ["2", "2"]);
  assertEquals(atMs, [400, 800]);
});

Deno.test("what the server has said is the reason, and no longer a timeout", async () => {
  const { message, kind } = await polls({ intervalMs: 600 }, [], "the issuer is away");
  assertEquals(kind, "unexpected_body");
  assertEquals(
    message,
    "Gave up on the job 7 after 0.6 s of at most 1 s (wait_until.timeout): the issuer is away",
  );
});

Deno.test("each pause is observed, what it really took", async () => {
  const { observed } = await polls({ intervalMs: 300 });
  assertEquals(observed, [300, 300, 300].map((ms) => ({ name: "poll_wait", us: ms * 1000 })));
});

Deno.test("a pause ends at once when the run is stopped, as interrupted", async () => {
  const stop = new AbortController();
  const clock = new VirtualClock();
  const observed: number[] = [];
  const wait = createWait({
    clock,
    what: "the job 7",
    intervalMs: 60_000,
    timeoutMs: 600_000,
    timeoutOption: "wait_until.timeout",
    honourRetryAfter: true,
    signal: stop.signal,
    observe: (_name, us) => void observed.push(us),
  });
  const over = wait(STILL);
  await clock.advance(2_000_000);
  stop.abort();
  assertEquals(await over, {
    class: "interrupted",
    message: "Interrupted while waiting for the job 7",
  });
  assertEquals(observed, [2_000_000]);
});

Deno.test("a Retry-After of a part of a second is told as the whole second that it needs", async () => {
  const soon = new Date(1500).toUTCString(); // to the second: 1 s of the clock's time
  const { message } = await polls({ timeoutMs: 500 }, [soon]);
  assertEquals(/Retry-After asked for (\d+) s/.exec(message)?.[1], "1");
  const { message: whole } = await polls({ intervalMs: 300, timeoutMs: 1400 }, [undefined, soon]);
  // 700 ms are left of it, which is a second for whoever reads it.
  assertEquals(/Retry-After asked for (\d+) s/.exec(whole)?.[1], "1");
});
