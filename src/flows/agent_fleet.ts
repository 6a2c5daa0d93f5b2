/**
 * `agent_fleet`: what a fleet of certctl's agents costs the server when nothing happens. One arrival is one poll of one
 * agent: a heartbeat each minute, a look for work each half minute, over a connection of the agent's own. The agents are
 * registered before the clock and retired after it; the rate follows from their number.
 */
import { z } from "zod";
import { CertctlAgent, HEARTBEAT_MS, WORK_POLL_MS } from "../certctl/agent.ts";
import { CertctlApi } from "../certctl/api.ts";
import { Fleet, pollsPerSecond } from "../certctl/fleet.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Sender } from "../http/step.ts";
import { duration, durationAboveZero } from "../plan/units.ts";
import type { Flow, FlowContext, FlowDefinition, Iteration, SetupContext } from "./flow.ts";

const options = z.strictObject({
  agents: z.int().min(1).max(100_000).default(100).describe("How many; the rate follows from it"),
  heartbeat: durationAboveZero().prefault(`${HEARTBEAT_MS / 1000}s`).describe(
    "Period of each agent's heartbeats; certctl's agent has no other",
  ),
  work: durationAboveZero().prefault(`${WORK_POLL_MS / 1000}s`).describe(
    "Period of each agent's looks for work; certctl's agent has no other",
  ),
  jitter: duration().prefault("2s").describe(
    "How much earlier or later than its period a poll may come; 0: not at all",
  ),
  seed: z.int().min(0).max(2 ** 31 - 1).default(1).describe(
    "Of the agents' order and of the jitter: the same seed, the same polls",
  ),
  connections: z.enum(["per_agent", "shared"]).default("per_agent").describe(
    "Whether each agent keeps a connection of its own, as certctl's does (HTTP/1.1), or all take what is idle",
  ),
  parallel: z.int().min(1).max(256).default(16).describe("Requests at a time before the clock"),
});

type Options = z.output<typeof options>;

export const agentFleet: FlowDefinition<Options> = {
  name: "agent_fleet",
  summary: "Heartbeats and looks for work of a fleet of agents that have nothing to do",
  tier: "lifecycle",
  options,
  changes: () => "idempotent",
  makes: ({ agents }) => `${agents} agents`,
  rate: ({ agents, heartbeat, work }) =>
    pollsPerSecond({ agents, heartbeatMs: heartbeat, workMs: work }),
  // A connection is in one thread, so an agent is too.
  places: ({ agents, connections }) => connections === "per_agent" ? 1 : agents,
  requests: () => 1,
  steps: () => ["heartbeat", "work"],
  setup,
  create: (context) => new AgentFleet(context),
};

interface Made {
  /** Ids of the agents, by number. */
  readonly agents: readonly { readonly id: string; readonly name: string }[];
}

async function setup(context: SetupContext<Options>): Promise<{ readonly made: Made } | Failure> {
  const { options, target, runId, scenario, signal, progress } = context;
  const api = new CertctlApi(target);
  const agents = new Array<{ id: string; name: string }>(options.agents);
  let next = 0, done = 0;
  let failure: Failure | undefined;
  const some = async (): Promise<void> => {
    while (failure === undefined && !signal.aborted && next < agents.length) {
      const n = next++;
      const name = `${runId}-${scenario}-${n}`;
      const agent = await CertctlAgent.registerForRun(api, context, name);
      if (isFailure(agent)) {
        failure ??= { ...agent, message: `Registering agent ${n}: ${agent.message}` };
        return;
      }
      agents[n] = { id: agent.id, name: agent.name };
      progress(++done, agents.length, "agents registered");
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.parallel, agents.length) }, some));
  if (failure !== undefined) return failure;
  if (signal.aborted) {
    return {
      class: "interrupted",
      message: `Interrupted after ${done} of ${agents.length} agents`,
    };
  }
  return { made: { agents } };
}

class AgentFleet implements Flow {
  readonly #fleet: Fleet;
  readonly #agents: readonly CertctlAgent[];
  readonly #ownConnections: boolean;

  constructor({ options, target, made }: FlowContext<Options>) {
    const api = new CertctlApi(target);
    this.#agents = (made as Made).agents.map(({ id, name }) => new CertctlAgent(api, id, name));
    this.#ownConnections = options.connections === "per_agent";
    this.#fleet = new Fleet({
      agents: options.agents,
      heartbeatMs: options.heartbeat,
      workMs: options.work,
      jitterMs: options.jitter,
      seed: options.seed,
    });
  }

  async run(iteration: Iteration): Promise<Failure | undefined> {
    const { agent: n, kind } = this.#fleet.poll(iteration.index);
    const agent = this.#agents[n]!;
    const sender = this.#ownConnections ? onConnection(iteration, agent.id) : iteration;
    const answer = kind === "heartbeat" ? await agent.heartbeat(sender) : await agent.work(sender);
    return isFailure(answer) ? answer : undefined;
  }
}

/** The same sender, and all that it sends goes over one connection. */
function onConnection(sender: Sender, connection: string): Sender {
  return {
    signal: sender.signal,
    step: (step, request, expect, options) =>
      sender.step(step, request, expect, { ...options, connection }),
    observe: (name, durationUs) => sender.observe(name, durationUs),
    count: (name, by) => sender.count(name, by),
    gauge: (name, value) => sender.gauge(name, value),
    deployment: (deployment) => sender.deployment(deployment),
  };
}
