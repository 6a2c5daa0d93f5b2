/**
 * The commands by name. Each is loaded when it is called, so that `certload version` does not wait for the engine.
 */
import { hide } from "../masking/mask.ts";
import { nearest } from "../plan/near_miss.ts";
import type { Command } from "./command.ts";
import type { Io } from "./io.ts";
import { quoted } from "../terminal.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { findPlan } from "./plan_source.ts";
import { secretsOfArguments } from "./secrets.ts";

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  run: {
    summary: "run a plan: send its load, write results/summary.json and summary.txt",
    load: async () => (await import("./run.ts")).run,
  },
  check: {
    summary: "validate a plan, print what it comes to and how many requests it makes",
    load: async () => (await import("./check.ts")).check,
  },
  doctor: {
    summary: "one request of every scenario, and what is wrong if it fails; no load",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  compare: {
    summary: "compare two runs: what got slower, by how much, and how sure that is",
    load: async () => (await import("./compare.ts")).compare,
  },
  report: {
    summary: "make a report of a summary.json: html, markdown, junit, hgrm, prometheus",
    load: async () => (await import("./report.ts")).report,
  },
  baseline: {
    summary: "show a baseline, or keep a run as one",
    load: async () => (await import("./baseline.ts")).baseline,
  },
  merge: {
    summary: "add up the summaries of a run that was shared out over hosts",
    load: async () => (await import("./merge.ts")).merge,
  },
  shards: {
    summary: "print what runs a plan on several machines: kubernetes, ssh, slurm",
    load: async () => (await import("./shards.ts")).shards,
  },
  schema: {
    summary: "print the JSON Schema of a plan, for editors",
    load: async () => (await import("./schema.ts")).schema,
  },
  capacity: {
    summary: "search the highest rate that a server holds, and who gave out above it",
    load: async () => (await import("./capacity.ts")).capacity,
  },
  fleet: {
    summary: "whether a server holds a fleet of certificates, by shape of demand, and by how much",
    load: async () => (await import("./fleet.ts")).fleet,
  },
  lab: {
    summary: "run the embedded certificate server in the foreground",
    load: async () => (await import("./lab.ts")).lab,
  },
  calibrate: {
    summary: "measure what this host can generate, and how small a latency it can read",
    load: async () => (await import("./calibrate.ts")).calibrate,
  },
  conform: {
    summary: "ask an ACME server what an RFC 8555 client depends on",
    load: async () => (await import("./conform.ts")).conform,
  },
  init: {
    summary: "write the shipped plans, compose files and schema into a folder, for editing",
    load: async () => (await import("./init.ts")).init,
  },
  version: {
    summary: "print the versions of certload, Deno and the libraries",
    load: async () => (await import("./version.ts")).version,
  },
};

export async function runCommand(args: readonly string[], io: Io): Promise<number> {
  hide(secretsOfArguments(args));
  const [first, ...rest] = args;
  if (first === undefined) {
    io.err(overview());
    return EXIT_CODES.bad_input;
  }
  const name = ALIASES.get(first) ?? first;
  const wantsHelp = name === "help" || rest.includes("--help") || rest.includes("-h");
  const [subject] = name === "help" ? rest.filter((word) => !word.startsWith("-")) : [name];
  if (subject === undefined) {
    io.out(overview());
    return EXIT_CODES.passed;
  }
  const entry = Object.hasOwn(COMMANDS, subject) ? COMMANDS[subject] : undefined;
  if (entry === undefined) {
    io.err(await unknownCommand(subject));
    return EXIT_CODES.bad_input;
  }
  const command = await entry.load();
  if (!wantsHelp) return await command.run(rest, io);
  io.out(command.help);
  return EXIT_CODES.passed;
}

/** As other tools have them. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["--help", "help"],
  ["-h", "help"],
  ["--version", "version"],
  ["-V", "version"],
]);

async function unknownCommand(name: string): Promise<string> {
  const isPlan = (await findPlan(name)).ok;
  const close = isPlan ? `run ${name}` : nearest(name, Object.keys(COMMANDS));
  const hint = close === undefined
    ? "`certload help` lists the commands"
    : `did you mean \`certload ${close}\`?`;
  return `certload: unknown command ${quoted(name, 60)}: ${hint}\n`;
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map(({ length }) => length));
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) =>
    `  ${name.padEnd(width)}  ${summary}`
  );
  return `certload: load tests for certificate servers

Usage: certload COMMAND [arguments], certload help COMMAND

Commands:
${rows.join("\n")}

To start: certload run quickstart
`;
}
