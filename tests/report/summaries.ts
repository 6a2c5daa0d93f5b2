/** Summaries of made-up runs for the reports: a passed one, and one of each way to end otherwise. */
import type { Deployment, ServedState } from "../../src/deployment.ts";
import type { Run } from "../../src/metrics/run.ts";
import { summarize } from "../../src/metrics/summary.ts";
import type { Summary } from "../../src/metrics/summary_schema.ts";
import type { Threshold } from "../../src/plan/threshold.ts";
import { conclude } from "../../src/verdict/conclude.ts";
import { peerOf } from "../metrics/exchanges.ts";
import {
  type MadeScenario,
  percentileOf,
  runOf,
  START_US,
  thresholdOf,
  workerFacts,
} from "../metrics/runs.ts";

export function concluded(run: Run, baseline?: Summary): Summary {
  return conclude(summarize(run), { plan: run.plan, baseline });
}

function limit(percentile: number, ms: number, step?: string): Threshold {
  const text = `${step ? `${step} ` : ""}p${percentile} < ${ms}ms`;
  return thresholdOf(text, percentileOf(percentile), "<", ms, step);
}

const CREATE: MadeScenario = {
  name: "issuance_acceptance",
  ratePerS: 50,
  durationS: 20,
  medianUs: 8000,
  thresholds: [limit(95, 2000), limit(99, 5000)],
};
const LIST: MadeScenario = {
  name: "list_certificates",
  ratePerS: 50,
  durationS: 20,
  medianUs: 3000,
  startAfterMs: 5000,
  thresholds: [limit(95, 800), limit(99, 2000)],
};
const NGINX: MadeScenario = {
  name: "nginx_handshake",
  tier: "connector",
  flow: "tls_handshake",
  targetType: "nginx",
  steps: ["handshake"],
  fresh: peerOf("nginx.test"),
  ratePerS: 2,
  durationS: 20,
  medianUs: 2500,
  thresholds: [limit(95, 1000), limit(99, 3000)],
};
const ACME: MadeScenario = {
  name: "acme_directory_and_nonce",
  tier: "acme",
  flow: "acme_unauthenticated",
  steps: ["directory", "new_nonce", "renewal_info"],
  ratePerS: 20,
  durationS: 20,
  thresholds: [limit(95, 500, "directory"), limit(95, 300, "new_nonce")],
};

const ERROR_RATE = thresholdOf("error_rate < 1%", { kind: "error_rate" }, "<", 0.01);

export function passedRun(): Run {
  return runOf([CREATE, LIST, NGINX, ACME], { thresholds: [ERROR_RATE] });
}

/** Against the lab, with failures, a broken threshold and one without a sample. */
export function failedRun(): Run {
  const failure: MadeScenario["failure"] = (i) =>
    i % 25 === 0
      ? {
        class: "status_5xx",
        message: "POST https://localhost:8443/api/v1/certificates answered HTTP 500, not 201",
      }
      : i % 90 === 7
      ? { class: "timeout", message: "No answer from https://localhost:8443 within 30 s" }
      : undefined;
  const handshake = thresholdOf(
    "tls_handshake p95 < 1s",
    { kind: "duration", metric: "tls_handshake", stat: "percentile", percentile: 95 },
    "<",
    1000,
  );
  return runOf([{ ...CREATE, failure }, { ...LIST, thresholds: [handshake] }], {
    thresholds: [ERROR_RATE],
    target: { lab: true },
    stack: { name: "embedded", description: "the embedded lab" },
  });
}

/** How the one in twenty that goes wrong does so. */
const WRONG_ENDS = ["late", "wrong", "mixed", "reverted", "never"] as const;

/** Deployments watched 200 times a second; `odd`: every twentieth goes wrong. */
function deployed(count: number, odd: boolean): NonNullable<MadeScenario["own"]> {
  return (recorder, startUs) => {
    for (let i = 0; i < count; i++) {
      const requestedUs = startUs + i * 40_000;
      const swapMs = 150 + (i * 37) % 180;
      const verdict = odd && i % 20 === 7 ? WRONG_ENDS[Math.floor(i / 20) % 5]! : "served";
      recorder.deployment(watched(requestedUs, swapMs, verdict));
      recorder.observe("propagation", swapMs * 1000);
      recorder.observe("overlap", verdict === "mixed" ? 60_000 : 0);
      recorder.observe("staleness", verdict === "late" ? 400_000 : 5_000);
      if (verdict !== "served") recorder.count(verdict);
      for (let n = 0; n < 40; n++) recorder.observe("watch_interval", 4_980 + n);
      recorder.count("watch_handshakes", 40);
      recorder.count("kept_requests", 10);
    }
    if (!odd) return;
    recorder.count("handshake_failures", 3);
    recorder.count("reset_requests", 4);
  };
}

