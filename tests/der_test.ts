import fc from "fast-check";
import * as der from "../src/der.ts";
import { assertEquals } from "./assert.ts";

Deno.test("element() makes what readElement() reads, for every length", () => {
  const lengths = fc.oneof(fc.nat(300), fc.constantFrom(127, 128, 255, 256, 65_535, 65_536));
  fc.assert(fc.property(lengths, fc.nat(200), (length, fill) => {
    const contents = new Uint8Array(length).fill(fill);
    const read = der.readElement(der.element(0x04, contents))!;
    assertEquals(read.tag, 0x04);
    assertEquals(read.contents.length, length);
    assertEquals(read.end, read.whole.length);
  }));
});

Deno.test("readElements() gives back what sequence() joined", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (parts) => {
    const outer = der.readElement(der.sequence(...parts.map((part) => der.octetString(part))))!;
    const read = der.readElements(outer.contents)!;
    assertEquals(read.map(({ contents }) => [...contents]), parts.map((part) => [...part]));
  }));
});

Deno.test("readElement() and readElements() never throw on garbage", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (garbage) => {
    der.readElement(garbage);
    der.readElements(garbage);
  }));
  assertEquals(der.readElement(Uint8Array.of(0x30, 0x80)), undefined);
  assertEquals(der.readElement(Uint8Array.of(0x30, 0x05, 0x00)), undefined);
});

Deno.test("integer() is never negative and has no needless zeros", () => {
  assertEquals([...der.integer(Uint8Array.of(0x80))], [2, 2, 0, 0x80]);
  assertEquals([...der.integer(Uint8Array.of(0, 0, 0x7f))], [2, 1, 0x7f]);
  assertEquals([...der.integer(Uint8Array.of(0))], [2, 1, 0]);
});

Deno.test("oid() writes arcs in base 128", () => {
  assertEquals([...der.oid("1.2.840.113549")], [6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]);
  assertEquals([...der.oid("2.5.29.17")], [6, 3, 0x55, 0x1d, 0x11]);
});

Deno.test("utcTime() is in whole seconds", () => {
  const text = new TextDecoder().decode(
    der.utcTime(new Date("2026-11-23T20:15:42.9Z")).subarray(2),
  );
  assertEquals(text, "261123201542Z");
});
