/**
 * `deno run -A bench/merge.ts [--shards N] [--duration S] [--variants N] [--keep DIR]`: what `certload merge` takes for the summaries
 * of a run of an hour on a thousand machines: four scenarios, six steps, some hundred requests a second on each. Makes
 * the files (of some different machines; the others are copies with numbers of their own), merges them in a process of
 * its own, and prints its time, CPU time and peak memory. `--keep`: a folder for the files, which are made once and stay.
 */
// @ts-types="../src/cli/std_cli.d.ts"
import { parseArgs } from "@std/cli";
import { join } from "node:path";
import process from "node:process";
import type { Summary } from "../src/metrics/summary_schema.ts";
import { renderJson } from "../src/report/json.ts";
import { peerOf } from "../tests/metrics/exchanges.ts";
import type { MadeScenario } from "../tests/metrics/runs.ts";
import { madeShard } from "../tests/verdict/made_shards.ts";

const MAIN = new URL("../main.ts", import.meta.url).pathname;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs(args, { string: ["shards", "duration", "variants", "keep"] });
  const count = Number(flags.shards ?? 1_000);
  const durationS = Number(flags.duration ?? 3_600);
  const kept = flags.keep === undefined ? undefined : String(flags.keep);
  const folder = kept ?? await Deno.makeTempDir({ prefix: "certload-merge-" });
  try {
    if (!await isThere(join(folder, `shard-${count}-of-${count}`))) {
      const bytes = await make(folder, count, durationS, Number(flags.variants ?? 8));
      print(`${count} summaries of ${durationS} s, ${(bytes / 2 ** 20).toFixed(0)} MiB in all`);
    }
    return await merge(folder);
  } finally {
    if (kept === undefined) await Deno.remove(folder, { recursive: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function scenarios(durationS: number, seed: number): MadeScenario[] {
  const all = { index: 0, count: 1 };
  const common = { durationS, shard: all, seed };
  return [
    { ...common, name: "issuance_acceptance", ratePerS: 40, medianUs: 8_000 },
    { ...common, name: "list_certificates", ratePerS: 40, medianUs: 3_000, seed: seed + 1_000 },
    {
      ...common,
      name: "nginx_handshake",
      tier: "connector",
      targetType: "nginx",
      fresh: peerOf("nginx.test"),
      ratePerS: 5,
    },
    {
      ...common,
      name: "acme",
      tier: "acme",
      steps: ["directory", "new_nonce", "renewal_info"],
      ratePerS: 10,
    },
  ];
}

/** The files' bytes in all. */
async function make(
  folder: string,
  count: number,
  durationS: number,
  variants: number,
): Promise<number> {
  const made: Summary[] = [];
  let bytes = 0;
  for (let index = 1; index <= count; index++) {
    const variant = (index - 1) % variants;
    made[variant] ??= madeShard({ index, count, made: scenarios(durationS, variant + 1) });
    const summary = made[variant];
    const { parts: [part], ...rest } = summary.shards!;
    const host = { ...part!.host, name: `host-${index}` };
    const text = renderJson({
      ...summary,
      shards: { ...rest, parts: [{ ...part!, index, host }] },
    });
    const place = join(folder, `shard-${index}-of-${count}`);
    await Deno.mkdir(place, { recursive: true });
    await Deno.writeTextFile(join(place, "summary.json"), text);
    bytes += text.length;
  }
  return bytes;
}

async function merge(folder: string): Promise<number> {
  const startedMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, "merge", folder, "--out", join(folder, "out")],
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let memory = "";
  const watching = setInterval(() => memory = peakOf(child.pid) ?? memory, 100);
  const { code } = await child.status;
  clearInterval(watching);
  const took = (performance.now() - startedMs) / 1000;
  print(`exit ${code}, ${took.toFixed(1)} s, peak ${memory || "unknown"}`);
  return code === 107 || code === 104 ? 1 : 0;
}

/** `VmHWM` of Linux, CPU time beside it. */
function peakOf(pid: number): string | undefined {
  try {
    const [, peak] = /^VmHWM:\s+(.*)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
    if (peak === undefined) return undefined;
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
    const cpuS = (Number(fields[11]) + Number(fields[12])) / 100;
    return `${peak}, ${cpuS.toFixed(1)} s of CPU`;
  } catch {
    return undefined;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
