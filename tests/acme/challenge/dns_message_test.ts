import fc from "fast-check";
import {
  readQuestion,
  txtData,
  TYPE,
  writeAnswer,
} from "../../../src/acme/challenge/dns_message.ts";
import { assertEquals } from "../../assert.ts";

function query(name: string, type: number, flags = 0x0100): Uint8Array {
  const labels = name.split(".").flatMap((label) => [
    label.length,
    ...new TextEncoder().encode(label),
  ]);
  return Uint8Array.from([
    ...[0xab, 0xcd, flags >> 8, flags & 255, 0, 1, 0, 0, 0, 0, 0, 0],
    ...[...labels, 0, 0, type, 0, 1],
  ]);
}

Deno.test("readQuestion() takes names of 255 octets, and no longer ones (RFC 1035 section 2.3.4)", () => {
  const query = (last: number): Uint8Array => {
    const lengths = [63, 63, 63, last];
    const labels = lengths.flatMap((length) => [length, ...Array(length).fill(0x61)]);
    const header = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    return Uint8Array.from([...header, ...labels, 0, 0, 16, 0, 1]);
  };
  assertEquals(readQuestion(query(61))?.name.length, 63 * 3 + 61 + 3);
  assertEquals(readQuestion(query(62)), undefined);
});

Deno.test("readQuestion() reads name, type and id of a query", () => {
  const question = readQuestion(query("_acme-challenge.A.test", TYPE.TXT))!;
  assertEquals(question.name, "_acme-challenge.a.test");
  assertEquals([question.type, question.id, question.recursionDesired], [TYPE.TXT, 0xabcd, true]);
});

Deno.test("readQuestion() refuses answers, several questions, pointers and cut messages", () => {
  const good = query("a.test", TYPE.A);
  assertEquals(readQuestion(query("a.test", TYPE.A, 0x8000)), undefined);
  assertEquals(readQuestion(good.with(5, 2)), undefined);
  assertEquals(readQuestion(good.with(12, 0xc0)), undefined);
  for (let length = 0; length < good.length; length++) {
    assertEquals(readQuestion(good.subarray(0, length)), undefined);
  }
});

Deno.test("readQuestion() never throws", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (garbage) => {
    readQuestion(garbage);
  }));
});

Deno.test("writeAnswer() answers the question with one record for each datum", () => {
  const question = readQuestion(query("a.test", TYPE.TXT))!;
  const message = writeAnswer(question, [txtData("one"), txtData("two")]);
  const view = new DataView(message.buffer);
  assertEquals(view.getUint16(0), 0xabcd);
  assertEquals(view.getUint16(2), 0x8580);
  assertEquals([view.getUint16(4), view.getUint16(6)], [1, 2]);
  assertEquals(new TextDecoder().decode(message.subarray(-3)), "two");
});
