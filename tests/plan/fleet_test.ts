import { effectiveYaml } from "../../src/plan/effective.ts";
import { assertEquals } from "../assert.ts";
import { catalogue, planOf } from "./catalogue.ts";

const PLAN = `target: { base_url: "https://ca.test" }
scenarios:
  create: { flow: create_certificate, rate: 1/s, duration: 1s }
`;

Deno.test("a fleet section is read with its defaults, and written back as it is read", () => {
  const section =
    "fleet: { certificates: 50000, profile: 6d, renew_at: 40%, zombies: 0.5, signer: 18/s }";
  const plan = planOf(PLAN + section);
  assertEquals(plan.fleet, {
    certificates: 50_000,
    profile: "6d",
    renew_at: 0.4,
    ari: true,
    ari_poll: 6 * 3_600_000,
    agents: 0,
    heartbeat: 60_000,
    work: 30_000,
    zombies: 0.5,
    outage: 6 * 3_600_000,
    retry_within: 300_000,
    tick: 120_000,
    signer: 18,
    signatures: 1,
  });
  assertEquals(planOf(effectiveYaml(plan, catalogue)).fleet, plan.fleet);
});

Deno.test("a fleet is no load: it leaves a plan what it was", () => {
  const fleet = planOf(PLAN + "fleet: { certificates: 1, lifetime: 47d }");
  assertEquals(planOf(PLAN).fleet, undefined);
  assertEquals(fleet.identity.sha256, planOf(PLAN).identity.sha256);
});
