/**
 * certctl's chain of handlers: request id, limiter by address, then either what needs no key (health, version, ACME),
 * or the key and the REST API. The limiter comes before the key, so it knows clients by address only.
 */
import { TokenBuckets } from "../bucket.ts";
import { limited } from "../http/answer.ts";
import {
  type Handler,
  json,
  type LabRequest,
  type LabResponse,
  withHeaders,
} from "../http/message.ts";
import { Router } from "../http/router.ts";
import { addAgentRoutes } from "./agents.ts";
import { isAdmin, type Keys, refusalOf } from "./auth.ts";
import { addBulkRoutes } from "./bulk.ts";
import { addCertificateRoutes } from "./certificates.ts";
import type { ApiContext, Call } from "./context.ts";
import { addJobRoutes } from "./jobs.ts";
import { addReferenceRoutes } from "./references.ts";
import { addTargetRoutes } from "./targets.ts";

/** CERTCTL_RATE_LIMIT_RPS and _BURST, per address. */
export interface LimiterOptions {
  readonly requestsPerSecond: number;
  readonly burst: number;
}

export interface ApiOptions {
  readonly context: ApiContext;
  readonly keys: Keys;
  /** Absent: off. */
  readonly limiter?: LimiterOptions;
  /** Answers everything under /acme. */
  readonly acme: Handler;
  readonly version: string;
  /** Milliseconds, for the limiter. */
  readonly nowMs: () => number;
}

export function apiHandler(options: ApiOptions): Handler {
  const open = openRoutes(options.version);
  const routes = apiRoutes();
  const limits = { open: limiterOf(options), api: limiterOf(options) };
  return async (request) => {
    const call = {
      ...options.context,
      requestId: crypto.randomUUID(),
      isAdmin: isAdmin(request, options.keys),
    };
    const answer = (response: LabResponse): LabResponse =>
      withHeaders(response, { "X-Request-ID": call.requestId });
    const isAcme = request.path === "/acme" || request.path.startsWith("/acme/");
    const isOpen = isAcme || open.knows(request.path);
    const refused = limit(isOpen ? limits.open : limits.api, request, options.nowMs());
    if (refused !== undefined) return answer(refused);
    if (isAcme) return answer(await options.acme(request));
    if (isOpen) return answer(await open.handle(request, call));
    const refusal = refusalOf(request, options.keys);
    return answer(refusal ?? await routes.handle(request, call));
  };
}

/** Separate instances for the two ways through the chain, as in certctl. */
function limiterOf({ limiter }: ApiOptions): TokenBuckets | undefined {
  return limiter &&
    new TokenBuckets({ capacity: limiter.burst, refillPerSecond: limiter.requestsPerSecond });
}

function limit(
  buckets: TokenBuckets | undefined,
  { remoteAddress }: LabRequest,
  nowMs: number,
): LabResponse | undefined {
  if (buckets === undefined || buckets.take(remoteAddress, nowMs).allowed) return undefined;
  return limited();
}

function openRoutes(version: string): Router<Call> {
  return new Router<Call>()
    .add("GET", "/health", () => json(200, { status: "healthy" }))
    .add("GET", "/ready", () => json(200, { status: "ready", db: "reachable" }))
    .add("GET", "/api/v1/version", () =>
      json(200, {
        version: `certload-lab-${version}`,
        commit: "",
        modified: false,
        build_time: "",
        go_version: "",
      }))
    .add("GET", "/api/v1/auth/info", () => json(200, { auth_type: "api-key", required: true }));
}

function apiRoutes(): Router<Call> {
  const router = new Router<Call>()
    .add(
      "GET",
      "/api/v1/auth/check",
      (_, __, { isAdmin: admin }) =>
        json(200, { status: "authenticated", user: admin ? "root" : "load", admin }),
    )
    .add("GET", "/api/v1/metrics", (_, __, { metrics, store }) => json(200, metrics.json(store)))
    .add("GET", "/api/v1/metrics/prometheus", (_, __, { metrics, store }) => ({
      status: 200,
      headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" },
      body: metrics.prometheus(store),
    }));
  addCertificateRoutes(router);
  addBulkRoutes(router);
  addJobRoutes(router);
  addAgentRoutes(router);
  addTargetRoutes(router);
  addReferenceRoutes(router);
  return router;
}
