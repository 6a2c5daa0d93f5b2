/** Who is being measured: the server's own word on its version. Asked once, before the run, unmeasured. */
import { apiHeaders, apiUrl } from "../http/api_headers.ts";
import { jsonObject } from "../http/json_body.ts";
import { flowNamed } from "../flows/registry.ts";
import { certificateIdentity, type TargetFacts } from "../metrics/run.ts";
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

/**
 * Of each origin that a scenario asks. What a server does not tell is left out; one that tells nothing is no problem. Only
 * the target is asked with the plan's token, and a daemon that certificates are deployed to not at all: what it serves is
 * seen in the load.
 */
export async function targetsOf(
  plan: Plan,
  lab: boolean,
): Promise<ReadonlyMap<string, TargetFacts>> {
  const { origin } = new URL(plan.target.baseUrl);
  const byOrigin = Map.groupBy(plan.scenarios, (scenario) => scenario.origin);
  const facts = Array.from(byOrigin, async ([asked, scenarios]) => {
    const { tls } = plan.target;
    const own = scenarios.find(({ token }) => token);
    const main = plan.target.token === undefined && own ? targetOf(plan, own) : plan.target;
    const target = asked === origin ? main : { baseUrl: asked, headers: {}, tls };
    const isDaemon = asked !== origin && scenarios.every(({ tier }) => tier === "connector");
    return [asked, { lab, ...(isDaemon ? {} : await toldBy(target)) }] as const;
  });
  return new Map(await Promise.all(facts));
}

async function toldBy(target: Target): Promise<Omit<TargetFacts, "lab">> {
  const client = unmeasuredClient({ tls: target.tls, maxBodyBytes: 65_536 });
  const url = apiUrl(target, "/api/v1/version");
  const request = { method: "GET", url, headers: apiHeaders(target, url) };
  try {
    const exchange = await client.send(request, { timeoutMs: TIMEOUT_MS });
    const body = exchange.status === 200 ? jsonObject(exchange) : {};
    const { version, commit } = typeof body === "string" ? {} : body;
    const identity = exchange.certificate?.fingerprintSha256;
    return {
      ...(typeof version === "string" && {
        version: typeof commit === "string" && commit ? `${version} (${commit})` : version,
      }),
      ...(identity !== undefined && { identity: certificateIdentity(identity) }),
    };
  } finally {
    client.close();
  }
}
