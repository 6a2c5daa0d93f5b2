/** A command's work with the servers that it asked for: started before, ended after, whatever happens in between. */
import type { PlanOverrides } from "../plan/overrides.ts";
import type { Plan, StackName } from "../plan/plan.ts";
import { embeddedStack } from "../stack/embedded.ts";
import type { Stack, StackEnvironment, StackReady } from "../stack/stack.ts";
import { foreign, foreignLines } from "../terminal.ts";
import { exit, EXIT_CODES, verdictLine } from "../verdict/exit.ts";
import type { Outcome } from "./command.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";
import { namedPlan, readPlan, stackOf } from "./plan_flags.ts";
import { ALLOW_COMMANDS, whyNotAllowed } from "./plan_commands.ts";
import type { PlanSource } from "./plan_source.ts";

export const STACK_FLAG: FlagSpec = {
  name: "stack",
  value: "NAME",
  help:
    "servers to start for the run: none, embedded (the lab), compose; default: what the plan says",
};

export const STACK_FLAGS: readonly FlagSpec[] = [
  STACK_FLAG,
  {
    name: "compose-command",
    value: "C",
    help:
      "docker compose, docker-compose, podman compose or a path; default: the first that answers",
  },
  {
    name: "compose-file",
    value: "FILE",
    many: true,
    help: "compose files in place of the shipped one: the base, then overrides",
  },
  ALLOW_COMMANDS,
  { name: "keep-stack", help: "leave the containers running after the run" },
];

export interface StackedPlan {
  readonly plan: Plan;
  readonly stack: { readonly name: string; readonly description: string };
}

/** A command's work. */
type Use = (stacked: StackedPlan, io: Io) => Promise<Outcome>;

interface StackedOptions {
  /** In place of the plan's section. */
  readonly fleet?: PlanOverrides["fleet"];
  /** What stands against the work whatever a stack will tell, so that none is started for nothing. */
  readonly problemsOf?: (plan: Plan) => Promise<string[]>;
}

const COMMON: Omit<StackEnvironment, "CERTLOAD_LAB_CONTROL"> = {
  CERTCTL_BASE: "https://stack.invalid",
  CERTCTL_TOKEN: "the-stack-will-tell",
  CERTCTL_ADMIN_TOKEN: "the-stack-will-tell",
  NGINX_TARGET_URL: "https://nginx.stack.invalid",
  APACHE_TARGET_URL: "https://apache.stack.invalid",
  HAPROXY_TARGET_URL: "https://haproxy.stack.invalid",
  F5_TARGET_URL: "https://f5.stack.invalid",
  CERTCTL_ACME_DIRECTORY: "https://stack.invalid/directory",
  CERTLOAD_ACME_CHALLENGE_DIRECTORY: "https://stack.invalid/directory",
  CERTLOAD_METRICS_URL: "https://stack.invalid/metrics",
  CERTLOAD_CA_FILE: "",
};

/**
 * Stands in, while a plan is read for the first times, for what a stack will tell: the plan has to be found right before
 * anything is started. Targets differ, as they will: a plan may ask that no two of its own are one.
 */
const TO_COME: Readonly<Record<StackName, Readonly<Record<string, string>>>> = {
  none: {},
  embedded: {
    ...COMMON,
    CERTLOAD_LAB_CONTROL: "http://stack.invalid",
    NGINX_2_TARGET_URL: "https://nginx-2.stack.invalid",
  },
  compose: {
    ...COMMON,
    NGINX_CERTIFICATES: "certificates/nginx",
    NGINX_RELOAD: "docker exec CONTAINER nginx -s reload",
    APACHE_CERTIFICATES: "certificates/apache",
    APACHE_RELOAD: "docker exec CONTAINER httpd -k graceful",
    HAPROXY_CERTIFICATES: "certificates/haproxy",
    HAPROXY_RUNTIME: "stack.invalid:9999",
  },
};

