import { connect } from "node:tls";
import { assert, assertEquals, assertMatch } from "../assert.ts";
import { createAuthority, serverCertificate } from "../../src/lab/authority.ts";
import type { KeyPair } from "../../src/lab/http/server.ts";
import { leafFingerprint } from "../../src/lab/tls_target.ts";
import { type LabClient, withLab } from "./harness.ts";

const authority = await createAuthority("Tests' CA");

function pair(): Promise<KeyPair> {
  return serverCertificate(authority, {
    commonName: "web-1.example.com",
    dnsNames: ["web-1.example.com"],
    ipAddresses: [],
  });
}

async function install({ lab }: LabClient, target: string, given: KeyPair): Promise<Response> {
  const { certificatePem, keyPem } = given;
  return await fetch(`${lab.addresses.control}/lab/targets/${target}/certificate`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ certificate_pem: certificatePem, key_pem: keyPem }),
  });
}

/** SHA-256 of the leaf that a fresh handshake shows, lower-case hex. */
function served(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port: Number(port), rejectUnauthorized: false };
    const socket = connect({ ...options, servername: "web-1.example.com" }, () => {
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      resolve(fingerprint256.replaceAll(":", "").toLowerCase());
    });
    socket.on("error", reject);
  });
}

Deno.test("a certificate that is installed is what the next handshake shows, on that target alone", async () => {
  await withLab({ targets: { nginx: 2 } }, async (client) => {
    const { targets } = client.lab.addresses;
    const before = await served(targets["nginx"]);
    const given = await pair();
    const response = await install(client, "nginx-2", given);
    const fingerprint_sha256 = leafFingerprint(given);
    assertEquals([response.status, await response.json()], [200, {
      target: "nginx-2",
      fingerprint_sha256,
    }]);
    assertEquals(await served(targets["nginx-2"]!), fingerprint_sha256);
    assertEquals(await served(targets["nginx"]), before);
  });
});

Deno.test("what is no certificate with its key is refused, and so is a target that is not there", async () => {
  await withLab({}, async (client) => {
    const [one, other] = [await pair(), await pair()];
    const refusals = [
      [await install(client, "nginx", { ...one, keyPem: other.keyPem }), /key is not the certif/],
      [await install(client, "nginx", { ...one, certificatePem: "" }), /^Cannot install/],
      [await install(client, "iis", one), /there is no target "iis", only nginx, apache/],
    ] as const;
    for (const [response, expected] of refusals) {
      assertEquals(response.status, 400);
      assertMatch((await response.json()).error, expected);
    }
    assertEquals(client.lab.deployments.records, []);
  });
});

Deno.test("no handshake is refused while certificates change, and each shows the one or the other", async () => {
  await withLab({}, async (client) => {
    const { nginx } = client.lab.addresses.targets;
    const pairs = await Promise.all(Array.from({ length: 20 }, pair));
    const known = new Set([await served(nginx), ...pairs.map(leafFingerprint)]);
    let changing = true;
    const shown: string[] = [];
    const watch = async (): Promise<void> => {
      while (changing) shown.push(await served(nginx));
    };
    const watchers = Promise.all(Array.from({ length: 8 }, watch));
    for (const each of pairs) {
      const seen = shown.length;
      const { status } = await install(client, "nginx", each).then(async (response) => {
        await response.body?.cancel();
        return response;
      });
      assertEquals(status, 200);
      while (shown.length < seen + 10) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    changing = false;
    await watchers;
    assert(shown.every((fingerprint) => known.has(fingerprint)));
    assertEquals(new Set(shown).size, known.size);
  });
});
