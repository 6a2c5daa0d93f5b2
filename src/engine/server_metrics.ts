/**
 * Reads a server's Prometheus endpoint. Twice in a run and not more: certctl loads all its jobs and agents for each
 * answer, so that reading more often would be a load of its own.
 */
import type { Reading } from "../metrics/server_metrics.ts";
import type { Plan, ServerMetrics } from "../plan/plan.ts";
import { createClient } from "../transport/client.ts";

const TIMEOUT_MS = 15_000;
const MAX_BYTES = 4 * 1024 * 1024;

export async function readServerMetrics(plan: Plan, metrics: ServerMetrics): Promise<Reading> {
  const tls = plan.target.tls;
  const client = createClient({ tls, protocol: "http/1.1", maxBodyBytes: MAX_BYTES });
  try {
    const url = new URL(metrics.url);
    const request = { method: "GET", url, headers: metrics.headers };
    const exchange = await client.send(request, { timeoutMs: TIMEOUT_MS, fresh: true });
    if (exchange.failure !== undefined) return { problem: `${url}: ${exchange.failure.message}` };
    if (exchange.status !== 200) return { problem: `${url} answered ${exchange.status}` };
    return { text: new TextDecoder().decode(exchange.body) };
  } finally {
    client.close();
  }
}
