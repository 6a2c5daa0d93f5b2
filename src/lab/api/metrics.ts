/** The lab's counters, and certctl's two renderings of them: JSON, and Prometheus' text format 0.0.4. */
import type { Store } from "../store.ts";
import { countAgents } from "./agent.ts";
import { countJobs } from "./job.ts";

/** Seconds; certctl_issuance_duration_seconds. */
const BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
/** What certctl calls an issuer like the lab's CA. */
const ISSUER_TYPE = "GenericCA";

/** Counters that only grow, by name without `certctl_` and `_total`. */
export class Metrics {
  readonly #startedMs = Date.now();
  readonly #counters = new Map<string, number>();
  readonly #durations = BUCKETS.map(() => 0);
  readonly #issued = { count: 0, sumMs: 0 };

  add(counter: string, by = 1): void {
    this.#counters.set(counter, (this.#counters.get(counter) ?? 0) + by);
  }

  /** Value of a counter. */
  get(counter: string): number {
    return this.#counters.get(counter) ?? 0;
  }

  /** A certificate was issued. */
  observeIssuance(durationMs: number): void {
    this.#issued.count++;
    this.#issued.sumMs += Math.floor(durationMs);
    BUCKETS.forEach((limit, index) => {
      if (durationMs <= limit * 1000) this.#durations[index]!++;
    });
  }

  /** GET /api/v1/metrics */
  json(store: Store): unknown {
    return {
      gauge: gauges(store),
      counter: {
        job_completed_total: countJobs(store, "Completed"),
        job_failed_total: countJobs(store, "Failed"),
        notifications_dead_total: 0,
      },
      uptime: {
        uptime_seconds: Math.floor(this.#uptimeMs / 1000),
        server_started: new Date(this.#startedMs).toISOString(),
        measured_at: new Date().toISOString(),
      },
    };
  }

  /** GET /api/v1/metrics/prometheus */
  prometheus(store: Store): string {
    const lines: string[] = [];
    for (const [name, value] of Object.entries(gauges(store))) {
      lines.push(...series(`certctl_${name}`, "gauge", value));
    }
    lines.push(...series("certctl_job_completed_total", "counter", countJobs(store, "Completed")));
    lines.push(...series("certctl_job_failed_total", "counter", countJobs(store, "Failed")));
    lines.push(...series("certctl_notification_dead_total", "counter", 0));
    lines.push(...series("certctl_uptime_seconds", "gauge", Math.floor(this.#uptimeMs / 1000)));
    lines.push(...this.#issuance());
    for (const [name, value] of this.#counters) {
      lines.push(...series(`certctl_${name}_total`, "counter", value));
    }
    return `${lines.join("\n")}\n`;
  }

  get #uptimeMs(): number {
    return Date.now() - this.#startedMs;
  }

  /** There once something was observed, as with certctl. */
  #issuance(): string[] {
    const { count, sumMs } = this.#issued;
    if (count === 0) return [];
    const type = `issuer_type="${ISSUER_TYPE}"`;
    const name = "certctl_issuance_duration_seconds";
    return [
      "# TYPE certctl_issuance_total counter",
      `certctl_issuance_total{${type},outcome="success"} ${count}`,
      `certctl_issuance_total{${type},outcome="failure"} 0`,
      `# TYPE ${name} histogram`,
      ...BUCKETS.map((le, index) => `${name}_bucket{${type},le="${le}"} ${this.#durations[index]}`),
      `${name}_bucket{${type},le="+Inf"} ${count}`,
      `${name}_sum{${type}} ${sumMs / 1000}`,
      `${name}_count{${type}} ${count}`,
    ];
  }
}

function gauges(store: Store): Record<string, number> {
  const rows = store.all<{ status: string; total: number }>(
    "SELECT status, count(*) AS total FROM certificates GROUP BY status",
  );
  const of = (status: string): number => rows.find((row) => row.status === status)?.total ?? 0;
  const agents = countAgents(store);
  return {
    certificate_total: rows.reduce((sum, row) => sum + row.total, 0),
    certificate_active: of("Active"),
    certificate_expiring_soon: of("Expiring"),
    certificate_expired: of("Expired"),
    certificate_revoked: of("Revoked"),
    agent_total: agents.total,
    agent_online: agents.online,
    job_pending: countJobs(store, "Pending"),
  };
}

function series(name: string, type: "counter" | "gauge", value: number): string[] {
  return [`# TYPE ${name} ${type}`, `${name} ${value}`];
}
