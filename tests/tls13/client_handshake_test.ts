import fc from "fast-check";
import { ClientHandshake } from "../../src/tls13/client_handshake.ts";
import { HandshakeError, join, uint, vector } from "../../src/tls13/octets.ts";
import { ServerTraffic } from "../../src/tls13/traffic.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";

Deno.test("the hello asks for the name and the protocol, in one record", async () => {
  const { hello } = await ClientHandshake.create("a.test", "acme-tls/1");
  const text = new TextDecoder("latin1").decode(hello);
  assert(text.includes("a.test") && text.includes("acme-tls/1"));
  assertEquals([hello[0], hello[3]! * 256 + hello[4]!], [22, hello.length - 5]);
});

Deno.test("no records make the handshake fail but with its own error", async () => {
  const records = fc.array(
    fc.tuple(fc.constantFrom(20, 21, 22, 23, 24), fc.uint8Array({ maxLength: 200 })),
    { maxLength: 5 },
  );
  const shaped = fc.tuple(fc.constantFrom(2, 8, 11), fc.uint8Array({ maxLength: 200 }))
    .map(([kind, body]): [number, Uint8Array][] => [[22, join(uint(1, kind), vector(3, body))]]);
  await fc.assert(fc.asyncProperty(fc.oneof(records, shaped), async (records) => {
    const handshake = await ClientHandshake.create("a.test", "acme-tls/1");
    try {
      for (const [type, contents] of records) await handshake.add(type, contents);
    } catch (error) {
      assert(error instanceof HandshakeError, String(error));
    }
  }));
});

Deno.test("an alert, and records without end, are errors", async () => {
  const alerted = await ClientHandshake.create("a.test", "acme-tls/1");
  await assertRejects(() => alerted.add(21, Uint8Array.of(2, 120)), HandshakeError);
  const endless = await ClientHandshake.create("a.test", "acme-tls/1");
  await assertRejects(async () => {
    for (;;) await endless.add(22, join(uint(1, 11), uint(3, 0xffffff), new Uint8Array(10_000)));
  }, HandshakeError);
});

Deno.test("what one side seals the other opens, in order", () => {
  const [server, client] = [1, 2].map(() => new ServerTraffic(new Uint8Array(32), uint(2, 7)));
  for (const text of ["one", "two"]) {
    const sealed = server!.seal(new TextEncoder().encode(text));
    const opened = client!.open(sealed.subarray(5));
    assertEquals([opened?.type, new TextDecoder().decode(opened?.contents)], [22, text]);
  }
});

Deno.test("a record that is not authentic is not opened", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (contents) => {
    const opener = new ServerTraffic(new Uint8Array(32), new Uint8Array(10));
    assertEquals(opener.open(contents), undefined);
  }));
});
