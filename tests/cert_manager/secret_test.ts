import { assertEquals, assertStringIncludes } from "../assert.ts";
import { makeTlsSecret } from "./make_secret.ts";
import { checkTlsSecret } from "./secret.ts";

const NAMES = ["test.example.com", "www.test.example.com"];

Deno.test("a complete Secret has no problems", async () => {
  assertEquals(await checkTlsSecret(await makeTlsSecret({ names: NAMES }), NAMES), []);
});

Deno.test("every fault of a Secret is told", async () => {
  const faults = await checkTlsSecret(
    await makeTlsSecret({ names: ["other.example.com"], otherKey: true, otherIssuer: true }),
    NAMES,
  );
  assertEquals(faults.length, 3);
  assertStringIncludes(faults[0]!, "for other.example.com, not for test.example.com");
  assertStringIncludes(faults[1]!, "not the key of the certificate");
  assertStringIncludes(faults[2]!, "is not signed by");
});

Deno.test("a certificate without its issuer is a fault", async () => {
  const secret = await makeTlsSecret({ names: NAMES, withoutIssuer: true });
  assertEquals(await checkTlsSecret(secret, NAMES), [
    "tls.crt holds no issuer beside the certificate",
  ]);
});
