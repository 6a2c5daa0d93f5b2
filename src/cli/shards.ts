/** `certload shards ENGINE PLAN`: what makes an engine run PLAN on several machines. It prints, and starts nothing. */
import { resolve } from "node:path";
import { parseDocument } from "../plan/document.ts";
import type { Plan } from "../plan/plan.ts";
import { planDurationMs } from "../plan/profile.ts";
import type { PlanNode } from "../plan/tree.ts";
import { parseDuration } from "../plan/units.ts";
import { MOST_SHARDS } from "../shard.ts";
import { parseHosts } from "../shards/hosts.ts";
import {
  kubernetesManifest,
  kubernetesProblems,
  kubernetesSteps,
  NAMESPACE,
  OBJECT_NAME,
} from "../shards/kubernetes.ts";
import { runName, type SharedRun } from "../shards/shared_run.ts";
import { sbatchScript } from "../shards/slurm.ts";
import { sshCommand, sshProblems } from "../shards/ssh.ts";
import type { Start } from "../shards/start.ts";
import {
  literalSecrets,
  secretVariables,
  variablesOf,
  withoutSecretDefaults,
  withStandIns,
} from "../shards/variables.ts";
import { isoOfUs, MOST_AHEAD_MS, parseStartAt } from "../start_at.ts";
import { quoted } from "../terminal.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { VERSION } from "../version.ts";
import { command, type Outcome } from "./command.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";
import { ALLOW_COMMANDS } from "./plan_commands.ts";
import { PLAN_FLAGS, readPlan } from "./plan_flags.ts";
import { findPlan, type PlanSource } from "./plan_source.ts";
import { secretsOfArguments } from "./secrets.ts";

const ENGINES = ["kubernetes", "ssh", "slurm"] as const;
type Engine = typeof ENGINES[number];

/** Flags that not all engines have, and those that have them. */
const ENGINE_FLAGS: readonly (FlagSpec & { readonly of: readonly Engine[] })[] = [
  {
    name: "count",
    value: "N",
    of: ["kubernetes", "slurm"],
    help: "machines; over ssh it is the number of hosts",
  },
  {
    name: "name",
    value: "NAME",
    of: ["kubernetes", "slurm"],
    help: "of the job (default: the plan's, with the instant)",
  },
  {
    name: "cpus",
    value: "N",
    of: ["kubernetes", "slurm"],
    help: "of each machine, whole ones (default 2)",
  },
  {
    name: "memory",
    value: "SIZE",
    of: ["kubernetes", "slurm"],
    help: "of each machine: 512Mi, 1Gi (default 1Gi)",
  },
  {
    name: "image",
    value: "NAME",
    of: ["kubernetes"],
    help: `with the executable (default certload:${VERSION})`,
  },
  { name: "namespace", value: "NAME", of: ["kubernetes"], help: "default: the context's" },
  {
    name: "secret",
    value: "NAME",
    of: ["kubernetes"],
    help: "a Secret with the plan's secret variables, each under its name (default certload)",
  },
  {
    name: "service-account",
    value: "NAME",
    of: ["kubernetes"],
    help: "for plans that use the pod's own access to the cluster",
  },
  {
    name: "executable",
    value: "FILE",
    of: ["ssh", "slurm"],
    help: "certload for the machines (default: this one)",
  },
];

/** By engine: an image may have to be pulled, an executable to be copied, and Slurm starts all at once. */
const START_IN: Readonly<Record<Engine, string>> = {
  kubernetes: "3m",
  ssh: "2m",
  slurm: "30s",
};

const FLAGS: readonly FlagSpec[] = [
  {
    name: "start-in",
    value: "D",
    help: "the common instant: from now (kubernetes, default 3m), from the start of the script " +
      "(ssh 2m, slurm 30s)",
  },
  { name: "start-at", value: "INSTANT", help: "the same, named: 2026-11-28T05:00:00Z" },
  ...ENGINE_FLAGS,
  ...PLAN_FLAGS.filter(({ name }) => name !== "token"),
  { name: "stack", value: "NAME", help: "none, for a plan that would start servers of its own" },
  ALLOW_COMMANDS,
];

