/** A command's work with the servers that it asked for: started before, ended after, whatever happens in between. */
import type { Plan } from "../plan/plan.ts";
import { embeddedStack } from "../stack/embedded.ts";
import type { Stack, StackName } from "../stack/stack.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";
import { openPlan } from "./plan_flags.ts";

export const STACK_FLAGS: readonly FlagSpec[] = [
  {
    name: "stack",
    value: "NAME",
    help:
      "servers to start for the run: none, embedded (the lab), compose; default: what the plan says",
  },
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
  { name: "keep-stack", help: "leave the containers running after the run" },
];

export interface StackedPlan {
  readonly plan: Plan;
  readonly stack: { readonly name: string; readonly description: string };
}

/**
 * Loads the plan, starts its stack, loads the plan again in the stack's environment, and hands it to `use`. A bad plan is
 * found before anything is started.
 */
export async function withStack(
  line: CommandLine,
  io: Io,
  use: (stacked: StackedPlan) => Promise<number>,
): Promise<number> {
  const first = await openPlan(line, io);
  if (first === undefined) return EXIT_CODES.bad_input;
  // A target named on the command line is the one that is meant, whatever the plan would start.
  const fallback = line.value("target") === undefined ? first.stack : "none";
  const stack = await stackNamed(line.value("stack") ?? fallback, line);
  if (stack === "unknown") {
    io.err(`Unknown stack "${line.value("stack")}": use none, embedded or compose\n`);
    return EXIT_CODES.bad_input;
  }
  if (stack === undefined) {
    return await use({
      plan: first,
      stack: { name: "none", description: "a server that was running" },
    });
  }
  try {
    return await useStack(stack, line, io, use);
  } finally {
    const leftOver = await stack.stop();
    if (leftOver !== undefined) io.err(`${leftOver}\n`);
  }
}

async function useStack(
  stack: Stack,
  line: CommandLine,
  io: Io,
  use: (stacked: StackedPlan) => Promise<number>,
): Promise<number> {
  const progress = (text: string): void => io.err(`${text}\n`);
  const started = await stack.start({ progress, signal: io.interrupt.soft });
  if (io.interrupt.soft.aborted) return EXIT_CODES.interrupted;
  if (!started.ok) {
    io.err(`${started.message}\n`);
    return EXIT_CODES.not_ready;
  }
  const plan = await openPlan(line, io, { ...io.env, ...started.environment });
  if (plan === undefined) return EXIT_CODES.bad_input;
  return await use({ plan, stack: { name: stack.name, description: started.description } });
}

async function stackNamed(
  name: StackName | string,
  line: CommandLine,
): Promise<Stack | undefined | "unknown"> {
  if (name === "none") return undefined;
  if (name === "embedded") return embeddedStack();
  if (name !== "compose") return "unknown";
  const { composeStack } = await import("../stack/compose.ts");
  const command = line.value("compose-command");
  const files = line.values("compose-file");
  return composeStack({
    ...(command !== undefined && { command }),
    ...(files.length > 0 && { files }),
    keep: line.has("keep-stack"),
  });
}
