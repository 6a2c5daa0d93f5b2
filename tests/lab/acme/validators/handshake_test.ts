import fc from "fast-check";
import { ClientHandshake, HandshakeError } from "../../../../src/lab/acme/validators/handshake.ts";
import { Cursor, join, uint, vector } from "../../../../src/lab/acme/validators/octets.ts";
import { RecordOpener } from "../../../../src/lab/acme/validators/key_schedule.ts";
import { parseResponseHead } from "../../../../src/lab/acme/validators/response_head.ts";
import { assert, assertEquals, assertRejects } from "../../../assert.ts";

Deno.test("numbers and vectors are read as they were written", () => {
  fc.assert(fc.property(fc.nat(0xffffff), fc.uint8Array({ maxLength: 300 }), (value, data) => {
    const cursor = new Cursor(join(uint(3, value), vector(2, data), vector(1)));
    assertEquals(cursor.uint(3), value);
    assertEquals(cursor.vector(2), data);
    assertEquals(cursor.vector(1), new Uint8Array());
    assert(cursor.isAtEnd);
    assertEquals([cursor.uint(2), cursor.vector(2).length], [0, 0]);
  }));
});

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

Deno.test("a record that is not authentic is not opened", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (contents) => {
    const opener = new RecordOpener(new Uint8Array(32), new Uint8Array(10));
    assertEquals(opener.open(contents), undefined);
  }));
});

Deno.test("an answer's head is read, and what is none is not", () => {
  const head = parseResponseHead("HTTP/1.0 302 Found\r\nLocation: /x\r\nA:b");
  assertEquals([head?.status, head?.headers.get("location")], [302, "/x"]);
  for (const text of ["", "HTTP/2 200", "HTTP/1.1 2000", "hello"]) {
    assertEquals(parseResponseHead(text), undefined);
  }
});