/** Which one the plan asks for; what it says may be a variable's, so those of all stacks are there. */
function stackFor(found: PlanSource, line: CommandLine, io: Io): StackName {
  return stackOf(found, line, { ...TO_COME.embedded, ...TO_COME.compose, ...io.env });
}

/** The plan as its stack will make it, as far as that is known before one is started; undefined as from `readPlan`. */
export async function expectedPlan(line: CommandLine, io: Io): Promise<Plan | undefined> {
  const found = await namedPlan(line);
  return readPlan(found, line, io, { ...io.env, ...TO_COME[stackFor(found, line, io)] });
}

/** Reads the plan, starts its stack, reads the plan again in the stack's environment, and hands it to `use`. */
export async function withStack(
  line: CommandLine,
  io: Io,
  use: Use,
  { fleet, problemsOf }: StackedOptions = {},
): Promise<Outcome> {
  const found = await namedPlan(line);
  const name = stackFor(found, line, io);
  const stack = await stackNamed(name, line);
  if (stack === undefined) {
    return await useEnvironment({}, NO_STACK, { found, line, fleet }, io, use);
  }
  const silent = { ...io, err: () => {} };
  const expected = readPlan(found, line, silent, { ...TO_COME[name], ...io.env }, fleet);
  if (expected === undefined) {
    return await useEnvironment(TO_COME[name], NO_STACK, { found, line, fleet }, io, use);
  }
  const refused = whyNotAllowed(expected, line);
  if (refused) return refused;
  const problems = await problemsOf?.(expected) ?? [];
  if (problems.length > 0) return problems;
  let code: Outcome = EXIT_CODES.passed;
  try {
    code = await useStack(stack, { found, line, fleet }, io, use);
  } finally {
    const leftOver = await stack.stop();
    if (leftOver !== undefined) {
      io.err(`${leftOver}\n`);
      // Servers that are left running are not what was asked for; a verdict on the run itself goes before.
      if (code === EXIT_CODES.passed) {
        const left = exit("not_ready", "all else passed, and the stack could not be taken down");
        io.err(verdictLine(left));
        code = left.code;
      }
    }
  }
  return code;
}

/** The plan's text, and the command line that changes it. */
interface Named {
  readonly found: PlanSource;
  readonly line: CommandLine;
  readonly fleet: PlanOverrides["fleet"];
}

const NO_STACK = { name: "none", description: "a server that was running" };

/** The plan as it is in this environment, or every problem with it. */
async function useEnvironment(
  environment: StackReady["environment"],
  stack: StackedPlan["stack"],
  { found, line, fleet }: Named,
  io: Io,
  use: Use,
): Promise<Outcome> {
  const plan = readPlan(found, line, io, { ...io.env, ...environment }, fleet);
  if (plan === undefined) return EXIT_CODES.bad_input;
  const refused = whyNotAllowed(plan, line);
  if (refused) return refused;
  return await use({ plan, stack }, io);
}

async function useStack(
  stack: Stack,
  named: Named,
  io: Io,
  use: Use,
): Promise<Outcome> {
  const progress = (text: string): void => io.err(`${foreign(text)}\n`);
  const started = await stack.start({ progress, signal: io.interrupt.soft });
  if (io.interrupt.soft.aborted) return EXIT_CODES.interrupted;
  if (!started.ok) {
    io.err(`${foreignLines(started.message)}\n`);
    return EXIT_CODES.not_ready;
  }
  const { environment, description } = started;
  return await useEnvironment(environment, { name: stack.name, description }, named, io, use);
}

async function stackNamed(name: StackName, line: CommandLine): Promise<Stack | undefined> {
  if (name === "none") return undefined;
  if (name === "embedded") return embeddedStack();
  const { composeStack } = await import("../stack/compose.ts");
  const command = line.value("compose-command");
  const files = line.values("compose-file");
  return composeStack({
    ...(command !== undefined && { command }),
    ...(files.length > 0 && { files }),
    keep: line.has("keep-stack"),
  });
}
