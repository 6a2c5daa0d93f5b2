import fc from "fast-check";
import { DEPLOYMENT_VERDICTS } from "../../src/deployment.ts";
import {
  addDeployments,
  DeploymentLog,
  MAX_DEPLOYMENTS,
  NO_DEPLOYMENTS,
} from "../../src/metrics/deployments.ts";
import { assert, assertEquals } from "../assert.ts";
import { deploymentAt } from "./deployments.ts";

const START = 1_700_000_000_000_000;

Deno.test("instants of a deployment are counted from the run's start, and what was not seen has none", () => {
  const log = new DeploymentLog(START);
  log.add(deploymentAt(START + 2e6));
  log.add({ target: "a", by: "agent", requestedUs: START, verdict: "never", spans: [] });
  const { kept, verdicts } = log.deployments();
  assertEquals(kept, [
    { target: "a", by: "agent", requestedUs: 0, verdict: "never", spans: [] },
    deploymentAt(2e6),
  ]);
  assertEquals(verdicts, { served: 1, never: 1 });
});

Deno.test("the first 500 deployments are kept, and of the others the first 500 that went wrong; all are counted", () => {
  const log = new DeploymentLog(START);
  for (let i = 4_999; i >= 0; i--) {
    log.add(deploymentAt(START + i, { verdict: i % 3 === 0 ? "mixed" : "served" }));
  }
  const { kept, verdicts } = log.deployments();
  assertEquals(verdicts, { served: 3_333, mixed: 1_667 });
  const at = kept.map(({ requestedUs }) => requestedUs);
  assertEquals(at.slice(0, 500), Array.from({ length: 500 }, (_, i) => i));
  // 167 of the first 500 are mixed; 333 more are kept.
  assertEquals(at.slice(500), Array.from({ length: 333 }, (_, i) => 501 + 3 * i));
});

Deno.test("deployments of one instant are in the order of their targets, whoever told them first", () => {
  const targets = ["c", "a", "b"];
  for (const told of [targets, targets.toReversed()]) {
    const log = new DeploymentLog(START);
    log.add(deploymentAt(START + 1, { target: "0" }));
    for (const target of told) log.add(deploymentAt(START, { target }));
    assertEquals(log.deployments().kept.map(({ target }) => target), ["a", "b", "c", "0"]);
  }
});

Deno.test("what a deployment may hold is bounded, and what a target is called is shown safely", () => {
  const log = new DeploymentLog(START);
  const span = { state: "old", fromUs: START, toUs: START } as const;
  log.add(deploymentAt(START, {
    target: `a\u001b[31m${"b".repeat(1000)}`,
    spans: Array.from({ length: 1000 }, () => span),
  }));
  const [one] = log.deployments().kept;
  assertEquals([one?.spans.length, one?.target.length], [32, 120]);
  assert(!one?.target.includes("\u001b"));
});

Deno.test("the deployments of several workers are those of one that saw them all, in whatever order", () => {
  const verdict = fc.constantFrom(...DEPLOYMENT_VERDICTS);
  const seen = fc.array(
    fc.record({ atUs: fc.integer({ min: 0, max: 10_000 }), verdict, worker: fc.nat(2) }),
    { minLength: 600, maxLength: 1_300, size: "max" },
  );
  fc.assert(
    fc.property(seen, (all) => {
      const logOf = (those: typeof all) => {
        const log = new DeploymentLog(0);
        those.forEach(({ atUs, verdict }, i) =>
          log.add(deploymentAt(atUs * 1000 + i % 1000, { verdict }))
        );
        return log;
      };
      const numbered = all.map((one, i) => ({ ...one, atUs: one.atUs + i * 20_000 }));
      const parts = [2, 0, 1].map((worker) =>
        logOf(numbered.filter((one) => one.worker === worker)).deployments()
      );
      const { kept, verdicts } = parts.reduce(addDeployments, NO_DEPLOYMENTS);
      const whole = logOf(numbered).deployments();
      assertEquals(verdicts, whole.verdicts);
      assertEquals(kept.length, whole.kept.length);
      assertEquals(kept.map(({ verdict }) => verdict), whole.kept.map(({ verdict }) => verdict));
      assert(kept.length <= 2 * MAX_DEPLOYMENTS);
    }),
    { numRuns: 10 },
  );
});
