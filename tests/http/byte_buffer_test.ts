import fc from "fast-check";
import { assert, assertEquals } from "../assert.ts";
import { ByteBuffer } from "../../src/http/byte_buffer.ts";

Deno.test("pieces make one whole, and are not written to", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
    const before = pieces.map((piece) => [...piece]);
    const buffer = new ByteBuffer(100);
    for (const piece of pieces) buffer.append(piece);
    assertEquals([...buffer.bytes], before.flat());
    assertEquals(buffer.length, before.flat().length);
    assertEquals(pieces.map((piece) => [...piece]), before);
  }));
});

Deno.test("a part of a piece can be added, and what was cleared is gone", () => {
  const buffer = new ByteBuffer(100);
  const letters = Uint8Array.from([1, 2, 3, 4, 5]);
  buffer.append(letters, 1, 3);
  buffer.append(letters, 3, 4);
  assertEquals([...buffer.bytes], [2, 3, 4]);
  buffer.clear();
  assertEquals([buffer.length, buffer.bytes.length], [0, 0]);
  buffer.append(letters, 4);
  assertEquals([...buffer.bytes], [5]);
});

Deno.test("room is made for twice as much each time, up to the most that is expected", () => {
  const buffer = new ByteBuffer(1000);
  const one = new Uint8Array(1);
  const rooms = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    buffer.append(one);
    rooms.add(buffer.bytes.buffer.byteLength);
  }
  assert(rooms.size <= 11, `${rooms.size} rooms`);
  assertEquals(Math.max(...rooms), 1000);
});
