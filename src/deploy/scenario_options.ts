/** Options of `deploy_loop` as a whole. */
import { z } from "zod";
import { duration, durationAboveZero, rateAboveZero } from "../plan/units.ts";
import { certificateOptions } from "../certctl/certificate_options.ts";
import { placesOf, target } from "./options.ts";
import { labelOf, placeOf } from "./target.ts";

/** A handshake costs about half a millisecond of CPU here, and as much at the daemon. */
const MOST_HANDSHAKES = 1_000;

const poll = z.strictObject({
  interval: durationAboveZero().prefault("100ms").describe("Between two questions, at first"),
  max_interval: durationAboveZero().prefault("2s").describe(
    "Each pause is twice the last, up to this",
  ),
  timeout: durationAboveZero().prefault("60s").describe(
    "For the certificate and its Deployment job to appear",
  ),
});

const kept = z.strictObject({
  rate: rateAboveZero().prefault("20/s").describe("Requests for the URL, over all connections"),
  connections: z.int().min(0).max(64).default(2).describe("Kept open for each target; 0: none"),
});

export const deployOptions = z.strictObject({
  target_type: z.enum(["nginx", "apache", "haproxy", "f5", "kubernetes", "other"]).describe(
    "Of all targets of the scenario; the server binds by it",
  ),
  targets: z.array(target).min(1).max(256).describe(
    "Each takes one deployment at a time; more of them, more at once",
  ),
  agent: z.enum(["simulated", "external"]).default("simulated").describe(
    "Who deploys: certload in the agent's place, or an agent that is there and is watched",
  ),
  agent_id: z.string().min(1).optional().describe(
    "An agent that the server knows, to act as; default: one is registered for the run",
  ),
  work: z.enum(["auto", "never"]).default("auto").describe(
    "auto: as the agent does, work is asked for (/work) where the server answers that",
  ),
  environment: z.string().max(50).optional().describe(
    "What the server binds to its target by; default: lt-deploy- and the target_type",
  ),
  ...certificateOptions,
  watch: rateAboveZero().prefault("100/s").refine((perS) => perS <= MOST_HANDSHAKES, {
    error: `must be ${MOST_HANDSHAKES}/s at most`,
  }).describe(
    "Fresh handshakes with a target around its deployment: the resolution of what is seen",
  ),
  kept: kept.prefault({}).describe("Requests on kept connections beside it"),
  served_within: durationAboveZero().prefault("30s").describe(
    "From the renewal; a target that serves the old certificate longer is late",
  ),
  deadline: durationAboveZero().prefault("60s").describe(
    "From the renewal; what is not served by then never was",
  ),
  hold: durationAboveZero().prefault("10s").describe(
    "The new certificate alone for so long holds; the old one after that is reverted",
  ),
  watch_after: duration().prefault("15s").describe(
    "A target is watched so long after its new certificate is served, or until it gets the next one",
  ),
  overlap: duration().prefault("1s").describe(
    "Old and new certificate in turns for longer than this is mixed",
  ),
  poll: poll.prefault({}),
}).superRefine((given, { addIssue }) => {
  // What has a wrong address is told of by itself, and has no place yet.
  const placed = given.targets.map((each) => URL.canParse(each.url) ? each : undefined);
  const places = placed.map((each) => each && placeOf(each));
  const labels = placed.map((each) => each && labelOf(each));
  const installed = new Map<string, number>();
  given.targets.forEach(({ install }, n) => {
    const path = ["targets", n];
    if (given.agent === "simulated" && install === undefined) {
      const message = "needs `install`: with `agent: simulated` it is certload that deploys";
      addIssue({ code: "custom", message, path });
    }
    if (given.agent === "external" && install !== undefined) {
      const message = "is for `agent: simulated`: an external agent installs by itself";
      addIssue({ code: "custom", message, path: [...path, "install"] });
    }
    if (places[n] === undefined) return;
    if (places.indexOf(places[n]) < n) {
      const message = `is ${places[n]} again: two deployments would meet on one target`;
      addIssue({ code: "custom", message, path });
    } else if (labels.indexOf(labels[n]) < n) {
      const message = `is called ${labels[n]} as another one is: nobody could tell them apart`;
      addIssue({ code: "custom", message, path });
    }
    for (const place of install === undefined ? [] : placesOf(install)) {
      const first = installed.get(place) ?? n;
      installed.set(place, first);
      if (first === n) continue;
      const message = `writes ${place}, as targets.${first} does: two deployments would meet in it`;
      addIssue({ code: "custom", message, path: [...path, "install"] });
    }
  });
  if (given.deadline < given.served_within) {
    const message = "must not be shorter than `served_within`";
    addIssue({ code: "custom", message, path: ["deadline"] });
  }
});

export type DeployOptions = z.output<typeof deployOptions>;

const ENVIRONMENT = "lt-deploy-";

/** What the server binds a certificate to its target by. */
export function environmentOf({ environment, target_type: type }: DeployOptions): string {
  return environment ?? `${ENVIRONMENT}${type}`;
}

/** The server's name of the target that such certificates are bound to; undefined where only the server knows. */
export function boundTargetOf(options: DeployOptions): string | undefined {
  const environment = environmentOf(options);
  if (!environment.startsWith(ENVIRONMENT)) return undefined;
  return `lt-${environment.slice(ENVIRONMENT.length)}`;
}