const SUMMARY =
  `Prints what makes an engine that you have run PLAN on several machines as one run: each has
its part of the same arrivals, all begin at one instant, and \`certload merge\` judges the whole.
kubernetes: an Indexed Job and its ConfigMap, for kubectl create. ssh: one GNU parallel command for
HOSTS (a,b,c or a file). slurm: a script for sbatch. Secrets are referred to by name. Nothing is started.`;

export const shards = command({
  usage: "shards ENGINE [HOSTS] PLAN [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  positionals: ["ENGINE", "PLAN", "[PLAN]"],
  async run(line, io): Promise<Outcome> {
    const [engine = "", first = "", second] = line.positionals;
    if (!isEngine(engine)) return [`${quoted(engine, 40)} is no engine: ${ENGINES.join(", ")}`];
    if ((engine === "ssh") !== (second !== undefined)) {
      return [
        engine === "ssh" ? "ssh wants HOSTS and PLAN" : `unexpected argument ${quoted(second!)}`,
      ];
    }
    const wrong = lineProblems(engine, line);
    if (wrong.length > 0) return wrong;
    const found = await findPlan(second ?? first);
    if (engine === "kubernetes") return kubernetes(found, line, io);
    return engine === "ssh" ? await ssh(first, found, line, io) : slurm(found, line, io);
  },
});

function isEngine(name: string): name is Engine {
  return (ENGINES as readonly string[]).includes(name);
}

/** What is wrong with the flags, whatever the plan is. */
function lineProblems(engine: Engine, line: CommandLine): string[] {
  const foreign = ENGINE_FLAGS.filter(({ name, of }) =>
    line.value(name) !== undefined && !of.includes(engine)
  ).map(({ name, of }) => `--${name} is for ${of.join(" and ")}, not for ${engine}`);
  const named = startProblems(line);
  const words: readonly [string, RegExp, string][] = [
    [
      "name",
      /^(?=.{1,52}$)[a-z]([-a-z0-9]*[a-z0-9])?$/,
      "small letters, digits and -, at most 52, a letter first",
    ],
    ["namespace", NAMESPACE, "small letters, digits and -"],
    ["secret", OBJECT_NAME, "small letters, digits, - and ."],
    ["service-account", OBJECT_NAME, "small letters, digits, - and ."],
    [
      "image",
      /^[\w][\w.\-/:@]*$/,
      "an image's name, for example registry.example:5000/certload:1.2",
    ],
    ["cpus", /^[1-9]\d{0,2}$/, "a whole number of 1 to 999"],
    ["memory", /^[1-9]\d{0,6}[MG]i$/, "for example 512Mi or 1Gi"],
  ];
  const misspelt = words.flatMap(([name, pattern, wanted]) => {
    const value = line.value(name);
    return value === undefined || pattern.test(value)
      ? []
      : [`--${name} must be ${wanted}: it is ${quoted(value, 60)}`];
  });
  return [
    ...foreign,
    ...named,
    ...countProblems(engine, line),
    ...misspelt,
    ...secretProblems(line),
  ];
}

function countProblems(engine: Engine, line: CommandLine): string[] {
  if (engine === "ssh") return [];
  const text = line.value("count");
  if (text === undefined) return ["--count N says how many machines share the run"];
  const isRight = /^[1-9]\d{0,4}$/.test(text) && Number(text) <= MOST_SHARDS;
  return isRight ? [] : [`--count must be 1 to ${MOST_SHARDS}: it is ${quoted(text, 40)}`];
}

