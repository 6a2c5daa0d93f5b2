/** The signed flows besides enrollment, against a server of a few lines. */
import { acmeAccount } from "../../src/flows/acme_account.ts";
import { acmeKeyChange } from "../../src/flows/acme_key_change.ts";
import { acmeRateLimits } from "../../src/flows/acme_rate_limits.ts";
import { acmeRenewalInfo } from "../../src/flows/acme_renewal_info.ts";
import { acmeRevoke } from "../../src/flows/acme_revoke.ts";
import type { FlowDefinition } from "../../src/flows/flow.ts";
import type { Failure } from "../../src/http/failure.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { type FakeOptions, problem, type SignedRequest, withFakeAcme } from "../acme/fake_acme.ts";
import { createFlow, fetchClient, TestIteration } from "../acme/harness.ts";

interface Outcome {
  readonly prepared: Failure | undefined;
  readonly failures: (Failure | undefined)[];
  readonly iterations: TestIteration[];
}

async function run<Options>(
  definition: FlowDefinition<Options>,
  fake: FakeOptions,
  options: Record<string, unknown> = {},
  count = 1,
): Promise<Outcome> {
  const client = fetchClient();
  const iterations: TestIteration[] = [];
  const failures: (Failure | undefined)[] = [];
  let prepared: Failure | undefined;
  await withFakeAcme(fake, async ({ directory }) => {
    const flow = await createFlow(definition, { directory, ...options }, { client });
    prepared = await flow.prepare?.(count);
    for (let index = 0; prepared === undefined && index < count; index++) {
      const iteration = new TestIteration(client, index);
      iterations.push(iteration);
      failures.push(await flow.run(iteration));
      assertEquals(iteration.undeclared(definition), []);
    }
    await flow.close?.();
  });
  client.close();
  return { prepared, failures, iterations };
}

const steps = ({ iterations }: Outcome, index = 0): string[] =>
  iterations[index]!.stepNames().filter((step) => step !== "new_nonce");

for (const signed_by of ["account", "certificate"] as const) {
  Deno.test(`acme_revoke revokes what it enrolled, signed by the ${signed_by}`, async () => {
    let revocation: SignedRequest | undefined;
    const outcome = await run(acmeRevoke, {
      script: (path, request) => {
        if (path === "/revoke-cert") revocation = request;
        return undefined;
      },
    }, { signed_by, reason: 4 });
    assertEquals(outcome.failures, [undefined]);
    assertEquals(steps(outcome), ["new_order", "finalize", "certificate", "revoke"]);
    assertEquals(revocation?.protected.jwk !== undefined, signed_by === "certificate");
    assertEquals(revocation?.payload?.reason, 4);
  });
}

Deno.test("acme_key_change rolls over to a new key and reads the account with it", async () => {
  const kids: (string | undefined)[] = [];
  const outcome = await run(
    acmeKeyChange,
    {
      script: (path, request) => {
        if (path === "/key-change") kids.push(request.protected.kid);
        return undefined;
      },
    },
    { accounts: 1 },
    3,
  );
  assertEquals(outcome.failures, [undefined, undefined, undefined]);
  assertEquals(steps(outcome), ["key_change", "account"]);
  assertEquals(new Set(kids).size, 1); // the same account every time, each time with its last key
});

Deno.test("acme_key_change takes a new account each time by default", async () => {
  assertEquals(steps(await run(acmeKeyChange, {})), ["new_account", "key_change", "account"]);
});

Deno.test("acme_account creates, updates, reads and deactivates", async () => {
  const payloads: unknown[] = [];
  const outcome = await run(acmeAccount, {
    script: (path, { payload }) => {
      if (path.startsWith("/account")) payloads.push(payload);
      return undefined;
    },
  });
  assertEquals(outcome.failures, [undefined]);
  assertEquals(steps(outcome), ["new_account", "account_update", "account", "account_deactivate"]);
  assertEquals(payloads, [
    { contact: ["mailto:certload@example.com"] },
    undefined,
    { status: "deactivated" },
  ]);
});

Deno.test("acme_account fails when the account is not deactivated", async () => {
  const { failures } = await run(acmeAccount, {
    script: (path) => path.startsWith("/account") ? Response.json({ status: "valid" }) : undefined,
  });
  assertStringIncludes(failures[0]?.message ?? "", "valid where it should be deactivated");
});

Deno.test("acme_renewal_info asks for certificates that it enrolled beforehand", async () => {
  const outcome = await run(acmeRenewalInfo, {}, { certificates: 2 }, 4);
  assertEquals(outcome.failures, Array(4).fill(undefined));
  assertEquals(steps(outcome), ["renewal_info"]);
  const paths = outcome.iterations.map(({ steps }) => steps[0]!.exchange.request.url.pathname);
  assertEquals(new Set(paths).size, 2);
  assertStringIncludes(paths[0]!, "/renewal-info/qrvM."); // the issuer's key identifier
});

