/** A run under way, for tests of what is shown of it. */
import { Histogram } from "../../src/metrics/histogram.ts";
import { ScenarioTotals } from "../../src/metrics/totals.ts";
import type { RunState, ScenarioState } from "../../src/metrics/run_state.ts";

export function scenarioState(name: string, parts: Partial<ScenarioState> = {}): ScenarioState {
  const totals = new ScenarioTotals([]);
  for (let second = 0; second < 80; second++) {
    const responseTime = new Histogram();
    for (let i = 0; i < 50; i++) responseTime.record(3000 + second * 20 + i * 10);
    if (second === 70) responseTime.record(12_000);
    totals.addSlices({
      scenario: [{
        second,
        count: 50,
        failed: second === 40 ? 2 : 0,
        dropped: 0,
        maxLagUs: 310,
        responseTime: responseTime.toData(),
        newestFailure: second === 40
          ? { class: "status_5xx", message: "HTTP 503 from /x" }
          : undefined,
      }],
      steps: [],
    });
  }
  return {
    name,
    tier: "api",
    state: "running",
    targetRate: 50,
    inFlight: 3,
    progress: totals.progress(81),
    ...parts,
  };
}

export function runState(parts: Partial<RunState> = {}): RunState {
  return {
    plan: "certctl load test",
    target: "https://localhost:8443",
    elapsedS: 80,
    plannedS: 300,
    scenarios: [
      scenarioState("issuance_acceptance"),
      scenarioState("list_certificates"),
      scenarioState("nginx_handshake", { tier: "connector", state: "waiting" }),
      scenarioState("acme_directory_and_nonce", {
        tier: "acme",
        targetRate: undefined,
        users: 100,
      }),
    ],
    cpuShare: 0.12,
    ...parts,
  };
}
