/** The signed flows against a real Pebble with 5 % of good nonces refused; enrollments for each type of challenge. */
import { acmeAccount } from "../../src/flows/acme_account.ts";
import { acmeEnroll } from "../../src/flows/acme_enroll.ts";
import { acmeKeyChange } from "../../src/flows/acme_key_change.ts";
import { acmeRenewalInfo } from "../../src/flows/acme_renewal_info.ts";
import { acmeRevoke } from "../../src/flows/acme_revoke.ts";
import type { FlowDefinition } from "../../src/flows/flow.ts";
import { assertEquals, assertGreater } from "../assert.ts";
import { createFlow, fetchClient, TestIteration } from "./harness.ts";
import { findPebble, type Pebble, startPebble } from "./pebble.ts";

const binary = findPebble();
const note = binary === undefined ? " (skipped: pebble is not installed)" : "";

function pebbleTest(
  name: string,
  env: Record<string, string>,
  test: (pebble: Pebble) => Promise<void>,
): void {
  Deno.test({
    name: name + note,
    ignore: binary === undefined,
    fn: async () => {
      const pebble = await startPebble(binary!, { env });
      try {
        await test(pebble);
      } finally {
        await pebble.stop();
      }
    },
  });
}

/** Sends `count` arrivals at once; returns the iterations, all of which were successful. */
async function complete<Options>(
  definition: FlowDefinition<Options>,
  pebble: Pebble,
  count: number,
  options: Record<string, unknown>,
): Promise<TestIteration[]> {
  const client = fetchClient(pebble.caCert);
  const flow = await createFlow(definition, { directory: pebble.directory, ...options }, {
    client,
  });
  try {
    assertEquals(await flow.prepare?.(count), undefined);
    const iterations = Array.from(
      { length: count },
      (_, index) => new TestIteration(client, index),
    );
    const failures = await Promise.all(iterations.map((iteration) => flow.run(iteration)));
    assertEquals(failures.filter((failure) => failure !== undefined), []);
    return iterations;
  } finally {
    await flow.close?.();
    client.close();
  }
}

/** Pebble is the oracle for the form of the identifiers, the request and the proofs. */
for (const type of ["http-01", "tls-alpn-01"] as const) {
  pebbleTest(`acme_enroll completes for addresses on Pebble by ${type}`, {}, async (pebble) => {
    const port = type === "http-01" ? pebble.httpPort : pebble.tlsPort;
    const challenge = { type, listen: `127.0.0.1:${port}` };
    const identifiers = ["127.0.0.1"];
    await complete(acmeEnroll, pebble, 1, { identifiers, challenge, poll, accounts: 1 });
  });
}

const FRESH = { PEBBLE_AUTHZREUSE: "0" };
const poll = { interval: "50ms" };

for (const type of ["http-01", "tls-alpn-01", "dns-01"] as const) {
  pebbleTest(
    `acme_enroll completes every enrollment on Pebble by ${type}`,
    FRESH,
    async (pebble) => {
      const port = { "http-01": pebble.httpPort, "tls-alpn-01": pebble.tlsPort }[type as string];
      const dns = `127.0.0.1:${pebble.dnsPort}`;
      const challenge = port === undefined
        ? { type, listen: dns }
        : { type, listen: `127.0.0.1:${port}`, dns };
      const iterations = await complete(acmeEnroll, pebble, 12, { challenge, poll, accounts: 3 });
      for (const iteration of iterations) {
        const steps = iteration.stepNames().filter((step) => step !== "new_nonce");
        assertEquals(steps.slice(0, 3), ["new_order", "authz", "challenge"]);
        assertEquals(steps.at(-1), "certificate");
      }
    },
  );
}

pebbleTest(
  "acme_enroll answers refused nonces within the step and counts them",
  { ...FRESH, PEBBLE_VA_ALWAYS_VALID: "1", PEBBLE_WFE_NONCEREJECT: "30" },
  async (pebble) => {
    const challenge = { type: "http-01", listen: "none" };
    const iterations = await complete(acmeEnroll, pebble, 10, {
      challenge,
      poll,
      accounts: "per_flow",
    });
    const retries = iterations.map(({ counts }) => counts.bad_nonce_retries ?? 0);
    assertGreater(retries.reduce((sum, count) => sum + count), 5);
    const steps = iterations[0]!.stepNames().filter((step) => step !== "new_nonce");
    assertEquals(steps[0], "new_account");
    assertEquals(iterations[0]!.observed.some(({ name }) => name === "signing"), true);
  },
);

pebbleTest("acme_revoke, acme_key_change, acme_account and acme_renewal_info complete on Pebble", {
  ...FRESH,
  PEBBLE_VA_ALWAYS_VALID: "1",
}, async (pebble) => {
  const enrollment = { challenge: { type: "http-01", listen: "none" }, poll, accounts: 1 };
  await complete(acmeRevoke, pebble, 2, { ...enrollment, signed_by: "account", reason: 4 });
  await complete(acmeRevoke, pebble, 2, { ...enrollment, signed_by: "certificate" });
  await complete(acmeKeyChange, pebble, 3, { accounts: 2 });
  await complete(acmeAccount, pebble, 3, {});
  await complete(acmeRenewalInfo, pebble, 4, { ...enrollment, certificates: 2 });
});
