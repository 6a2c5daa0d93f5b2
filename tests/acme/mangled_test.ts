/** Whatever a server answers, a flow ends with a classified failure or none: it never throws. */
import fc from "fast-check";
import { acmeAccount } from "../../src/flows/acme_account.ts";
import { acmeEnroll } from "../../src/flows/acme_enroll.ts";
import { acmeKeyChange } from "../../src/flows/acme_key_change.ts";
import { acmeRateLimits } from "../../src/flows/acme_rate_limits.ts";
import { acmeRenewalInfo } from "../../src/flows/acme_renewal_info.ts";
import { acmeRevoke } from "../../src/flows/acme_revoke.ts";
import type { FlowDefinition } from "../../src/flows/flow.ts";
import { FAILURE_CLASSES } from "../../src/http/failure.ts";
import type { Exchange, HttpClient } from "../../src/http/http.ts";
import { assert } from "../assert.ts";
import { withFakeAcme } from "./fake_acme.ts";
import { createFlow, fetchClient, TestIteration } from "./harness.ts";

/** What is changed about the answers of one resource. */
interface Mangling {
  readonly path: string;
  readonly field: string;
  readonly value: unknown;
}

const PATHS = [
  "directory",
  "new-nonce",
  "new-account",
  "account",
  "new-order",
  "authz",
  "challenge",
  "finalize",
  "certificate",
  "key-change",
  "revoke-cert",
  "renewal-info",
];

/** Members of the resources, their headers, and the body as a whole. */
const FIELDS = [
  "status",
  "authorizations",
  "finalize",
  "certificate",
  "error",
  "identifier",
  "challenges",
  "suggestedWindow",
  "newOrder",
  "renewalInfo",
  "meta",
  "location",
  "replay-nonce",
  "retry-after",
  "content-type",
  "body",
];

const mangling = fc.record({
  path: fc.constantFrom(...PATHS),
  field: fc.constantFrom(...FIELDS),
  value: fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom("valid", "invalid", "pending", "processing", "https://[", "data:,", [{}], [""]),
    fc.constantFrom([null], [{ status: "invalid", type: 1, url: 2 }], {
      type: 3,
      subproblems: [4],
    }),
  ),
});

function mangled(exchange: Exchange, { path, field, value }: Mangling): Exchange {
  if (!exchange.request.url.pathname.startsWith(`/${path}`)) return exchange;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const encode = (body: string): Uint8Array => new TextEncoder().encode(body);
  if (field === "body") return { ...exchange, body: encode(text) };
  const header = (name: string): string | undefined =>
    name.toLowerCase() === field ? text : exchange.header(name);
  try {
    const resource = JSON.parse(new TextDecoder().decode(exchange.body));
    return { ...exchange, header, body: encode(JSON.stringify({ ...resource, [field]: value })) };
  } catch {
    return { ...exchange, header };
  }
}

function manglingClient(client: HttpClient, mangling: Mangling): HttpClient {
  const send: HttpClient["send"] = async (request, options) =>
    mangled(await client.send(request, options), mangling);
  return { ...client, send };
}

const limits = {
  orders_per_hour: 1,
  concurrent_orders: 0,
  key_changes_per_hour: 1,
  challenge_responds_per_hour: 1,
};
const enrollment = {
  challenge: { type: "http-01", listen: "none" },
  poll: { interval: "1ms", timeout: "20ms" },
  accounts: 1,
};
// deno-lint-ignore no-explicit-any -- Each has options of its own.
const flows: readonly [FlowDefinition<any>, Record<string, unknown>][] = [
  [acmeEnroll, enrollment],
  [acmeRevoke, enrollment],
  [acmeKeyChange, {}],
  [acmeAccount, {}],
  [acmeRenewalInfo, { ...enrollment, certificates: 1 }],
  [acmeRateLimits, { challenge: enrollment.challenge, poll: enrollment.poll, limits }],
];

for (const [definition, options] of flows) {
  Deno.test(`${definition.name} never throws for what a server answers`, async () => {
    const plain = fetchClient();
    await withFakeAcme({ born: "pending" }, async ({ directory }) => {
      await fc.assert(
        fc.asyncProperty(mangling, async (mangling) => {
          const client = manglingClient(plain, mangling);
          const flow = await createFlow(definition, { directory, ...options }, { client });
          const failure = await flow.prepare?.(1) ?? await flow.run(new TestIteration(client));
          await flow.close?.();
          assert(failure === undefined || FAILURE_CLASSES.includes(failure.class));
        }),
        { numRuns: 40 },
      );
    });
    plain.close();
  });
}
