import { assert, assertEquals, assertMatch } from "../assert.ts";
import { createAuthority, serverCertificate } from "../../src/lab/authority.ts";
import type { KeyPair } from "../../src/lab/http/server.ts";
import { leafFingerprint } from "../../src/lab/tls_target.ts";
import { type LabClient, until, withLab } from "./harness.ts";
import { servedBy } from "./served.ts";

const authority = await createAuthority("Tests' CA");

/** In a chain: the leaf is good, and no daemon starts. */
const BROKEN = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";

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

Deno.test("a certificate that is installed is what the next handshake shows, on that target alone", async () => {
  await withLab({ targets: { nginx: 2 } }, async (client) => {
    const { targets } = client.lab.addresses;
    const before = await servedBy(targets["nginx"]);
    const given = await pair();
    const response = await install(client, "nginx-2", given);
    const fingerprint_sha256 = leafFingerprint(given);
    assertEquals([response.status, await response.json()], [200, {
      target: "nginx-2",
      fingerprint_sha256,
    }]);
    assertEquals(await servedBy(targets["nginx-2"]!), fingerprint_sha256);
    assertEquals(await servedBy(targets["nginx"]), before);
  });
});

Deno.test("what is no certificate with its key is refused, and so is a target that is not there", async () => {
  await withLab({}, async (client) => {
    const [one, other] = [await pair(), await pair()];
    const refusals = [
      [await install(client, "nginx", { ...one, keyPem: other.keyPem }), /key is not the certif/],
      [await install(client, "nginx", { ...one, certificatePem: "" }), /^Cannot install/],
      [
        await install(client, "f5", { ...one, certificatePem: `${one.certificatePem}${BROKEN}` }),
        /^Cannot install a certificate on f5: /,
      ],
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
    const known = new Set([await servedBy(nginx), ...pairs.map(leafFingerprint)]);
    let changing = true;
    const shown: string[] = [];
    const watch = async (): Promise<void> => {
      while (changing) shown.push(await servedBy(nginx));
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

/** Installs, and looks at what the next handshakes show. */
async function deploy(
  client: LabClient,
  handshakes: number,
): Promise<{ readonly old: string; readonly fresh: string; readonly shown: readonly string[] }> {
  const { nginx } = client.lab.addresses.targets;
  const old = await servedBy(nginx);
  const given = await pair();
  assertEquals((await (await install(client, "nginx", given)).json()).error, undefined);
  const shown: string[] = [];
  for (let at = 0; at < handshakes; at++) shown.push(await servedBy(nginx));
  return { old, fresh: leafFingerprint(given), shown };
}

Deno.test("faults are drawn by installation, seen by handshakes, and on record", async () => {
  const deployments = [
    { kind: "late", every: 2, afterMs: 60_000 },
    { kind: "mixed", every: 3, forMs: 60_000 },
  ] as const;
  await withLab({ faults: { deployments } }, async (client) => {
    const good = await deploy(client, 2);
    assertEquals(good.shown, [good.fresh, good.fresh]);
    const late = await deploy(client, 2);
    assertEquals(late.shown, [good.fresh, good.fresh]);
    const mixed = await deploy(client, 4);
    assertEquals(mixed.old, good.fresh);
    assertEquals(mixed.shown, [mixed.old, mixed.fresh, mixed.old, mixed.fresh]);

    const { control } = client.lab.addresses;
    const { deployments: told } = await (await fetch(`${control}/lab/deployments`)).json();
    assertEquals(told.length, 3);
    assertEquals(told.map((each: { fault?: string }) => each.fault), [undefined, "late", "mixed"]);
    const { number, target, by, fingerprint, oldFingerprint, installedUs, served } = told[2];
    assertEquals([number, target, by], [3, "nginx", "control"]);
    assertEquals([fingerprint, oldFingerprint], [mixed.fresh, mixed.old]);
    assertEquals([served.old.handshakes, served.new.handshakes], [2, 2]);
    assert(installedUs < served.old.firstUs && served.old.firstUs < served.new.lastUs);
  });
});

Deno.test("a wrong deployment shows a third certificate, a reverted one the old one again", async () => {
  const faults = { deployments: [{ kind: "wrong" }] } as const;
  await withLab({ faults }, async (client) => {
    const wrong = await deploy(client, 1);
    assert(![wrong.old, wrong.fresh].includes(wrong.shown[0]!));
    await client.lab.setFaults({ deployments: [{ kind: "reverted", afterMs: 0 }] });
    const reverted = await deploy(client, 1);
    assertEquals(reverted.shown, [reverted.old]);
    await client.lab.setFaults({});
    const good = await deploy(client, 1);
    assertEquals(good.shown, [good.fresh]);
  });
});

Deno.test("what is installed stays when faults are set and ended", async () => {
  await withLab({}, async (client) => {
    const { nginx } = client.lab.addresses.targets;
    const { fresh } = await deploy(client, 0);
    await client.lab.setFaults({ certificates: { nginx: "expired" } });
    assert(await servedBy(nginx) !== fresh);
    await client.lab.setFaults({ down: ["nginx"] });
    await client.lab.setFaults({});
    assertEquals(await servedBy(nginx), fresh);
  });
});

Deno.test("an installation has on record what was shown before it, a fault's certificate too", async () => {
  await withLab({}, async (client) => {
    const { lab } = client;
    await lab.setFaults({ certificates: { nginx: "expired" } });
    const shown = await servedBy(lab.addresses.targets.nginx);
    await (await install(client, "nginx", await pair())).body?.cancel();
    const { deployments } = await (await fetch(`${lab.addresses.control}/lab/deployments`)).json();
    assertEquals(deployments.at(-1).oldFingerprint, shown);
  });
});

/** A connection that is kept, and asked over again. */
async function kept(client: LabClient): Promise<{
  ask(): Promise<string | null>;
  close(): void;
}> {
  const { hostname, port } = new URL(client.lab.addresses.targets.nginx);
  const caCerts = [client.lab.addresses.caPem];
  const conn = await Deno.connectTls({ hostname, port: Number(port), caCerts });
  const buffer = new Uint8Array(4096);
  return {
    ask: async () => {
      await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
      const count = await conn.read(buffer);
      return count === null ? null : new TextDecoder().decode(buffer.subarray(0, count));
    },
    close: () => conn.close(),
  };
}

Deno.test("a kept connection outlives a reload, unless reloads cut, as nginx's do", async () => {
  await withLab({}, async (client) => {
    const connection = await kept(client);
    assertMatch(await connection.ask() ?? "", /^HTTP\/1.1 200/);
    await deploy(client, 0);
    assertMatch(await connection.ask() ?? "", /^HTTP\/1.1 200/);
    connection.close();
    assertEquals(client.lab.deployments.records[0]!.cutConnections, 0);
  });
});

Deno.test("a reload that cuts ends what waits, and counts the request that comes too late", async () => {
  await withLab({ reload: "cut" }, async (client) => {
    const [silent, asking] = [await kept(client), await kept(client)];
    for (const each of [silent, asking]) assertMatch(await each.ask() ?? "", /^HTTP\/1.1 200/);
    await deploy(client, 0);
    const record = client.lab.deployments.records[0]!;
    await until("the reload", () => record.cutConnections === 2);
    const late = await asking.ask().catch(() => null);
    assertEquals(late, null);
    await until("the late request is counted", () => record.resetRequests === 1);
    for (const each of [silent, asking]) each.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assertEquals(record.resetRequests, 1);
  });
});

Deno.test("a request that is being answered when a reload cuts gets its answer, and then the end", async () => {
  const faults = { rules: [{ server: "nginx" as const, latencyMs: 300 }] };
  await withLab({ reload: "cut", faults }, async (client) => {
    const connection = await kept(client);
    const answer = connection.ask();
    await until("the request is there", () => client.lab.counts().nginx.requests === 1);
    await install(client, "nginx", await pair()).then((response) => response.body?.cancel());
    assertMatch(await answer ?? "", /^HTTP\/1.1 200 OK[^]*Connection: close/);
    connection.close();
    assertEquals(client.lab.deployments.records[0]!.resetRequests, 0);
  });
});