Deno.test("acme_renewal_info ends before any load when the enrollment beforehand fails", async () => {
  const { prepared } = await run(acmeRenewalInfo, {
    script: (path) => path.startsWith("/finalize") ? problem(500, "serverInternal") : undefined,
  });
  assertStringIncludes(prepared?.message ?? "", "serverInternal");
});

/** A limiter like certctl's: per account and action. */
function limiter(limits: Record<string, number>): FakeOptions["script"] {
  const used = new Map<string, number>();
  return (path, { protected: { kid } }) => {
    const action = path.split("/")[1]!;
    const limit = limits[action];
    const key = `${action} ${kid}`;
    used.set(key, (used.get(key) ?? 0) + 1);
    return limit !== undefined && used.get(key)! > limit ? problem(429, "rateLimited") : undefined;
  };
}

const limits = {
  orders_per_hour: 4,
  concurrent_orders: 0,
  key_changes_per_hour: 2,
  challenge_responds_per_hour: 3,
};

Deno.test("acme_rate_limits passes on a limiter that keeps its contract", async () => {
  const script = limiter({ "new-order": 4, "key-change": 2, "challenge": 3 });
  const outcome = await run(acmeRateLimits, { script }, { limits });
  assertEquals(outcome.failures, [undefined]);
  const counted = (step: string): number => steps(outcome).filter((name) => name === step).length;
  assertEquals(counted("order_limited"), 1);
  assertEquals(counted("key_change_limited"), 1);
  assertEquals(counted("challenge_limited"), 1);
  assertEquals(counted("challenge"), 3 + 1); // and one of another account
  assertEquals(outcome.iterations[0]!.counts.retry_after_absent, 3);
});

Deno.test("acme_rate_limits fails when the limit does not come", async () => {
  const { failures } = await run(acmeRateLimits, {}, { limits });
  assertEquals(failures[0]?.class, "unexpected_status");
  assertStringIncludes(failures[0]?.message ?? "", "the server's limit is higher than the plan's");
});

Deno.test("acme_rate_limits fails when the limit comes too early", async () => {
  const { failures } = await run(acmeRateLimits, { script: limiter({ "new-order": 3 }) }, {
    limits,
  });
  assertEquals(failures[0]?.class, "rate_limited");
});

Deno.test("acme_rate_limits fails when another action of the account is limited too", async () => {
  let orders = 0;
  const { failures } = await run(acmeRateLimits, {
    script: (path) => {
      if (path === "/new-order" && ++orders > 4) return problem(429, "rateLimited");
      return path === "/key-change" && orders > 4 ? problem(429, "rateLimited") : undefined;
    },
  }, { limits });
  assertEquals(failures[0]?.class, "rate_limited");
  assertStringIncludes(failures[0]?.message ?? "", "/key-change");
});

Deno.test("acme_rate_limits fails when the challenges of another account are limited too", async () => {
  let responses = 0;
  const others = limiter({ "new-order": 4, "key-change": 2 })!;
  const { failures } = await run(acmeRateLimits, {
    script: (path, request) =>
      path.startsWith("/challenge") && ++responses > 3
        ? problem(429, "rateLimited")
        : others(path, request),
  }, { limits });
  assertEquals(failures[0]?.class, "rate_limited");
  assertStringIncludes(failures[0]?.message ?? "", "/challenge");
});

Deno.test("acme_rate_limits wants the problem document, not only the status", async () => {
  let orders = 0;
  const { failures } = await run(acmeRateLimits, {
    script: (path) =>
      path === "/new-order" && ++orders > 4 ? new Response("slow", { status: 429 }) : undefined,
  }, { limits });
  assertEquals(failures[0]?.class, "unexpected_body");
  assertStringIncludes(failures[0]?.message ?? "", "error:rateLimited");
});

Deno.test("acme_rate_limits asks nothing about a limit that is off", async () => {
  const off = {
    orders_per_hour: 0,
    concurrent_orders: 0,
    key_changes_per_hour: 0,
    challenge_responds_per_hour: 0,
  };
  const none = await run(acmeRateLimits, {}, { limits: off });
  assertEquals([none.failures, none.iterations[0]!.stepNames()], [[undefined], []]);
  for (const limit of Object.keys(off)) {
    const { iterations: [only] } = await run(acmeRateLimits, {}, {
      limits: { ...off, [limit]: 1 },
    });
    const asked = only!.stepNames().filter((step) => step.endsWith("_limited"));
    assertEquals(asked.length, 1, `${limit}: ${asked}`);
  }
});
