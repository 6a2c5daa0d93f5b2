import { createClient } from "../../src/transport/client.ts";
import { assertEquals } from "../assert.ts";
import { type TestCertificate, testCertificate } from "../servers/certificate.ts";

interface Served {
  readonly port: number;
  close(): Promise<void>;
}

/** Answers with as many bytes as the path says. */
function serve({ certPem, keyPem }: TestCertificate): Served {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: certPem, key: keyPem, onListen: () => {} },
    (request) => new Response("x".repeat(Number(new URL(request.url).pathname.slice(1)) || 2)),
  );
  return { port: server.addr.port, close: () => server.shutdown() };
}

Deno.test("requests side by side and bodies of many records come through whole", async () => {
  const server = serve(await testCertificate());
  const client = createClient({
    tls: { insecureSkipVerify: true },
    protocol: "http/1.1",
    maxBodyBytes: 1_000_000,
  });
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
