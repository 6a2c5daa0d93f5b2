import { assertAlmostEquals, assertEquals } from "../assert.ts";
import { catalogue } from "../../src/flows/catalogue.ts";
import { FLOW_OF_WORK, mixOf } from "../../src/fleet/mix.ts";
import { loadPlan } from "../../src/plan/load_plan.ts";
import type { Scenario } from "../../src/plan/plan.ts";
import { WORKS } from "../../src/fleet/demand.ts";

function scenariosOf(text: string): readonly Scenario[] {
  const loaded = loadPlan({
    text: `target: { base_url: "https://ca.test" }\nscenarios:\n${text}`,
    source: "plan.yaml",
    env: {},
    catalogue,
    readFile: Deno.readTextFileSync,
  });
  if (!loaded.ok) throw new Error(loaded.problems[0]?.message);
  return loaded.plan.scenarios;
}

const RATES = { issue: 10, revoke: 0, renewal_info: 2, agent_poll: 0, handshake: 9 };

Deno.test("scenarios of one work share it as the plan shares it; what is no part of it goes on", () => {
  const { entries, missing } = mixOf(
    RATES,
    scenariosOf(`
  create: { flow: create_certificate, with: { owner_id: o, team_id: t, issuer_id: i, renewal_policy_id: r }, rate: 30/s, duration: 1m }
  enroll: { flow: acme_enroll, with: { directory: /d }, stages: [{ duration: 1m, rate: 10/s }] }
  list: { flow: list_certificates, rate: 5/s, duration: 1m }
  info: { flow: acme_unauthenticated, with: { directory: /d }, users: 10, duration: 1m }
`),
  );
  assertEquals(entries.map(({ scenario, work, perS }) => [scenario, work, perS]), [
    ["create", "issue", 7.5],
    ["enroll", "issue", 2.5],
    ["list", null, 5],
    ["info", "renewal_info", 2],
  ]);
  assertEquals(missing, [{ work: "handshake", perS: 9 }]);
});

Deno.test("an arrival's requests count, and users of the closed model share evenly", () => {
  const { entries } = mixOf(
    RATES,
    scenariosOf(`
  one: { flow: acme_unauthenticated, with: { directory: /d }, users: 10, duration: 1m }
  two: { flow: acme_unauthenticated, with: { directory: /d }, rate: 5/s, duration: 1m }
`),
  );
  assertEquals(entries.map(({ perS }) => perS), [1, 1]);
  // The directory, a nonce and renewal information.
  for (const { requestsPerS } of entries) assertAlmostEquals(requestsPerS!, 3, 1e-9);
});

Deno.test("each work has a flow that there is, and that stands for it", () => {
  for (const work of WORKS) assertEquals(catalogue.has(FLOW_OF_WORK[work]), true, work);
});
