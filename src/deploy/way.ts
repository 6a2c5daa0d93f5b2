/** A certificate's way from its renewal to its target: as certctl's agent goes it, or as an agent that is watched does. */
import { X509Certificate } from "node:crypto";
import { type CertctlAgent, type KeyAndRequest, keyAndRequest } from "../certctl/agent.ts";
import type { CertctlApi } from "../certctl/api.ts";
import type { Clock } from "../clock.ts";
import { equalBytes } from "../der.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Sender } from "../http/step.ts";
import { createWait } from "../http/wait.ts";
import { foreign } from "../terminal.ts";
import { type Bundle, bundleOf } from "./bundle.ts";
import type { DeploymentJobs, PollOptions } from "./deployment_jobs.ts";
import type { Sighting } from "./sighting.ts";
import type { DeployTarget } from "./target.ts";

/** One arrival's certificate, and the target whose turn it is. */
export interface Passage {
  readonly sender: Sender;
  readonly certificateId: string;
  /** The first is its common name. */
  readonly names: readonly string[];
  readonly target: DeployTarget;
  readonly sighting: Sighting;
}

/** From the renewal to its completion; what is served is seen elsewhere. */
export type Way = (passage: Passage) => Promise<Failure | undefined>;

export interface WayOptions {
  readonly api: CertctlApi;
  readonly clock: Clock;
  readonly jobs: DeploymentJobs;
  readonly poll: PollOptions;
}

export const AGENT_STEPS = ["create", "renew", "work", "csr", "jobs", "fetch", "report"];
export const EXTERNAL_STEPS = ["create", "renew", "versions", "jobs", "job"];

/** What certctl's agent does, step by step. */
export function agentsWay(options: WayOptions, agent: CertctlAgent): Way {
  return async (passage) => {
    const failure = await renew(options.api, passage);
    if (failure !== undefined) return failure;
    const made = await issue(options, agent, passage);
    if (isFailure(made)) return made;
    const jobId = await options.jobs.deploymentOf(passage.sender, passage.certificateId);
    if (isFailure(jobId)) return jobId;
    const bundle = await fetched(agent, passage, made.pair);
    if (isFailure(bundle)) return bundle;
    passage.sighting.issued(bundle.fingerprint, made.issuedUs);
    return await deploy(options, agent, passage, bundle, jobId);
  };
}

/** The renewal is accepted, which is what all durations are counted from. */
async function renew(
  api: CertctlApi,
  { sender, certificateId, sighting }: Passage,
): Promise<Failure | undefined> {
  const renewed = await api.renew(sender, certificateId);
  if (isFailure(renewed)) return renewed;
  sighting.requestedUs = renewed.exchange.endedUs;
}

async function issue(
  { clock, jobs }: WayOptions,
  agent: CertctlAgent,
  { sender, certificateId, names }: Passage,
): Promise<{ readonly pair: KeyAndRequest; readonly issuedUs: number } | Failure> {
  const work = await jobs.takeWork(sender);
  if (isFailure(work)) return work;
  const startedUs = clock.nowUs();
  const pair = await keyAndRequest(names);
  sender.observe("key_and_request", clock.nowUs() - startedUs);
  const signed = await agent.submitCsr(sender, certificateId, pair.csrPem);
  return isFailure(signed) ? signed : { pair, issuedUs: signed.exchange.endedUs };
}

/** With the key that the request was made of: another key would not serve. */
async function fetched(
  agent: CertctlAgent,
  { sender, certificateId }: Passage,
  { keyPem, spki }: KeyAndRequest,
): Promise<Bundle | Failure> {
  const answer = await agent.fetchCertificate(sender, certificateId);
  if (isFailure(answer)) return answer;
  const bundle = bundleOf(answer.value, keyPem);
  if (typeof bundle === "string") {
    return { class: "unexpected_body", message: `The certificate cannot be read: ${bundle}` };
  }
  return keyOf(bundle.leafPem, spki) ?? bundle;
}

function keyOf(leafPem: string, spki: Uint8Array): Failure | undefined {
  try {
    const key = new X509Certificate(leafPem).publicKey.export({ type: "spki", format: "der" });
    if (equalBytes(key, spki)) return undefined;
  } catch {
    return { class: "unexpected_body", message: "The certificate cannot be read: no X.509 in it" };
  }
  return {
    class: "wrong_certificate",
    message: "The certificate that was fetched is not for the key of the request",
  };
}

async function deploy(
  { clock }: WayOptions,
  agent: CertctlAgent,
  { sender, target, sighting }: Passage,
  bundle: Bundle,
  jobId: string,
): Promise<Failure | undefined> {
  const running = await agent.report(sender, jobId, "Running");
  if (isFailure(running)) return running;
  sighting.arrives();
  const startedUs = clock.nowUs();
  const failure = await target.installer!.install(bundle, sender.signal);
  sender.observe("install", clock.nowUs() - startedUs);
  if (failure !== undefined) {
    await agent.report(sender, jobId, "Failed", failure.message);
    return failure;
  }
  const completed = await agent.report(sender, jobId, "Completed");
  if (isFailure(completed)) return completed;
  sighting.reportedUs = completed.exchange.endedUs;
}

/** Asks and waits, while an agent that is already there does the work. */
export function externalWay(options: WayOptions): Way {
  return async (passage) => {
    passage.sighting.arrives();
    const failure = await renew(options.api, passage) ?? await awaitIssued(options, passage);
    if (failure !== undefined) return failure;
    const { sender, certificateId, sighting } = passage;
    const jobId = await options.jobs.deploymentOf(sender, certificateId);
    if (isFailure(jobId)) return jobId;
    const ended = await options.jobs.endOf(sender, jobId, sighting.deadlineUs);
    if (isFailure(ended)) return ended;
    const { job: { status, lastError }, seenUs } = ended;
    if (status !== "Completed") {
      const why = lastError === undefined ? "" : `: ${foreign(lastError, 200)}`;
      return {
        class: "unexpected_body",
        message: `The agent's Deployment job ${jobId} is ${foreign(status, 40)}${why}`,
      };
    }
    sighting.reportedUs = seenUs;
  };
}

async function awaitIssued(
  { api, clock, poll }: WayOptions,
  { sender, certificateId, sighting }: Passage,
): Promise<Failure | undefined> {
  const wait = createWait({
    clock,
    what: `a version of certificate ${certificateId}, which an agent has to send a request for`,
    ...poll,
    timeoutOption: "poll.timeout",
    honourRetryAfter: true,
    signal: sender.signal,
    observe: (name, durationUs) => sender.observe(name, durationUs),
  });
  for (;;) {
    const answer = await api.versions(sender, certificateId, 1);
    if (isFailure(answer)) return answer;
    const { value: { items: [newest] }, exchange } = answer;
    if (newest !== undefined) {
      sighting.issued(newest.fingerprintSha256, exchange.endedUs);
      return undefined;
    }
    const late = await wait(exchange);
    if (late !== undefined) return late;
  }
}
