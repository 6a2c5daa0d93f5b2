/**
 * `deploy_loop`: one arrival is one certificate's way through certctl until it is served: created, bound to a target by its
 * environment, renewed, issued, deployed, and seen in fresh TLS handshakes. The agent's part is certload's own
 * (`agent: simulated`) or somebody else's (`agent: external`). docs/lifecycle.md defines what is measured.
 */
import { CertctlAgent, HEARTBEAT_MS } from "../certctl/agent.ts";
import { CertctlApi } from "../certctl/api.ts";
import { newCertificate } from "../certctl/certificate_options.ts";
import { type AgentMade, setUpAgent } from "../deploy/agent_setup.ts";
import { DeploymentJobs } from "../deploy/deployment_jobs.ts";
import { shaker } from "../deploy/handshake.ts";
import { installerFor } from "../deploy/installer.ts";
import { KeptTrain } from "../deploy/kept.ts";
import { commandsOf, type TargetOptions } from "../deploy/options.ts";
import { type DeployOptions, deployOptions, environmentOf } from "../deploy/scenario_options.ts";
import { Sighting, type WatchLimits } from "../deploy/sighting.ts";
import { addressOf, DeployTarget, labelOf, Queue } from "../deploy/target.ts";
import type { Bounded, Timeline } from "../deploy/timeline.ts";
import { AGENT_STEPS, agentsWay, EXTERNAL_STEPS, externalWay, type Way } from "../deploy/way.ts";
import { DEPLOY_MEASURES } from "../deployment.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import { isLiteral } from "../http/resolve.ts";
import { unmeasured } from "../http/step.ts";
import type { FlowMeasures } from "../measures.ts";
import type { Flow, FlowContext, FlowDefinition, Iteration } from "./flow.ts";

const measures = {
  durations: {
    ...DEPLOY_MEASURES.durations,
    served: "renewal accepted to the new certificate alone: propagation's other end",
    issued: "renewal accepted to the certificate issued",
    install: "files written and the daemon told, or what stands for that",
    key_and_request: "making the key and the request for a certificate",
    target_wait: "waiting for a target on which another deployment was under way",
    poll_wait: "pauses between two questions",
  },
  counters: DEPLOY_MEASURES.counters,
  shares: DEPLOY_MEASURES.shares,
} as const satisfies FlowMeasures;

export const deployLoop: FlowDefinition<DeployOptions> = {
  name: "deploy_loop",
  summary: "A certificate created, renewed, issued, deployed, and watched until it is served",
  tier: "lifecycle",
  options: deployOptions,
  changes: () => "adds",
  makes: ({ agent, agent_id: agentId }) => {
    if (agent === "external") return undefined;
    const registered = agentId === undefined ? "an agent is registered; " : "";
    return `${registered}afterwards targets get back the certificates that they had`;
  },
  measures,
  places: ({ targets }) => targets.length,
  asksAgain: () => true,
  commands: ({ targets }) => commandsOf(targets),
  steps: ({ agent, work }) =>
    agent === "external"
      ? EXTERNAL_STEPS
      : AGENT_STEPS.filter((step) => step !== "work" || work === "auto"),
  setup: setUpAgent,
  create: (context) => new DeployLoop(context),
};

const INTERRUPTED: Failure = {
  class: "interrupted",
  message: "Interrupted before the certificate was served",
};

class DeployLoop implements Flow {
  readonly #context: FlowContext<DeployOptions>;
  readonly #api: CertctlApi;
  readonly #agent: CertctlAgent | undefined;
  readonly #way: Way;
  readonly #limits: WatchLimits;
  readonly #closed = new AbortController();
  #targets: readonly DeployTarget[] = [];
  #queue = new Queue<DeployTarget>([]);

  constructor(context: FlowContext<DeployOptions>) {
    const { options, target, clock, scenario } = context;
    const { agentId, asksForWork } = context.made as AgentMade;
    const api = new CertctlApi(target);
    const agent = agentId === undefined ? undefined : new CertctlAgent(api, agentId, scenario);
    const { interval, max_interval: longest, timeout } = options.poll;
    const poll = { intervalMs: interval, maxIntervalMs: longest, timeoutMs: timeout };
    const asking = asksForWork ? { agent: agent! } : {};
    const jobs = new DeploymentJobs({ api, clock, poll, ...asking });
    const given = { api, clock, jobs, poll };
    this.#context = context;
    this.#api = api;
    this.#agent = agent;
    this.#way = agent === undefined ? externalWay(given) : agentsWay(given, agent);
    this.#limits = limitsOf(options);
  }

  async prepare(): Promise<Failure | undefined> {
    const { options, share } = this.#context;
    const own = options.targets.filter((_, n) => n % share.count === share.index);
    this.#targets = await Promise.all(own.map((each) => openTarget(each, this.#context)));
    this.#queue = new Queue(this.#targets);
    if (share.index === 0) void this.#beat();
    return undefined;
  }

