import { assertEquals } from "../assert.ts";
import { labOptionsFromEnvironment } from "../../src/lab/environment.ts";

Deno.test("certctl's variables say who makes the keys, how many at once, and how often", () => {
  const options = labOptionsFromEnvironment({
    CERTCTL_KEYGEN_MODE: "server",
    CERTCTL_RENEWAL_CONCURRENCY: "5",
    CERTCTL_SCHEDULER_JOB_PROCESSOR_INTERVAL: "1m30s",
  });
  assertEquals(options, { keygen: "server", scheduler: { concurrency: 5, intervalMs: 90_000 } });
});

Deno.test("a concurrency below one is one, as in certctl, and what is no value is none", () => {
  const none = { scheduler: {} };
  assertEquals(labOptionsFromEnvironment({}), none);
  const odd = { CERTCTL_KEYGEN_MODE: "both", CERTCTL_RENEWAL_CONCURRENCY: "many" };
  assertEquals(labOptionsFromEnvironment(odd), none);
  const zero = labOptionsFromEnvironment({ CERTCTL_RENEWAL_CONCURRENCY: "0" });
  assertEquals(zero.scheduler, { concurrency: 1 });
});