function startProblems(line: CommandLine): string[] {
  const [within, at] = [line.value("start-in"), line.value("start-at")];
  if (within !== undefined && at !== undefined) return ["--start-in and --start-at: one is enough"];
  const withinMs = within === undefined ? undefined : parseDuration(within) ?? 0;
  if (withinMs !== undefined && !(withinMs > 0)) {
    return [`--start-in must be a duration, for example 3m: it is ${quoted(within!, 40)}`];
  }
  if (withinMs !== undefined && withinMs >= MOST_AHEAD_MS) {
    return [`--start-in must be less than 7 days, as no machine waits longer: it is ${within}`];
  }
  if (at === undefined) return [];
  const instant = parseStartAt(at, Date.now());
  if (typeof instant === "string") return [`--start-at ${instant}`];
  return instant > Date.now() * 1000 ? [] : [`--start-at ${isoOfUs(instant)} is over`];
}

/** What the command line says of the plan is printed, for all who may read that. */
function secretProblems(line: CommandLine): string[] {
  const given = PLAN_FLAGS.flatMap(({ name }) =>
    line.values(name).flatMap((value) => [`--${name}`, value])
  );
  return secretsOfArguments(given).length === 0 ? [] : [
    "a secret on the command line would be printed: put ${NAME} in its place in the plan, and set that variable",
  ];
}

function startOf(engine: Engine, line: CommandLine): Start & { readonly from: Date } {
  const from = new Date();
  const atUs = parseStartAt(line.value("start-at") ?? "", from.getTime());
  if (typeof atUs === "number") {
    const at = new Date(Math.ceil(atUs / 1000));
    return { at, from, waitMs: at.getTime() - from.getTime() };
  }
  return { from, waitMs: parseDuration(line.value("start-in") ?? START_IN[engine]) ?? 0 };
}

function kubernetes(found: PlanSource, line: CommandLine, io: Io): Outcome {
  const shared = sharedRun(
    found,
    { count: Number(line.value("count")), isPrinted: true },
    line,
    io,
  );
  if (!("run" in shared)) return shared.outcome;
  const { run, plan } = shared;
  const { at, from, waitMs } = startOf("kubernetes", line);
  const startAt = at ?? new Date(Math.ceil((from.getTime() + waitMs) / 1000) * 1000);
  const problems = [...kubernetesProblems(run), ...kubeconfigProblems(plan)];
  if (problems.length > 0) return problems;
  const [namespace, serviceAccount] = [line.value("namespace"), line.value("service-account")];
  const options = {
    name: line.value("name") ?? runName(plan.name, startAt),
    ...(namespace && { namespace }),
    image: line.value("image") ?? `certload:${VERSION}`,
    cpus: Number(line.value("cpus") ?? 2),
    memory: line.value("memory") ?? "1Gi",
    secret: line.value("secret") ?? "certload",
    ...(serviceAccount && { serviceAccount }),
    startAt,
    now: from,
  };
  // As it is: what a mask would hide in it would be missing in the pods. That no secret is in it has been seen to.
  io.reveal(kubernetesManifest(run, options));
  if (!io.outIsTerminal) io.err(`${kubernetesSteps(run, options).join("\n")}\n`);
  return EXIT_CODES.passed;
}

/** A kubeconfig holds credentials, and is a file of this host. */
function kubeconfigProblems({ scenarios }: Plan): string[] {
  return scenarios.filter((scenario) => /"kubeconfig":"[^"]/.test(JSON.stringify(scenario.with)))
    .map(({ name }) =>
      `scenario ${name} reads a kubeconfig, which is on this host and holds credentials: leave it empty and give ` +
      "--service-account NAME for the pod's own access"
    );
}

async function ssh(named: string, found: PlanSource, line: CommandLine, io: Io): Promise<Outcome> {
  const text = await Deno.readTextFile(named).catch(() => named);
  const { hosts, problems } = parseHosts(text);
  const executable = executableOf(line, problems);
  // It is copied from here; Slurm's machines may have it where this one does not.
  if (line.value("executable") !== undefined && !isFile(executable)) {
    problems.push(
      `--executable ${quoted(executable, 200)} is no file here, and is to be copied to the hosts`,
    );
  }
  const shared = sharedRun(found, { count: hosts.length, isPrinted: false }, line, io);
  if (!("run" in shared)) return shared.outcome;
  const { run } = shared;
  problems.push(...sshProblems(run, { executable }));
  if (problems.length > 0) return problems;
  io.reveal(sshCommand(run, { hosts, executable, start: startOf("ssh", line) }));
  return EXIT_CODES.passed;
}

