// deno-lint-ignore-file no-console -- a program that speaks to whoever runs it
/**
 * `deno task fuzz [--cases N] [--seconds S] [--only WORDS] [--seed N]`: every target with random inputs, until each has
 * had so many cases or the time is up, which they share evenly. A target fails when what it says does not hold, when a
 * case does not end, or when the process outgrows its memory; the seed that is printed shows it again.
 */
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { CHUNK, type Order, type Outcome } from "./order.ts";
import { targets } from "./targets.ts";

/** A case that takes longer hangs. */
const HUNG_AFTER_MS = 30_000;
/** Ten times what all targets take together. */
const MOST_RSS_BYTES = 3 * 2 ** 30;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "100000" },
    seconds: { type: "string", default: "60" },
    only: { type: "string", default: "" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 30)) },
  },
});
const [cases, seconds, seed] = [values.cases, values.seconds, values.seed].map((text) => {
  const number = Number(text);
  if (Number.isFinite(number) && number >= 0) return number;
  console.error(`"${text}" is not a number`);
  Deno.exit(2);
}) as [number, number, number];
const indices = targets.flatMap(({ kind, name }, index) =>
  `${kind}: ${name}`.includes(values.only) ? [index] : []
);
if (indices.length === 0) {
  const kinds = [...new Set(targets.map(({ kind }) => kind))].join(", ");
  console.error(`No target has "${values.only}" in its name; kinds are ${kinds}`);
  Deno.exit(2);
}

console.log(`fuzzing ${indices.length} targets for ${seconds} s at most, --seed ${seed}`);
const counter = new SharedArrayBuffer(12);
const outcomes: Outcome[] = [];
const startedMs = Date.now();
const trouble = await run({
  indices,
  cases,
  untilMs: startedMs + seconds * 1000,
  seed,
  counter,
});
if (trouble !== undefined) report(trouble);
const failed = outcomes.filter(({ problem }) => problem !== undefined).length;
const total = outcomes.reduce((sum, outcome) => sum + outcome.cases, 0);
const tookS = Math.round((Date.now() - startedMs) / 1000);
console.log(`${total} cases of ${outcomes.length} targets`);
console.log(
  `${failed > 0 ? "FAILED" : "ok"} | ${
    outcomes.length - failed
  } passed | ${failed} failed (${tookS}s)`,
);
Deno.exit(failed > 0 ? 1 : 0);

/** Runs them all; returns what ended the worker, if anything but its own end did. */
function run(order: Order): Promise<Outcome | undefined> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: order });
  return new Promise((resolve) => {
    const end = (problem?: string): void => {
      clearInterval(watch);
      void worker.terminate();
      if (problem === undefined) return resolve(undefined);
      const [index = 0, begun = 0, ofSeed] = new Int32Array(counter);
      resolve({ index, cases: begun, tookMs: 0, problem, ...(ofSeed && { seed: ofSeed }) });
    };
    const watch = watchOver(end);
    worker.on("message", (data: Outcome | "done") => data === "done" ? end() : report(data));
    worker.on("error", (error: Error) => end(`the thread died: ${error.message}`));
  });
}

/** Calls `end` when the cases stand still or the memory grows without bound. */
function watchOver(end: (problem: string) => void): ReturnType<typeof setInterval> {
  const shared = new Int32Array(counter);
  let last = "", sinceMs = Date.now();
  return setInterval(() => {
    const now = shared.join();
    if (now !== last) [last, sinceMs] = [now, Date.now()];
    const { rss } = Deno.memoryUsage();
    if (Date.now() - sinceMs > HUNG_AFTER_MS) end(`case ${shared[1]} does not end`);
    else if (rss > MOST_RSS_BYTES) end(`memory has grown to ${Math.round(rss / 2 ** 20)} MiB`);
  }, 200);
}

function report(outcome: Outcome): void {
  outcomes.push(outcome);
  const { index, problem, seed, tookMs } = outcome;
  const { kind, name } = targets[index]!;
  const figures = `${outcome.cases} cases, ${(tookMs / 1000).toFixed(1)} s`;
  console.log(`${problem === undefined ? "ok" : "FAILED"}  ${kind}: ${name} (${figures})`);
  if (problem === undefined) return;
  console.log(problem);
  console.log(
    `again: deno task fuzz --only ${JSON.stringify(name)} --seed ${seed} --cases ${CHUNK}`,
  );
}
