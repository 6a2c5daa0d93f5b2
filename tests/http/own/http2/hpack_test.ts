import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "../../../assert.ts";
import {
  encodeFields,
  type Field,
  HpackDecoder,
  HpackError,
} from "../../../../src/http/own/http2/hpack.ts";
import { decodeHuffman } from "../../../../src/http/own/http2/huffman.ts";

const MAX = 4096;

function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
}

function read(decoder: HpackDecoder, block: Uint8Array, maxListBytes = MAX): Field[] | undefined {
  return decoder.decode(block, maxListBytes);
}

Deno.test("the requests of RFC 7541 appendix C.4 are read, with what they leave in the table", () => {
  const decoder = new HpackDecoder();
  const common: Field[] = [[":method", "GET"], [":scheme", "http"], [":path", "/"]];
  const authority: Field = [":authority", "www.example.com"];
  assertEquals(read(decoder, hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff")), [
    ...common,
    authority,
  ]);
  assertEquals(read(decoder, hex("8286 84be 5886 a8eb 1064 9cbf")), [
    ...common,
    authority,
    ["cache-control", "no-cache"],
  ]);
  assertEquals(read(decoder, hex("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf")), [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    authority,
    ["custom-key", "custom-value"],
  ]);
});

Deno.test("the literals of RFC 7541 appendix C.2 are read", () => {
  const decoder = new HpackDecoder();
  assertEquals(
    read(decoder, hex("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572")),
    [["custom-key", "custom-header"]],
  );
  assertEquals(read(decoder, hex("040c 2f73 616d 706c 652f 7061 7468")), [[
    ":path",
    "/sample/path",
  ]]);
  assertEquals(read(decoder, hex("1008 7061 7373 776f 7264 0673 6563 7265 74")), [[
    "password",
    "secret",
  ]]);
  assertEquals(read(decoder, hex("be")), [["custom-key", "custom-header"]]);
});

Deno.test("Huffman code that is padded wrongly, or ends the string, is refused", () => {
  assertEquals(decodeHuffman(hex("1f")), "a");
  for (const wrong of ["18", "1fff", "ffffffff", "ffffffff ff"]) {
    assertEquals(decodeHuffman(hex(wrong)), undefined);
  }
});

const text = fc.string({ unit: "binary-ascii", maxLength: 200 })
  .map((value) => value.replace(/[\0\r\n]/g, "_"));
const names = fc.oneof(
  fc.constantFrom(":method", ":path", "authorization", "accept-encoding", "date"),
  fc.stringMatching(/^[a-z-]{1,20}$/),
);

Deno.test("what is encoded is decoded to the same, in any decoder at any time", () => {
  const decoder = new HpackDecoder();
  fc.assert(fc.property(fc.array(fc.tuple(names, text)), (fields) => {
    assertEquals(read(decoder, encodeFields(fields), 1_000_000), fields);
  }));
});

Deno.test("fields that are secrets may not be put into a table by anyone on the way", () => {
  assertEquals(encodeFields([["authorization", "Bearer t"]])[0]! & 0xf0, 0x10);
  assertEquals(encodeFields([["accept", "a"]])[0]! & 0xf0, 0);
});

for (
  const [what, block] of [
    ["an entry that is not there", "be"],
    ["entry 0", "80"],
    ["a block that ends within a string", "0003 61"],
    ["a block that ends within a number", "ff"],
    ["a number without end", "ffff ffff ffff ffff"],
    ["a table that is larger than agreed", "3fe2 1f"],
    ["a change of size after a field", "8220"],
    ["a wrong Huffman string", "0081 18 0161"],
    ["a name in capitals", "0001 41 0161"],
    ["an empty name", "0000 0161"],
    ["a name with a colon in it", "0003 613a62 0161"],
    ["a line break in a value", "0001 61 020d0a"],
    ["a zero byte in a value that has a name of the table", "0f11 0100"],
    ["a field of HTTP/1's connections", "000a 636f6e6e656374696f6e 0161"],
    ["Transfer-Encoding by the table", "0f2a 0161"],
  ] as const
) {
  Deno.test(`HPACK: ${what} is refused`, () => {
    assertThrows(() => read(new HpackDecoder(), hex(block)), HpackError);
  });
}

Deno.test("a list that grows too large from few bytes is not kept, and reading goes on after it", () => {
  const decoder = new HpackDecoder();
  read(decoder, encodeIncremental("x", "y".repeat(1000)));
  assertEquals(read(decoder, new Uint8Array(3).fill(0xbe))?.length, 3);
  assertEquals(decoder.listBytes, 3 * 1033);
  const bomb = new Uint8Array([...new Uint8Array(500).fill(0xbe), ...encodeIncremental("z", "1")]);
  assertEquals(read(decoder, bomb), undefined);
  assertEquals(decoder.listBytes, 500 * 1033 + 34);
  assertEquals(read(decoder, hex("be")), [["z", "1"]]);
});

Deno.test("a list may take exactly as many bytes as allowed", () => {
  const block = encodeFields([["a", "b"], ["c", "d"]]);
  assertEquals(read(new HpackDecoder(), block, 68)?.length, 2);
  assertEquals(read(new HpackDecoder(), block, 67), undefined);
});

Deno.test("the table forgets its oldest entries, and all where its size becomes 0", () => {
  const decoder = new HpackDecoder();
  const long = (name: string): Uint8Array => encodeIncremental(name, "v".repeat(1331));
  for (const name of ["a", "b", "c"]) read(decoder, long(name));
  assertEquals(read(decoder, hex("c0"))?.[0]?.[0], "a");
  read(decoder, encodeIncremental("d", ""));
  assertEquals(read(decoder, hex("c0"))?.[0]?.[0], "b");
  assertThrows(() => read(decoder, hex("c1")), HpackError, "no table entry");
  assertEquals(read(decoder, hex("20 3fe11f")), []);
  assertThrows(() => read(decoder, hex("be")), HpackError, "no table entry");
});

Deno.test("a long string is read whole", () => {
  const value = "0123456789".repeat(6000);
  assertEquals(read(new HpackDecoder(), encodeFields([["a", value]]), 100_000), [["a", value]]);
});

function encodeIncremental(name: string, value: string): Uint8Array {
  const literal = encodeFields([[name, value]]);
  literal[0] = 0x40;
  return literal;
}

Deno.test("no bytes make the decoder do anything but read fields or refuse them", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (block) => {
    try {
      const fields = read(new HpackDecoder(), block) ?? [];
      assert(fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0) <= MAX);
    } catch (error) {
      assert(error instanceof HpackError, `${error}`);
    }
  }));
});
