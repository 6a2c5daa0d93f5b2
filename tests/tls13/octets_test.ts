import fc from "fast-check";
import { Cursor, HandshakeError, join, uint, vector } from "../../src/tls13/octets.ts";
import { assertEquals, assertThrows } from "../assert.ts";

Deno.test("numbers and vectors are read as they were written", () => {
  fc.assert(fc.property(fc.nat(0xffffff), fc.uint8Array({ maxLength: 300 }), (value, data) => {
    const cursor = new Cursor(join(uint(3, value), vector(2, data), vector(1), vector(2, data)));
    assertEquals(cursor.uint(3), value);
    assertEquals(cursor.vector(2), data);
    assertEquals(cursor.vector(1), new Uint8Array());
    assertEquals(cursor.list(2, (each) => each.uint(1)), [...data]);
    assertThrows(() => cursor.uint(1), HandshakeError);
  }));
});