function slurm(found: PlanSource, line: CommandLine, io: Io): Outcome {
  const problems: string[] = [];
  const executable = executableOf(line, problems);
  const shared = sharedRun(
    found,
    { count: Number(line.value("count")), isPrinted: false },
    line,
    io,
  );
  if (!("run" in shared)) return shared.outcome;
  if (problems.length > 0) return problems;
  const { run } = shared;
  const cpus = Number(line.value("cpus") ?? 2);
  io.reveal(sbatchScript(run, {
    name: line.value("name") ?? run.name,
    executable,
    cpus,
    memoryMib: mebibytes(line.value("memory") ?? "1Gi"),
    start: startOf("slurm", line),
  }));
  return EXIT_CODES.passed;
}

function mebibytes(text: string): number {
  return parseInt(text) * (text.endsWith("Gi") ? 1024 : 1);
}

/** The program for the machines; a checkout has none to give. */
function executableOf(line: CommandLine, problems: string[]): string {
  const named = line.value("executable");
  if (named === undefined && !Deno.build.standalone) {
    problems.push(
      "this is a checkout: name the executable for the machines, --executable dist/certload-linux-x64",
    );
  }
  return resolve(named ?? Deno.execPath());
}

type Shared =
  | { readonly run: SharedRun; readonly plan: Plan }
  | { readonly outcome: Outcome };

/** The plan as the machines get it; what is wrong with it is printed, or told. */
function sharedRun(
  found: PlanSource,
  { count, isPrinted }: { readonly count: number; readonly isPrinted: boolean },
  line: CommandLine,
  io: Io,
): Shared {
  const given = found.ok ? rootOf(found.text) : undefined;
  const env = given === undefined ? io.env : withStandIns(given, io.env);
  const plan = readPlan(found, line, io, env);
  if (!found.ok || plan === undefined) return { outcome: EXIT_CODES.bad_input };
  const text = isPrinted && given !== undefined
    ? withoutSecretDefaults(found.text, secretVariables(given))
    : found.text;
  const root = rootOf(text)!;
  const problems = planProblems(plan, isPrinted ? literalSecrets(root) : []);
  if (problems.length > 0) return { outcome: problems };
  const { caFile, caPem } = plan.target.tls;
  const ca = caPem === undefined || !caFile ? undefined : { path: resolve(caFile), text: caPem };
  const run = {
    title: plan.name,
    name: runName(plan.name),
    count,
    plan: {
      text,
      file: isFile(found.source) ? resolve(found.source) : undefined,
      shipped: found.source,
    },
    ...(ca && { ca }),
    flags: passedOn(line),
    // The CA's file is another one there, and named by a flag.
    variables: variablesOf(root, io.env).filter(({ value }) => !caFile || value !== caFile),
    lengthMs: planDurationMs(plan) + plan.gracefulStopMs,
  };
  return { run, plan };
}

function rootOf(text: string): PlanNode | undefined {
  const document = parseDocument(text, "");
  return document.ok ? document.root : undefined;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function planProblems({ stack }: Plan, literals: readonly string[]): string[] {
  return [
    ...(stack === "none" ? [] : [
      `the plan starts servers of its own (stack: ${stack}), each machine would: name one for all, --target URL`,
    ]),
    ...literals.map((place) =>
      `${place} has a secret in the plan itself, which all could read: put \${NAME} in its place, and set that variable`
    ),
  ];
}

/** The flags that change the plan, as words for `run`. The CA goes with the plan. */
function passedOn(line: CommandLine): string[] {
  const names = [...PLAN_FLAGS.map(({ name }) => name), "stack", ALLOW_COMMANDS.name]
    .filter((name) => !["token", "ca"].includes(name));
  return names.flatMap((name) =>
    line.has(name) ? [`--${name}`] : line.values(name).map((value) => `--${name}=${value}`)
  );
}
