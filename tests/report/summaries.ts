/** Summaries of made-up runs for the reports: a passed one, and one of each way to end otherwise. */
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

export function interruptedRun(): Run {
  return runOf([{ ...CREATE, durationS: 4, interrupted: 3 }], { interrupted: true });
}

export function invalidRun(): Run {
  const stalls = [{ atUs: START_US + 3e6, durationUs: 1.02e6 }];
  return runOf([{ ...CREATE, lagUs: (i) => i < 50 ? 900_000 : 4000, dropped: 40 }], {
    workers: [workerFacts({ stalls, cpuUs: 9.8e6 })],
  });
}
