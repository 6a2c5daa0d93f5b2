/** Who is being measured: the server's own word on its version. Asked once, before the run, unmeasured. */
import { apiHeaders, apiUrl } from "../http/api_headers.ts";
import { jsonObject } from "../http/json_body.ts";
import type { TargetFacts } from "../metrics/run.ts";
import { flowNamed } from "../flows/registry.ts";
import type { Plan, Scenario, Target, TlsOptions } from "../plan/plan.ts";
import { unmeasuredClient } from "../http/client.ts";

/** The target as a scenario asks it: with its own token, where it has one. */
export function targetOf({ target }: Plan, { token }: Scenario): Target {
  if (token === undefined) return target;
  const { token: _, ...rest } = target;
  return token === "" ? rest : { ...rest, token };
}

/** As the scenario's server is known: mostly the target's. */
export async function tlsOf({ target }: Plan, scenario: Scenario): Promise<TlsOptions> {
  const flow = await flowNamed(scenario.flow);
  return flow.tls?.(scenario.with) ?? target.tls;
}

const TIMEOUT_MS = 5_000;

/** Facts that the server does not tell are left out; a server that tells none is no problem. */
export async function targetFacts(plan: Plan, lab: boolean): Promise<TargetFacts> {
  if (plan.target.baseUrl === "") return { lab };
  const client = unmeasuredClient({ tls: plan.target.tls, maxBodyBytes: 65_536 });
  const url = apiUrl(plan.target, "/api/v1/version");
  const request = { method: "GET", url, headers: apiHeaders(plan.target, url) };
  try {
    const exchange = await client.send(request, { timeoutMs: TIMEOUT_MS, fresh: true });
    const body = exchange.status === 200 ? jsonObject(exchange) : {};
    const { version, commit } = typeof body === "string" ? {} : body;
    const identity = exchange.certificate?.fingerprintSha256;
    return {
      lab,
      ...(typeof version === "string" && {
        version: typeof commit === "string" && commit ? `${version} (${commit})` : version,
      }),
      ...(identity !== undefined && { identity: `certificate SHA-256 ${identity}` }),
    };
  } finally {
    client.close();
  }
}
