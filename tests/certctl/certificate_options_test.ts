import { z } from "zod";
import { certificateOptions, newCertificate } from "../../src/certctl/certificate_options.ts";
import { assert, assertEquals } from "../assert.ts";

Deno.test("a certificate is for the plan's rows, has the first name for its own, and ends when it is said to", () => {
  const options = z.strictObject(certificateOptions).parse({ owner_id: "o-bob", expires_in: "2d" });
  const beforeMs = Date.now();
  const { expiresAt, ...rest } = newCertificate(options, ["a.test", "b.test"], "staging");
  const lifetimeMs = Date.parse(expiresAt) - beforeMs;
  assert(lifetimeMs >= 2 * 86_400_000 - 1 && lifetimeMs < 3 * 86_400_000, expiresAt);
  assertEquals(rest, {
    name: "a.test",
    commonName: "a.test",
    sans: ["a.test", "b.test"],
    ownerId: "o-bob",
    teamId: "t-platform",
    issuerId: "iss-local",
    renewalPolicyId: "rp-standard",
    environment: "staging",
  });
});
