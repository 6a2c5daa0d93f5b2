import { exportJWK } from "jose";
import { assert, assertEquals } from "../../assert.ts";
import { withLab } from "../harness.ts";
import { AcmeClient, base64url, type Enrolled, type Key, problemOf, renewalId } from "./client.ts";

const der = ({ leaf }: Enrolled): string => base64url(new Uint8Array(leaf.rawData));

async function certificateKey({ keys }: Enrolled): Promise<Key> {
  const jwk = await exportJWK(keys.publicKey);
  return { algorithm: "ES256", privateKey: keys.privateKey, jwk };
}

Deno.test("the account that a certificate was issued to revokes it, once", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const enrolled = await client.enroll("a.test");
    const payload = { certificate: der(enrolled), reason: 4 };
    const revoked = await client.post("/revoke-cert", payload);
    assertEquals([revoked.status, revoked.text], [200, ""]);
    const again = await client.post("/revoke-cert", payload);
    assertEquals(problemOf(again), [400, "alreadyRevoked"]);
    const id = enrolled.order.body.certificate.split("/").at(-1);
    const certificate = await (await lab.fetch(`/api/v1/certificates/${id}`)).json();
    assertEquals([certificate.status, certificate.revocation_reason], ["Revoked", "superseded"]);
  });
});

Deno.test("the certificate's own key revokes it", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const enrolled = await client.enroll("a.test");
    const key = await certificateKey(enrolled);
    const options = { key, byKey: true };
    const revoked = await client.post("/revoke-cert", { certificate: der(enrolled) }, options);
    assertEquals(revoked.status, 200, revoked.text);
  });
});

Deno.test("another account and another key may not, unless all names are proved to be theirs", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const other = await AcmeClient.register(lab);
    const enrolled = await client.enroll("a.test", "*.b.test");
    const certificate = der(enrolled);
    assertEquals(problemOf(await other.post("/revoke-cert", { certificate })), [
      401,
      "unauthorized",
    ]);
    const byKey = await other.post("/revoke-cert", { certificate }, { byKey: true });
    assertEquals(problemOf(byKey), [401, "unauthorized"]);
    await other.newOrder("a.test", "b.test");
    assertEquals(problemOf(await other.post("/revoke-cert", { certificate })), [
      401,
      "unauthorized",
    ]);
    await other.newOrder("*.b.test");
    assertEquals((await other.post("/revoke-cert", { certificate })).status, 200);
  });
});

Deno.test("what is no certificate of the server's, and a reason that is none, is refused", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const certificate = der(await client.enroll("a.test"));
    const ca = lab.lab.addresses.caPem.replace(/-.*-|\n/g, "");
    const foreign = ca.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const cases = [
      [{ certificate: "MAA" }, 400, "malformed"],
      [{ certificate: "*" }, 400, "malformed"],
      [{}, 400, "malformed"],
      [{ certificate: foreign }, 404, "malformed"],
      [{ certificate, reason: 7 }, 400, "badRevocationReason"],
      [{ certificate, reason: "x" }, 400, "badRevocationReason"],
    ] as const;
    for (const [payload, status, type] of cases) {
      assertEquals(problemOf(await client.post("/revoke-cert", payload)), [status, type]);
    }
  });
});

Deno.test("as shipped, revocation by the certificate's key is always badNonce", async () => {
  await withLab({ acme: { asShipped: true } }, async (lab) => {
    const client = await AcmeClient.register(lab);
    const reply = await client.post("/revoke-cert", { certificate: "MAA" }, { byKey: true });
    assertEquals(problemOf(reply), [400, "badNonce"]);
  });
});

Deno.test("the API revokes a certificate from ACME too, and ACME knows", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const enrolled = await client.enroll("a.test");
    const id = enrolled.order.body.certificate.split("/").at(-1);
    const response = await lab.fetch(`/api/v1/certificates/${id}/revoke`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ reason: "keyCompromise" }),
    });
    assertEquals(await response.json(), { status: "revoked" });
    const again = await client.post("/revoke-cert", { certificate: der(enrolled) });
    assertEquals(problemOf(again), [400, "alreadyRevoked"]);
  });
});

Deno.test("renewal info of a certificate is a window before its end, and in the past once revoked", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const enrolled = await client.enroll("a.test");
    const url = `${client.base}/renewal-info/${renewalId(enrolled.leaf)}`;
    const response = await lab.fetch(url, { headers: { Authorization: "" } });
    assertEquals([response.status, response.headers.get("retry-after")], [200, "21600"]);
    const { suggestedWindow: { start, end } } = await response.json();
    assert(Date.parse(start) > Date.now() && Date.parse(start) < Date.parse(end));
    assert(Date.parse(end) < enrolled.leaf.notAfter.getTime());
    await client.post("/revoke-cert", { certificate: der(enrolled) });
    const revoked = await (await lab.fetch(url)).json();
    assert(Date.parse(revoked.suggestedWindow.end) <= Date.now());
  });
});

Deno.test("without renewal information the directory does not name it, and it is 404", async () => {
  await withLab({ acme: { ariEnabled: false } }, async (lab) => {
    const client = await AcmeClient.register(lab);
    const directory = await (await lab.fetch(`${client.base}/directory`)).json();
    assertEquals("renewalInfo" in directory, false);
    const response = await lab.fetch(`${client.base}/renewal-info/aaaa.bbbb`);
    assertEquals((await response.json()).status, 404);
  });
});

Deno.test("an order says which certificate it replaces, and one order alone may", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const other = await AcmeClient.register(lab);
    const replaces = renewalId((await client.enroll("a.test")).leaf);
    const order = (by: AcmeClient, name: string): ReturnType<AcmeClient["post"]> =>
      by.post("/new-order", { identifiers: [{ type: "dns", value: name }], replaces });
    assertEquals(problemOf(await order(other, "a.test")), [401, "unauthorized"]);
    assertEquals(problemOf(await order(client, "b.test")), [400, "malformed"]);
    const renewed = await order(client, "a.test");
    assertEquals([renewed.status, renewed.body.replaces], [201, replaces]);
    assertEquals(problemOf(await order(client, "a.test")), [409, "alreadyReplaced"]);
    await client.post(renewed.body.authorizations[0], { status: "deactivated" });
    assertEquals((await order(client, "a.test")).status, 201);
  });
});
