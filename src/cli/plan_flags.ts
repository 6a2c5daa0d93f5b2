/** The flags by which a command says which plan it means, and how it is to be changed. */
import { catalogue } from "../flows/catalogue.ts";
import { hide } from "../masking/mask.ts";
import { type LoadedPlan, loadPlan } from "../plan/load_plan.ts";
import type { PlanOverrides } from "../plan/overrides.ts";
import type { Plan, StackName } from "../plan/plan.ts";
import { renderProblems } from "../plan/problem.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import { reasonOf } from "./host_error.ts";
import type { Io } from "./io.ts";
import { findPlan, type PlanSource } from "./plan_source.ts";

export const PLAN_FLAGS: readonly FlagSpec[] = [
  { name: "target", value: "URL", help: "the server's address, in place of target.base_url" },
  {
    name: "token",
    value: "T",
    help: "its API key, in place of target.token (or set CERTCTL_TOKEN)",
  },
  { name: "insecure", help: "do not check the server's certificate: test systems only" },
  { name: "ca", value: "FILE", help: "trust the certificate authorities in this PEM file" },
  { name: "only", value: "NAMES", many: true, help: "these scenarios alone (comma list)" },
  { name: "skip", value: "NAMES", many: true, help: "all but these scenarios (comma list)" },
  { name: "duration", value: "D", help: "every scenario's duration, for example 30s" },
  {
    name: "set",
    value: "PATH=VALUE",
    many: true,
    help: "change the plan, for example scenarios.list_certificates.rate=10/s",
  },
];

function planOverrides(line: CommandLine, fleet?: PlanOverrides["fleet"]): PlanOverrides {
  const names = (flag: string): string[] | undefined => {
    const given = line.values(flag);
    const all = given.flatMap((value) => value.split(",")).map((name) => name.trim());
    return given.length === 0 ? undefined : all.filter(Boolean);
  };
  return {
    target: line.value("target"),
    token: line.value("token"),
    insecure: line.has("insecure"),
    ca: line.value("ca"),
    stack: line.value("stack"),
    client: line.value("client"),
    duration: line.value("duration"),
    only: names("only"),
    skip: names("skip"),
    ...(fleet && { fleet }),
    set: line.values("set"),
  };
}

/** What the command line names as its plan. Read once, as it may be a pipe. */
export function namedPlan(line: CommandLine): Promise<PlanSource> {
  return findPlan(line.positionals[0] ?? "");
}

function readFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new Error(reasonOf(error));
  }
}

/** The plan in an environment, or undefined after every problem with it was printed. */
export function readPlan(
  found: PlanSource,
  line: CommandLine,
  io: Io,
  env: Io["env"] = io.env,
  fleet?: PlanOverrides["fleet"],
): Plan | undefined {
  if (!found.ok) {
    io.err(`${found.message}\n`);
    return undefined;
  }
  const loaded = load(found, line, env, fleet);
  if (!loaded.ok) {
    io.err(renderProblems(loaded.problems, loaded.more));
    return undefined;
  }
  if (loaded.warnings.length > 0) io.err(renderProblems(loaded.warnings));
  return loaded.plan;
}

/** The stack that the plan asks for in an environment, whatever else is wrong with it. */
export function stackOf(found: PlanSource, line: CommandLine, env: Io["env"]): StackName {
  if (!found.ok) return "none";
  const loaded = load(found, line, env);
  return (loaded.ok ? loaded.plan.stack : loaded.stack) ?? "none";
}

function load(
  { text, source }: PlanSource & { ok: true },
  line: CommandLine,
  env: Io["env"],
  fleet?: PlanOverrides["fleet"],
): LoadedPlan {
  const overrides = planOverrides(line, fleet);
  const loaded = loadPlan({ text, source, env, catalogue, overrides, readFile });
  hide(loaded.ok ? loaded.plan.secrets : loaded.secrets);
  return loaded;
}
