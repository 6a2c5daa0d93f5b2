import fc from "fast-check";
import { readClientHello } from "../../src/tls13/client_hello.ts";
import { assertEquals } from "../assert.ts";

/** What a TLS client of this runtime sends first. */
async function captureHello(servername: string): Promise<Uint8Array> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = listener.addr.port;
  const client = (async () => {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
    const tls = await Deno.startTls(tcp, { hostname: servername, alpnProtocols: ["acme-tls/1"] });
    await tls.handshake().catch(() => {});
    tls.close();
  })();
  const connection = await listener.accept();
  const buffer = new Uint8Array(16_384);
  let length = 0;
  while (typeof readClientHello(buffer.subarray(0, length)) === "string") {
    length += await connection.read(buffer.subarray(length)) ?? 0;
  }
  connection.close();
  listener.close();
  await client;
  return buffer.slice(0, length);
}

Deno.test("readClientHello() waits for the whole hello, then reads name, protocols and shares", async () => {
  const octets = await captureHello("a.example.test");
  for (let length = 0; length < octets.length; length += 7) {
    assertEquals(readClientHello(octets.subarray(0, length)), "incomplete");
  }
  const hello = readClientHello(octets);
  if (typeof hello === "string") throw new Error(hello);
  assertEquals(hello.serverName, "a.example.test");
  assertEquals(hello.protocols, ["acme-tls/1"]);
  assertEquals(hello.versions.includes(0x0304), true);
  assertEquals(hello.keyShares.size > 0, true);
});

Deno.test("readClientHello() refuses what is no hello, and never throws", () => {
  assertEquals(readClientHello(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")), "bad");
  assertEquals(readClientHello(Uint8Array.of(22, 3, 1, 0xff, 0xff)), "bad");
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
    const record = Uint8Array.from([22, 3, 1, 0, garbage.length, ...garbage]);
    assertEquals(readClientHello(record), "bad");
  }));
});