  async run(iteration: Iteration): Promise<Failure | undefined> {
    const names = this.#names(iteration);
    const created = await this.#create(iteration, names);
    if (isFailure(created)) return created;
    const target = await this.#take(iteration);
    if (target === undefined) return INTERRUPTED;
    const { clock } = this.#context;
    const by = this.#agent === undefined ? "agent" : "certload";
    const sighting = new Sighting(target, this.#limits, clock, by);
    const free = once(() => this.#queue.giveBack(target));
    try {
      await sighting.before(iteration.signal);
      const passage = { sender: iteration, certificateId: created.id, names, target, sighting };
      const failure = await this.#way(passage);
      if (failure !== undefined) return await this.#explained(failure, created.id);
      return await this.#watched(iteration, sighting, free);
    } finally {
      count(iteration, target);
      sighting.end();
      free();
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    for (const { kept } of this.#targets) kept.close();
    await Promise.resolve();
  }

  /** Until what the target serves is known, and then on for a while, in which others may have it. */
  async #watched(
    iteration: Iteration,
    sighting: Sighting,
    free: () => void,
  ): Promise<Failure | undefined> {
    const isSettled = await sighting.settles(iteration.signal);
    if (!isSettled && iteration.signal.aborted) return INTERRUPTED;
    free();
    if (isSettled) await sighting.lookOn(iteration.signal);
    const timeline = sighting.timeline();
    iteration.endsAt(timeline.nextNewUs ?? this.#context.clock.nowUs());
    tell(iteration, sighting, timeline);
    return sighting.failure(timeline);
  }

  /** Made before a target is waited for: the wait is not the generator's lateness. */
  async #create(
    iteration: Iteration,
    names: readonly string[],
  ): Promise<{ readonly id: string } | Failure> {
    const { options } = this.#context;
    const asked = newCertificate(options, names, environmentOf(options));
    const created = await this.#api.createCertificate(iteration, asked);
    return isFailure(created) ? created : created.value;
  }

  /** One that no other has, and those under which the targets are asked. */
  #names({ id }: Iteration): readonly string[] {
    const { domain, targets } = this.#context.options;
    return [`${id}.${domain}`, ...hostNames(targets)];
  }

  async #take(iteration: Iteration): Promise<DeployTarget | undefined> {
    const { clock } = this.#context;
    const startedUs = clock.nowUs();
    const target = await this.#queue.take(iteration.signal);
    iteration.observe("target_wait", clock.nowUs() - startedUs);
    return target;
  }

  /** What the server binds the certificate to says why no job has come. */
  async #explained(failure: Failure, certificateId: string): Promise<Failure> {
    if (failure.class !== "timeout" || !failure.message.includes("Deployment job of")) {
      return failure;
    }
    const environment = environmentOf(this.#context.options);
    const bound = await this.#api.boundTargets(unmeasured(this.#context), certificateId);
    const isBound = !isFailure(bound) && bound.value.items.length > 0;
    const why = isBound
      ? "it is bound to a target, so the server made no job for it: with CERTCTL_KEYGEN_MODE=server " +
        "it makes keys itself, and no agent could install them"
      : `it is bound to no target: certctl has no API for that, so the server's database has to bind ` +
        `what is created with environment ${environment} to a target (docs/lifecycle.md has the ` +
        "trigger), or `environment` has to be one that it binds";
    return { ...failure, message: `${failure.message}; ${why}` };
  }

  /** An agent that is not heard of for two minutes is taken for dead. */
  async #beat(): Promise<void> {
    const agent = this.#agent;
    if (agent === undefined) return;
    const { clock, client, timeoutMs } = this.#context;
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await agent.heartbeat(unmeasured({ client, timeoutMs, signal }));
      await clock.sleepUntil(clock.nowUs() + HEARTBEAT_MS * 1000, signal);
    }
  }
}

async function openTarget(
  given: TargetOptions,
  { options, client, clock, timeoutMs }: FlowContext<DeployOptions>,
): Promise<DeployTarget> {
  const { url, install } = given;
  const label = labelOf(given);
  const address = addressOf(given);
  const { rate: perS, connections } = options.kept;
  return new DeployTarget({
    label,
    clock,
    perS: options.watch,
    shake: shaker({ url, address, clock, timeoutMs }),
    kept: await KeptTrain.open({ url, address, clock, perS, connections, timeoutMs }),
    ...(install && { installer: installerFor(install, label, { client, clock, timeoutMs }) }),
  });
}

function hostNames(targets: readonly TargetOptions[]): readonly string[] {
  const hosts = targets.map(({ url }) => new URL(url).hostname);
  return [...new Set(hosts.filter((host) => !isLiteral(host.replace(/^\[|\]$/g, ""))))];
}

function limitsOf(options: DeployOptions): WatchLimits {
  return {
    holdUs: options.hold * 1000,
    servedWithinUs: options.served_within * 1000,
    overlapUs: options.overlap * 1000,
    deadlineUs: options.deadline * 1000,
    watchAfterUs: options.watch_after * 1000,
  };
}

/** What became of the deployment, in every figure that is told of it. */
function tell(iteration: Iteration, sighting: Sighting, timeline: Timeline): void {
  const { verdict, propagation, overlap, staleness, nextNewUs } = timeline;
  const { requestedUs, issuedUs } = sighting;
  iteration.deployment(sighting.deployment(timeline));
  if (verdict !== "served") iteration.count(verdict);
  if (requestedUs === undefined) return;
  if (issuedUs !== undefined) iteration.observe("issued", issuedUs - requestedUs);
  if (nextNewUs !== undefined) iteration.observe("served", nextNewUs - requestedUs);
  const durations = { propagation, overlap, staleness };
  for (const [name, value] of Object.entries(durations)) {
    if (value !== undefined) iteration.observe(name, value.atLeastUs);
  }
  const interval = propagation && widthOf(propagation);
  if (interval !== undefined) iteration.observe("watch_interval", interval);
}

function widthOf({ atLeastUs, atMostUs }: Bounded): number | undefined {
  return Number.isFinite(atMostUs) ? atMostUs - atLeastUs : undefined;
}

function count(iteration: Iteration, target: DeployTarget): void {
  for (const [name, number] of Object.entries(target.takeCounts())) {
    if (number > 0) iteration.count(name, number);
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
