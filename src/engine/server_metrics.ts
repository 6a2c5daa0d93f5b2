/**
 * Reads a server's Prometheus endpoint. Twice in a run and not more: certctl loads all its jobs and agents for each
 * answer, so that reading more often would be a load of its own.
 */
import type { Reading } from "../metrics/server_metrics.ts";
import { mergeHeaders } from "../plan/headers.ts";
import type { Plan, ServerMetrics } from "../plan/plan.ts";
import { unmeasuredClient } from "../http/client.ts";

const TIMEOUT_MS = 15_000;
const MAX_BYTES = 4 * 1024 * 1024;

/** Both are read; the older one says all that is wanted, in fewer bytes. */
const ACCEPT =
  "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1";

export async function readServerMetrics(plan: Plan, metrics: ServerMetrics): Promise<Reading> {
  const tls = plan.target.tls;
  const client = unmeasuredClient({ tls, maxBodyBytes: MAX_BYTES });
  try {
    const url = new URL(metrics.url);
    const headers = mergeHeaders({ accept: ACCEPT }, metrics.headers);
    const request = { method: "GET", url, headers };
    const exchange = await client.send(request, { timeoutMs: TIMEOUT_MS });
    if (exchange.failure !== undefined) return { problem: `${url}: ${exchange.failure.message}` };
    if (exchange.status !== 200) return { problem: `${url} answered ${exchange.status}` };
    return {
      text: new TextDecoder().decode(exchange.body),
      openMetrics: /^application\/openmetrics-text\b/i.test(exchange.header("content-type") ?? ""),
    };
  } finally {
    client.close();
  }
}
