import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "../../assert.ts";
import {
  encodeFields,
  type Field,
  HpackDecoder,
  HpackError,
} from "../../../src/transport/http2/hpack.ts";
import { decodeHuffman } from "../../../src/transport/http2/huffman.ts";

const MAX = 4096;

function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
}

Deno.test("the requests of RFC 7541 appendix C.4 are read, with what they leave in the table", () => {
  const decoder = new HpackDecoder(MAX);
  const common: Field[] = [[":method", "GET"], [":scheme", "http"], [":path", "/"]];
  const authority: Field = [":authority", "www.example.com"];
  assertEquals(decoder.decode(hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff")), [
    ...common,
    authority,
  ]);
  assertEquals(decoder.decode(hex("8286 84be 5886 a8eb 1064 9cbf")), [
    ...common,
    authority,
    ["cache-control", "no-cache"],
  ]);
  assertEquals(decoder.decode(hex("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf")), [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    authority,
    ["custom-key", "custom-value"],
  ]);
});

Deno.test("the literals of RFC 7541 appendix C.2 are read", () => {
  const decoder = new HpackDecoder(MAX);
  assertEquals(
    decoder.decode(hex("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572")),
    [["custom-key", "custom-header"]],
  );
  assertEquals(decoder.decode(hex("040c 2f73 616d 706c 652f 7061 7468")), [[
    ":path",
    "/sample/path",
  ]]);
  assertEquals(decoder.decode(hex("1008 7061 7373 776f 7264 0673 6563 7265 74")), [[
    "password",
    "secret",
  ]]);
  assertEquals(decoder.decode(hex("be")), [["custom-key", "custom-header"]]);
});

Deno.test("Huffman code that is padded wrongly, or ends the string, is refused", () => {
  assertEquals(decodeHuffman(hex("1f")), "a");
  for (const wrong of ["18", "1fff", "ffffffff", "ffffffff ff"]) {
    assertEquals(decodeHuffman(hex(wrong)), undefined);
  }
});

const text = fc.string({ unit: "binary-ascii", maxLength: 200 });
const names = fc.oneof(
  fc.constantFrom(":method", ":path", "authorization", "accept-encoding", "date"),
  fc.stringMatching(/^[a-z-]{1,20}$/),
);

Deno.test("what is encoded is decoded to the same, in any decoder at any time", () => {
  const decoder = new HpackDecoder(1_000_000);
  fc.assert(fc.property(fc.array(fc.tuple(names, text)), (fields) => {
    assertEquals(decoder.decode(encodeFields(fields)), fields);
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
  ] as const
) {
  Deno.test(`HPACK: ${what} is refused`, () => {
    assertThrows(() => new HpackDecoder(MAX).decode(hex(block)), HpackError);
  });
}

Deno.test("a list that grows too large from few bytes is refused", () => {
  const decoder = new HpackDecoder(MAX);
  decoder.decode(encodeIncremental("x", "y".repeat(1000)));
  assertThrows(() => decoder.decode(new Uint8Array(5).fill(0xbe)), HpackError, "larger");
});

function encodeIncremental(name: string, value: string): Uint8Array {
  const literal = encodeFields([[name, value]]);
  literal[0] = 0x40;
  return literal;
}

Deno.test("no bytes make the decoder do anything but read fields or refuse them", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (block) => {
    try {
      const fields = new HpackDecoder(MAX).decode(block);
      assert(fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0) <= MAX);
    } catch (error) {
      assert(error instanceof HpackError, `${error}`);
    }
  }));
});
