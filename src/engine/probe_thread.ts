/** Entry of the probe's thread: what hangs or takes all memory in the first request ends the probe and not the tool. */
import { hide } from "../masking/mask.ts";
import { thread } from "../pacing/thread.ts";
import { timerClock } from "../timer.ts";
import type { Exchange } from "../http/http.ts";
import { probeAll, type ProbeResult } from "./probe.ts";
import type { FromProbe, PlainExchange, PlainResult, ToProbe } from "./probing.ts";

const TICK_MS = 1000;

/** All that anybody reads of a failed probe's answer. */
const HEADERS = ["content-type", "retry-after", "location", "server", "www-authenticate"];
const BODY_BYTES = 16 * 1024;

function post(message: FromProbe): void {
  thread.postMessage(message);
}

function plain({ scenario: _, ...result }: ProbeResult): PlainResult {
  const steps = result.steps.map((step) => ({ ...step, exchange: plainExchange(step.exchange) }));
  return { ...result, steps };
}

function plainExchange(exchange: Exchange): PlainExchange {
  const { request, status, startedUs, endedUs, blockedUs, reused, bytesReceived, bytesSent } =
    exchange;
  const headers = HEADERS.flatMap((name) => {
    const value = exchange.header(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    method: request.method,
    url: request.url.href,
    headers,
    body: exchange.body.slice(0, BODY_BYTES),
    status,
    startedUs,
    endedUs,
    blockedUs,
    reused,
    bytesReceived,
    bytesSent,
    ...(exchange.failure && { failure: exchange.failure }),
  };
}

async function probe({ plan, runId, machine, made }: ToProbe): Promise<void> {
  hide(plan.secrets);
  post({ kind: "alive" });
  setInterval(() => post({ kind: "alive" }), TICK_MS);
  const { signal } = new AbortController();
  const clock = timerClock;
  const onResult = (result: ProbeResult): void => post({ kind: "probed", result: plain(result) });
  await probeAll({ plan, clock, runId, machine, made, signal, onResult });
}

thread.on("message", (data) => {
  void probe(data as ToProbe);
});
