import { createClient } from "../../src/transport/client.ts";
import { nodeRoad } from "../../src/transport/connect.ts";
import { ConnStream, nativeRoad } from "../../src/transport/native.ts";
import type { DialResult, Road } from "../../src/transport/stream.ts";
import type { TlsOptions } from "../../src/plan/plan.ts";
import { assert, assertEquals } from "../assert.ts";
import { type TestCertificate, testCertificate } from "../servers/certificate.ts";

const INSECURE: TlsOptions = { insecureSkipVerify: true };

interface Served {
  readonly port: number;
  close(): Promise<void>;
}

/** Answers with as many bytes as the path says. */
function serve({ certPem, keyPem }: TestCertificate, port = 0): Served {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, cert: certPem, key: keyPem, onListen: () => {} },
    (request) => new Response("x".repeat(Number(new URL(request.url).pathname.slice(1)) || 2)),
  );
  return { port: server.addr.port, close: () => server.shutdown() };
}

function dial(road: Road, port: number): Promise<DialResult> {
  return new Promise((resolve) => {
    road({ secure: true, hostname: "127.0.0.1", port }, 5_000, (result) => {
      if ("stream" in result) result.stream.destroy();
      resolve(result);
    });
  });
}

function isNative(result: DialResult): boolean {
  return "stream" in result && result.stream instanceof ConnStream;
}

Deno.test("the first connection goes over node:tls, later ones natively with the certificate it showed", async () => {
  const server = serve(await testCertificate());
  try {
    const road = nativeRoad(INSECURE, nodeRoad(INSECURE));
    const [first, second] = [await dial(road, server.port), await dial(road, server.port)];
    assertEquals([isNative(first), isNative(second)], [false, true]);
    assert("stream" in first && "stream" in second);
    assertEquals(second.peer, first.peer);
    assertEquals(second.peer?.keyType, "ECDSA P-256");
  } finally {
    await server.close();
  }
});

Deno.test("with verification on, the plan's roots are what the native road trusts too", async () => {
  const certificate = await testCertificate();
  const server = serve(certificate);
  try {
    const tls = { insecureSkipVerify: false, caPem: certificate.certPem };
    const road = nativeRoad(tls, nodeRoad(tls));
    await dial(road, server.port);
    assert(isNative(await dial(road, server.port)));
    const other = { insecureSkipVerify: false, caPem: (await testCertificate()).certPem };
    const refused = await dial(nativeRoad(other, nodeRoad(other)), server.port);
    assertEquals("class" in refused && refused.class, "tls_verify");
  } finally {
    await server.close();
  }
});

Deno.test("a certificate that changes is seen at once, by the very connection that the old trust refuses", async () => {
  const before = serve(await testCertificate());
  const road = nativeRoad(INSECURE, nodeRoad(INSECURE));
  const first = await dial(road, before.port);
  assert(isNative(await dial(road, before.port)));
  await before.close();
  const after = serve(await testCertificate(), before.port);
  try {
    const seen = await dial(road, after.port);
    assert("stream" in first && "stream" in seen, JSON.stringify(seen));
    assert(seen.peer?.fingerprintSha256 !== first.peer?.fingerprintSha256);
    assert(isNative(await dial(road, after.port)));
  } finally {
    await after.close();
  }
});

Deno.test("requests side by side and bodies of many records come through whole", async () => {
  const server = serve(await testCertificate());
  const client = createClient({ tls: INSECURE, protocol: "http/1.1", maxBodyBytes: 1_000_000 });
  try {
    const sizes = [2, 100_000, 16_384, 500_000, 7, 65_536];
    const send = async (size: number): Promise<[number, string | undefined]> => {
      const url = new URL(`https://127.0.0.1:${server.port}/${size}`);
      const request = { method: "GET", url, headers: {} };
      const exchange = await client.send(request, { timeoutMs: 5_000 });
      return [exchange.body.length, exchange.failure?.message];
    };
    await send(2);
    for (let round = 0; round < 3; round++) {
      const seen = await Promise.all(sizes.map(send));
      assertEquals(seen, sizes.map((size) => [size, undefined]));
    }
  } finally {
    client.close();
    await server.close();
  }
});
