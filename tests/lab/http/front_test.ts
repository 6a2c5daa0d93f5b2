import { assertEquals, assertRejects } from "../../assert.ts";
import { createAuthority, serverCertificate } from "../../../src/lab/authority.ts";
import { FrontListener } from "../../../src/lab/http/front.ts";
import type { KeyPair } from "../../../src/lab/http/server.ts";
import { leafFingerprint } from "../../../src/lab/tls_target.ts";
import { servedBy } from "../served.ts";

const authority = await createAuthority("Tests' CA");
const pairs = await Promise.all(
  ["a", "b", "c"].map((commonName) =>
    serverCertificate(authority, { commonName, dnsNames: [`${commonName}.test`], ipAddresses: [] })
  ),
) as [KeyPair, KeyPair, KeyPair];

/** What a handshake with the listener shows. */
async function shown(front: FrontListener): Promise<string> {
  const { port } = front.addr as Deno.NetAddr;
  const accepted = front.accept();
  const fingerprint = servedBy(`https://127.0.0.1:${port}`);
  const conn = await accepted;
  await conn.handshake();
  conn.close();
  return await fingerprint;
}

Deno.test("each connection has the certificate that is chosen for it, and others' listeners end", async () => {
  const kept = new Set<KeyPair>(pairs.slice(0, 2));
  let chosen = pairs[0];
  const front = new FrontListener({
    hostname: "127.0.0.1",
    port: 0,
    choose: () => chosen,
    keeps: (pair) => kept.has(pair),
  });
  for (const [at, size] of [[0, 1], [1, 2], [0, 2], [2, 3]] as const) {
    chosen = pairs[at];
    assertEquals(await shown(front), leafFingerprint(chosen));
    assertEquals(front.size, size);
  }
  kept.clear();
  assertEquals(await shown(front), leafFingerprint(pairs[2]));
  assertEquals(front.size, 1);
  front.close();
  await front.ended();
});

Deno.test("a listener that is closed accepts nothing and leaves its port", async () => {
  const options = { hostname: "127.0.0.1", choose: () => pairs[0], keeps: () => true };
  const front = new FrontListener({ ...options, port: 0 });
  const { port } = front.addr as Deno.NetAddr;
  const accepting = assertRejects(() => front.accept());
  front.close();
  await accepting;
  const next = new FrontListener({ ...options, port });
  assertEquals(await shown(next), leafFingerprint(pairs[0]));
  next.close();
  await Promise.all([front.ended(), next.ended()]);
});
