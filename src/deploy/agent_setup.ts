/** What is there before the first deployment: an agent that the server knows, and the certificates that targets have. */
import { CertctlAgent, type RunSetup } from "../certctl/agent.ts";
import { CertctlApi, type NewTarget } from "../certctl/api.ts";
import type { Clock } from "../clock.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import { unmeasured } from "../http/step.ts";
import type { Target } from "../plan/plan.ts";
import { installerFor } from "./installer.ts";
import { boundTargetOf, type DeployOptions } from "./scenario_options.ts";
import { labelOf } from "./target.ts";

/** Plain data, for the workers. */
export interface AgentMade {
  /** Absent: with an external agent. */
  readonly agentId?: string;
  /** The server answers `/work`. */
  readonly asksForWork: boolean;
}

export interface AgentSetup extends RunSetup {
  readonly options: DeployOptions;
  readonly target: Target;
  readonly scenario: string;
  readonly clock: Clock;
  readonly runId: string;
}

export async function setUpAgent(
  setup: AgentSetup,
): Promise<{ readonly made: AgentMade } | Failure> {
  if (setup.options.agent === "external") return { made: { asksForWork: false } };
  const failure = await keepFormer(setup);
  if (failure !== undefined) return failure;
  const agent = await agentOf(setup);
  if (isFailure(agent)) return agent;
  return { made: { agentId: agent.id, asksForWork: await asksForWork(setup, agent) } };
}

/** What targets have now, so that they have it again afterwards. */
async function keepFormer(setup: AgentSetup): Promise<Failure | undefined> {
  const { options, client, clock, timeoutMs, signal, undo } = setup;
  for (const given of options.targets) {
    const installer = installerFor(given.install!, labelOf(given), { client, clock, timeoutMs });
    const former = await installer.former(signal);
    if (isFailure(former)) return former;
    if (former !== undefined) undo(former.what, former.restore);
  }
}

async function agentOf(setup: AgentSetup): Promise<CertctlAgent | Failure> {
  const { options, target, scenario, runId } = setup;
  const api = new CertctlApi(target);
  if (options.agent_id !== undefined) return new CertctlAgent(api, options.agent_id, scenario);
  const name = `certload-${runId}-${scenario}`.slice(0, 128);
  return await CertctlAgent.registerForRun(api, setup, name);
}

/** certctl's word for a target type. */
const CERTCTL_TYPES: Readonly<Record<string, string>> = {
  nginx: "NGINX",
  apache: "Apache",
  haproxy: "HAProxy",
  f5: "F5",
  kubernetes: "KubernetesSecrets",
  other: "SSH",
};

/**
 * Work is told to the agent that a target belongs to, so the agent gets one of its own. certctl as shipped answers
 * `/work` with 500: then its jobs are looked for, and whose target it is does not matter.
 */
async function asksForWork(setup: AgentSetup, agent: CertctlAgent): Promise<boolean> {
  const { options, target, client, timeoutMs, undo } = setup;
  const sender = unmeasured(setup);
  if (options.work === "never" || isFailure(await agent.work(sender))) return false;
  if (options.agent_id !== undefined) return true;
  const name = boundTargetOf(options);
  if (name === undefined) return false;
  const api = new CertctlApi(target);
  const given: NewTarget = {
    name,
    type: CERTCTL_TYPES[options.target_type]!,
    agentId: agent.id,
  };
  const made = await api.createTarget(sender, given);
  if (isFailure(made)) return false;
  const { id } = made.value;
  undo(`target ${id} (${given.name})`, async (signal) => {
    const deleted = await api.deleteTarget(unmeasured({ client, timeoutMs, signal }), id);
    return isFailure(deleted) ? deleted : undefined;
  });
  return true;
}
