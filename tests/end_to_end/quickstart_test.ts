import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { assertEnded, hostWasBusy, withProgram } from "./program.ts";

Deno.test("quickstart runs all tiers against the embedded lab in under 45 s and passes (a busy host may fail it)", async () => {
  const startedMs = performance.now();
  await withProgram(
    ["run", "quickstart"],
    {},
    async (finished) => {
      const { stdout, summary, folder } = finished;
      const tookS = (performance.now() - startedMs) / 1000;
      assertEnded(finished, 0);
      assert(tookS < 45 || hostWasBusy(finished), `took ${tookS.toFixed(1)} s`);
      assertEquals(Object.keys(summary.phases).sort(), ["acme", "api", "connector", "lifecycle"]);
      assertEquals(summary.methodology.target.lab, true);
      assertStringIncludes(stdout, "lab");
      const text = await Deno.readTextFile(`${folder}/results/summary.txt`);
      assertEquals(text, stdout);
      for (const target of ["nginx", "apache", "haproxy", "f5"]) {
        assert(summary.connector_tier[target].p95 > 0, target);
      }
      const { directory, new_nonce: nonce, renewal_info: info } =
        summary.phases.acme.acme_directory_and_nonce.steps;
      for (const step of [directory, nonce, info]) assert(step.count > 0 && step.failed === 0);
    },
  );
});

Deno.test("the shipped plans are valid, and check says how many requests they make", async () => {
  await withProgram(["check", "loadtest"], {}, ({ code, stdout, stderr }) => {
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "issuance_acceptance");
    assertStringIncludes(stdout, "15,000");
  });
  await withProgram(["check", "acme"], {}, ({ code, stdout }) => {
    assertEquals(code, 0);
    assertStringIncludes(stdout, "at most");
  });
});
