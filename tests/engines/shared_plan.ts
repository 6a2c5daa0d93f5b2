/** A plan, the server that it loads, and what has to be so when several machines have run it as one. */
import { join } from "node:path";
import { decodeFromCompressedBase64 } from "hdr-histogram-js";
import type { JsHistogram } from "hdr-histogram-js/dist/JsHistogram.js";
import { assertEquals } from "../assert.ts";
import { programCommand } from "../end_to_end/program.ts";

export const TOKEN = "it's-a'token-$(of){1}";
const RATE_PER_S = 40;
const ARRIVALS = 80;

export const PLAN = `name: shared
target: { base_url: "\${CERTCTL_BASE}", token: "\${CERTCTL_TOKEN}" }
scenarios:
  hits:
    flow: http_request
    with: { path: "/hits/{index}" }
    rate: ${RATE_PER_S}/s
    duration: 2s
    probe: false
    warmup: off
`;

export interface CountingServer extends AsyncDisposable {
  readonly url: string;
  /** What was asked for with the token, in the order in which it came. */
  readonly log: { readonly id: number; readonly atMs: number }[];
}

export function countingServer(hostname = "127.0.0.1"): CountingServer {
  const log: CountingServer["log"] = [];
  const server = Deno.serve({ hostname, port: 0, onListen: () => {} }, (request) => {
    const atMs = performance.now();
    const [, id] = /\/hits\/(\d+)$/.exec(new URL(request.url).pathname) ?? [];
    const isKnown = request.headers.get("authorization") === `Bearer ${TOKEN}`;
    if (id !== undefined && isKnown) log.push({ id: Number(id), atMs });
    // Of this moment: the runtime's own is kept for a second, and takes a machine twice as long to read.
    const headers = { date: new Date().toUTCString() };
    return new Response(null, { status: isKnown ? 200 : 401, headers });
  });
  const url = `http://${hostname}:${server.addr.port}`;
  return { url, log, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** An executable that is this checkout; it may be copied anywhere. */
export async function writeExecutable(path: string): Promise<string> {
  const quoted = programCommand().map((word) => `'${word}'`).join(" ");
  const folder = Deno.env.get("DENO_DIR");
  const where = folder === undefined ? "" : `export DENO_DIR='${folder}'\n`;
  await Deno.writeTextFile(path, `#!/bin/sh\n${where}exec ${quoted} "$@"\n`, { mode: 0o755 });
  return path;
}

// deno-lint-ignore no-explicit-any -- tests look into it freely
async function read(path: string): Promise<any> {
  return JSON.parse(await Deno.readTextFile(path));
}

/**
 * How long the machines' starts lie apart by the server's log: each one's start is so long before its arrivals as the plan
 * says, and the one that came soonest tells it best.
 */
export function startSpreadMs(machines: number, { log }: Pick<CountingServer, "log">): number {
  const starts = Array.from({ length: machines }, (_, machine) => {
    const own = log.filter(({ id }) => id % machines === machine);
    return Math.min(...own.map(({ id, atMs }) => atMs - id * 1000 / RATE_PER_S));
  });
  return Math.max(...starts) - Math.min(...starts);
}

/**
 * Every arrival was sent by one machine, and once; the merged summary has all machines, and its histograms are those of
 * all requests to the last bit.
 */
export async function assertWhole(
  machines: number,
  { log }: CountingServer,
  merged: string,
  parts: readonly string[],
): Promise<void> {
  assertEquals(
    log.map(({ id }) => id).sort((a, b) => a - b),
    Array.from({ length: ARRIVALS }, (_, n) => n),
  );
  const whole = await read(merged);
  const shards = await Promise.all(parts.map(read));
  assertEquals(shards.length, machines);
  assertEquals(whole.shards.count, machines);
  const indices = whole.shards.parts.map(({ index }: { index: number }) => index);
  assertEquals(indices, Array.from({ length: machines }, (_, at) => at + 1));
  assertEquals(whole.totals.requests, ARRIVALS);
  for (const duration of ["response_time", "service_time", "lag"]) {
    const { counts, ...exact } = recorded(whole, duration);
    const each = shards.map((shard) => recorded(shard, duration));
    assertEquals(counts, added(each.map(({ counts }) => counts)), duration);
    assertEquals(exact.count, ARRIVALS);
    assertEquals(exact.maxUs, Math.max(...each.map(({ maxUs }) => maxUs)));
    assertEquals(exact.minUs, Math.min(...each.map(({ minUs }) => minUs)));
  }
}

interface Recorded {
  readonly count: number;
  readonly minUs: number;
  readonly maxUs: number;
  /** Of each bucket that has any, by its lowest value. */
  readonly counts: ReadonlyMap<number, number>;
}

/** As another library reads it. */
// deno-lint-ignore no-explicit-any -- tests look into it freely
function recorded({ phases }: any, duration: string): Recorded {
  const { hdr, count, min_us: minUs, max_us: maxUs } = phases.api.hits.histograms[duration];
  const histogram = decodeFromCompressedBase64(hdr) as JsHistogram;
  const counts = new Map<number, number>();
  for (let at = 0; at < histogram.countsArrayLength; at++) {
    const found = histogram.getCountAtIndex(at);
    if (found > 0) counts.set(histogram.valueFromIndex(at), found);
  }
  return { count, minUs, maxUs, counts };
}

function added(all: readonly ReadonlyMap<number, number>[]): Map<number, number> {
  const sum = new Map<number, number>();
  for (const [value, count] of all.flatMap((each) => [...each])) {
    sum.set(value, (sum.get(value) ?? 0) + count);
  }
  return new Map([...sum].sort(([a], [b]) => a - b));
}

export async function summariesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) found.push(...await summariesBelow(path));
    else if (name === "summary.json") found.push(path);
  }
  return found.sort();
}