function watched(
  requestedUs: number,
  swapMs: number,
  verdict: Deployment["verdict"],
): Deployment {
  const at = (ms: number): number => requestedUs + ms * 1000;
  const span = (state: ServedState, from: number, to: number) => (
    { state, fromUs: at(from), toUs: at(to) }
  );
  const next = swapMs + 5;
  const [before, after] = [span("old", -200, swapMs), span("new", next, 1000)];
  const spans: Readonly<Record<Deployment["verdict"], Deployment["spans"]>> = {
    served: [before, after],
    late: [span("old", -200, swapMs + 400), span("new", next + 400, 1000)],
    mixed: [before, span("mixed", next, next + 60), span("new", next + 65, 1000)],
    wrong: [before, span("wrong", next, next + 90), span("new", next + 95, 1000)],
    reverted: [before, span("new", next, 600), span("old", 605, 1000)],
    never: [span("old", -200, 500), span("unreachable", 505, 1000)],
  };
  return {
    target: `127.0.0.1:${9443 + swapMs % 3} web-1.example.com`,
    by: "certload",
    requestedUs,
    issuedUs: at(80),
    reportedUs: at(swapMs + 20),
    ...(verdict !== "never" && { firstNewUs: at(next), nextNewUs: at(next) }),
    lastOldUs: at(swapMs),
    verdict,
    spans: spans[verdict],
  };
}

/** 500 jobs, 25 at a time, each at work for a second: 20 s in all. */
const bulk: NonNullable<MadeScenario["own"]> = (recorder, startUs) => {
  recorder.count("jobs_asked", 500);
  recorder.count("jobs_completed", 500);
  recorder.count("jobs_running_ms", 25 * 20_000);
  recorder.count("jobs_open_ms", 500 * 10_500);
  recorder.count("batches_ms", 20_000);
  recorder.count("job_polls", 80);
  for (let i = 0; i < 500; i++) {
    recorder.observe("job_time", (Math.floor(i / 25) + 1) * 1_000_000);
    recorder.observe("work_time", 1_000_000);
  }
  for (let second = 0; second <= 20; second++) {
    recorder.gauge("jobs_in_flight", second === 20 ? 0 : 25, startUs + second * 1e6);
    recorder.gauge("jobs_per_s", second === 0 ? 0 : 25, startUs + second * 1e6);
  }
  recorder.gauge("jobs_limit", 25, startUs);
};

/** Few deployments and many, some of which go wrong, and a batch of jobs. */
export function lifecycleRun(): Run {
  const deploy = { tier: "lifecycle", flow: "deploy_loop", steps: ["create", "renew"] } as const;
  return runOf([
    {
      ...deploy,
      name: "deploy_haproxy",
      targetType: "haproxy",
      ratePerS: 1,
      own: deployed(12, false),
    },
    {
      ...deploy,
      name: "deploy_nginx",
      targetType: "nginx",
      ratePerS: 25,
      durationS: 20,
      own: deployed(500, true),
      thresholds: [
        thresholdOf(
          "propagation p95 < 30s",
          { kind: "observed", name: "propagation", stat: "percentile", percentile: 95 },
          "<",
          30_000,
        ),
        thresholdOf("wrong count == 0", { kind: "counter", name: "wrong" }, "==", 0),
      ],
    },
    {
      name: "renew_500",
      tier: "lifecycle",
      flow: "bulk_renew",
      steps: ["renew", "progress", "jobs"],
      ratePerS: 0.1,
      durationS: 20,
      own: bulk,
    },
  ]);
}

export function interruptedRun(): Run {
  return runOf([{ ...CREATE, durationS: 4, interrupted: 3 }], { interrupted: true });
}

export function invalidRun(): Run {
  const stalls = [{ atUs: START_US + 3e6, durationUs: 1.02e6 }];
  return runOf([{ ...CREATE, lagUs: (i) => i < 50 ? 900_000 : 4000, dropped: 40 }], {
    workers: [workerFacts({ stalls, cpuUs: 9.8e6 })],
  });
}
