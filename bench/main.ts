/**
 * `deno task bench [EXPERIMENT ...]`: certload beside k6, vegeta, oha and wrk against nginx over TLS 1.3 on loopback.
 * Writes docs/benchmarks-latest.md. Peers that are not installed are left out by name: k6 and vegeta come by `go
 * install`, oha by `cargo install`, wrk and nginx from the distribution.
 */
import os from "node:os";
import { nginxProgram, startNginx } from "../tests/servers/nginx.ts";
import { certload, certloadCommand, type CertloadOptions } from "./certload.ts";
import {
  agreement,
  handshakes,
  highestRate,
  keepAlive,
  medianServiceTime,
  memory,
  openModel,
  type Setting,
  stalledServer,
  type Table,
} from "./experiments.ts";
import { findPeer, k6, oha, type Tool, vegeta, wrk } from "./tool.ts";

const EXPERIMENTS: Readonly<Record<string, (setting: Setting) => Promise<Table>>> = {
  "keep-alive": keepAlive,
  handshakes,
  "median-50": (setting) => medianServiceTime(setting, 50),
  "median-500": (setting) => medianServiceTime(setting, 500),
  "median-200": (setting) => medianServiceTime(setting, 200),
  "median-2000": (setting) => medianServiceTime(setting, 2_000),
  "agreement-50": (setting) => agreement(setting, 50),
  "agreement-500": (setting) => agreement(setting, 500),
  "open-1000": (setting) => openModel(setting, 1_000, 10),
  "open-5000": (setting) => openModel(setting, 5_000, 30),
  "highest-rate": (setting) =>
    highestRate(setting, [5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 40_000]),
  memory: (setting) => memory(setting, [1_000_000, 5_000_000]),
  stall: (setting) => stalledServer(setting, 200),
};

const OUTPUT = new URL("../docs/benchmarks-latest.md", import.meta.url);

function findPeers(): { tools: Tool[]; missing: string[] } {
  const makers = { k6, vegeta, oha, wrk };
  const tools: Tool[] = [];
  const missing: string[] = [];
  for (const [name, make] of Object.entries(makers)) {
    const program = findPeer(name);
    if (program === undefined) missing.push(name);
    else tools.push(make(program));
  }
  return { tools, missing };
}

function ownOptions(): CertloadOptions {
  return { name: "certload", command: certloadCommand() };
}

function markdown({ title, remark, head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    `## ${title}`,
    "",
    remark,
    "",
    line(head),
    line(head.map(() => "---")),
    ...rows.map(line),
    "",
  ].join("\n");
}

async function methodology(tools: readonly Tool[], missing: readonly string[]): Promise<string> {
  const versions = await Promise.all(
    tools.map(async (tool) => `- ${tool.name}: ${await tool.version()}`),
  );
  const cpus = os.cpus();
  return [
    "# Benchmarks: the latest run",
    "",
    `Written by \`deno task bench\` on ${
      new Date().toISOString().slice(0, 10)
    }. Host: ${cpus.length} x ` +
    `${cpus[0]?.model.trim()}, ${
      (os.totalmem() / 2 ** 30).toFixed(0)
    } GiB, ${os.type()} ${os.release()}. nginx with one ` +
    "worker, TLS 1.3, a 3-byte answer, on the same cores as the tools. Absolute figures are this host's; ratios carry.",
    "",
    ...versions,
    ...missing.map((name) => `- ${name}: not installed, left out`),
    "",
  ].join("\n");
}

function numberOption(name: string, fallback: number): number {
  return Number(Deno.env.get(name) ?? fallback);
}

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !(name in EXPERIMENTS));
  if (unknown.length > 0 || nginxProgram === undefined) {
    const known = Object.keys(EXPERIMENTS).join(", ");
    const problem = nginxProgram === undefined
      ? "nginx is not installed"
      : `no experiment ${unknown.join(", ")}`;
    Deno.stderr.writeSync(new TextEncoder().encode(`bench: ${problem}; experiments: ${known}\n`));
    return 104;
  }
  const { tools, missing } = findPeers();
  const own = ownOptions();
  const log = (line: string): void => {
    Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
  };
  const nginx = await startNginx({ log: false });
  try {
    const setting: Setting = {
      nginx,
      url: `https://127.0.0.1:${nginx.port}/`,
      tools: [certload(own), ...tools],
      certload: own,
      rounds: numberOption("BENCH_ROUNDS", 3),
      seconds: numberOption("BENCH_SECONDS", 8),
      log,
    };
    const parts = [await methodology(setting.tools, missing)];
    for (const name of names.length > 0 ? names : Object.keys(EXPERIMENTS)) {
      const table = await EXPERIMENTS[name]?.(setting);
      if (table !== undefined) parts.push(markdown(table));
    }
    const text = parts.join("\n");
    if (names.length === 0) await Deno.writeTextFile(OUTPUT, text);
    Deno.stdout.writeSync(new TextEncoder().encode(text));
    return 0;
  } finally {
    await nginx.stop();
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
