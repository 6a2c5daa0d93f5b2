/** Certificates for IP addresses (RFC 8738), from the order to the chain, against the lab. */
import { X509Certificate } from "node:crypto";
import { ProofTable } from "../../src/acme/challenge/proofs.ts";
import { acmeEnroll } from "../../src/flows/acme_enroll.ts";
import { acmeRateLimits } from "../../src/flows/acme_rate_limits.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { freePort, withLab } from "../lab/harness.ts";
import { withFakeAcme } from "./fake_acme.ts";
import { createFlow, fetchClient, TestIteration } from "./harness.ts";

/** The lab asks loopback for every name, addresses included. */
async function enrollAtLab(
  identifiers: readonly string[],
  type: "http-01" | "tls-alpn-01" | "dns-01",
): Promise<{ readonly message?: string; readonly certificate?: X509Certificate }> {
  const port = await freePort();
  const acme = { http01Port: port, tlsAlpn01Port: port, dns01Resolver: `127.0.0.1:${port}` };
  let message: string | undefined;
  let certificate: X509Certificate | undefined;
  await withLab({ acme }, async ({ lab: { addresses } }) => {
    const client = fetchClient(addresses.caPem);
    const iteration = new TestIteration(client);
    const flow = await createFlow(acmeEnroll, {
      directory: addresses.acme["prof-challenge"],
      identifiers,
      accounts: 1,
      challenge: { type, listen: `127.0.0.1:${port}` },
      poll: { interval: "20ms", timeout: "5s" },
    }, { client });
    const failure = await flow.prepare?.(1) ?? await flow.run(iteration);
    message = failure?.message;
    await flow.close?.();
    client.close();
    const download = iteration.steps.find(({ step }) => step === "certificate");
    if (download !== undefined) {
      certificate = new X509Certificate(new TextDecoder().decode(download.exchange.body));
    }
  });
  return { message, certificate };
}

for (const type of ["http-01", "tls-alpn-01"] as const) {
  Deno.test(`acme_enroll proves addresses by ${type} and gets them as iPAddress`, async () => {
    const names = ["192.0.2.7", "2001:DB8::7", "a.test"];
    const { message, certificate } = await enrollAtLab(names, type);
    assertEquals(message, undefined);
    assertEquals(
      certificate!.subjectAltName!.split(", ").sort(),
      ["DNS:a.test", "IP Address:192.0.2.7", "IP Address:2001:db8:0:0:0:0:0:7"].map((name) =>
        name.replace("2001:db8:0:0:0:0:0:7", shownByNode(certificate!))
      ).sort(),
    );
    assert(certificate!.checkIP("192.0.2.7") !== undefined);
  });
}

/** OpenSSL's text of the IPv6 address differs by runtime. */
function shownByNode({ subjectAltName }: X509Certificate): string {
  return /IP Address:([0-9A-Fa-f:]*:[0-9A-Fa-f:]+)/.exec(subjectAltName!)![1]!;
}

Deno.test("an address is not proved by dns-01, and the server says so (RFC 8738 section 7)", async () => {
  const { message } = await enrollAtLab(["192.0.2.7"], "dns-01");
  assertStringIncludes(message!, "offers no dns-01 challenge for 192.0.2.7");
});

Deno.test("orders name addresses with the type ip, in canonical form, whichever flow places them", async () => {
  const seen: unknown[] = [];
  const client = fetchClient();
  await withFakeAcme({
    script: (path, { payload }) => {
      if (path === "/new-order") seen.push(payload!.identifiers);
      return undefined;
    },
  }, async ({ directory }) => {
    const identifiers = ["a.test", "10.0.0.{n}", "2001:DB8::{n}"];
    const flow = await createFlow(acmeEnroll, { directory, identifiers, names: 2, accounts: 1 }, {
      client,
    });
    assertEquals(await flow.prepare?.(1) ?? await flow.run(new TestIteration(client)), undefined);
    await flow.close?.();
    const limits = {
      orders_per_hour: 0,
      concurrent_orders: 1,
      key_changes_per_hour: 0,
      challenge_responds_per_hour: 0,
    };
    const limited = await createFlow(acmeRateLimits, { directory, identifiers: "::1", limits }, {
      client,
    });
    await limited.prepare?.(1);
    await limited.run(new TestIteration(client));
    await limited.close?.();
  });
  client.close();
  assertEquals(seen[0], [
    { type: "dns", value: "a.test" },
    { type: "ip", value: "10.0.0.1" },
    { type: "ip", value: "10.0.0.2" },
    { type: "ip", value: "2001:db8::1" },
    { type: "ip", value: "2001:db8::2" },
  ]);
  assertEquals(seen.slice(1), [[{ type: "ip", value: "::1" }], [{ type: "ip", value: "::1" }]]);
});

Deno.test("a proof for an address is found under the name that a validator's TLS client gives", () => {
  const proofs = new ProofTable();
  const proof = { type: "tls-alpn-01", name: "192.0.2.1", token: "t", keyAuthorization: "t.k" };
  proofs.put(proof as Parameters<ProofTable["put"]>[0]);
  assertEquals(proofs.find("tls-alpn-01", "1.2.0.192.IN-ADDR.arpa").length, 1);
  proofs.remove(proof as Parameters<ProofTable["put"]>[0]);
  assertEquals(proofs.size, 0);
});

Deno.test("identifiers may be names and addresses, and addresses in no other form", () => {
  const takes = (identifiers: string): boolean =>
    acmeEnroll.options.safeParse({ directory: "/d", identifiers }).success;
  for (const right of ["a.test", "192.0.2.1", "10.0.0.{n}", "::1", "2001:db8::{n}"]) {
    assertEquals(takes(right), true, right);
  }
  for (const wrong of ["[::1]", "::1%lo", "2001:db8::{id}", "1:2:3", "192.0.2.1:80"]) {
    assertEquals(takes(wrong), false, wrong);
  }
});
