import fc from "fast-check";
import { isIP } from "node:net";
import { readElement } from "../src/der.ts";
import {
  canonicalName,
  challengeServerName,
  generalName,
  identifierOf,
  ipOctets,
  ipText,
  readGeneralName,
  urlHost,
} from "../src/identifier.ts";
import { assert, assertEquals } from "./assert.ts";

Deno.test("identifierOf() tells addresses from names by how they are written (RFC 8738)", () => {
  const cases: [string, string, string][] = [
    ["a.test", "dns", "a.test"],
    ["*.a.test", "dns", "*.a.test"],
    ["192.0.2.1", "ip", "192.0.2.1"],
    ["2001:0DB8::0:1", "ip", "2001:db8::1"],
    ["::", "ip", "::"],
    ["1.2.3", "dns", "1.2.3"],
    ["192.0.2.256", "dns", "192.0.2.256"],
    ["010.0.0.1", "dns", "010.0.0.1"],
    ["[::1]", "dns", "[::1]"],
    ["fe80::1%eth0", "dns", "fe80::1%eth0"],
    ["1:2:3:4:5:6:7:8:9", "dns", "1:2:3:4:5:6:7:8:9"],
  ];
  for (const [name, type, value] of cases) {
    assertEquals(identifierOf(name), { type, value } as ReturnType<typeof identifierOf>, name);
  }
});

Deno.test("IPv6 addresses are written as RFC 5952 section 4 has it", () => {
  const cases: [string, string][] = [
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:DB8::AAAA:0:1", "2001:db8::aaaa:0:1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1::", "1::"],
  ];
  for (const [text, canonical] of cases) assertEquals(canonicalName(text), canonical);
});

Deno.test("octets and text of an address say the same", () => {
  const octets = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.array(fc.constantFrom(0, 0, 1), { minLength: 16, maxLength: 16 }).map((list) =>
      Uint8Array.from(list)
    ),
  );
  fc.assert(fc.property(octets, (octets) => {
    const text = ipText(octets);
    assertEquals(isIP(text), octets.length === 4 ? 4 : 6);
    assertEquals(ipOctets(text), octets);
  }));
});

Deno.test("ipOctets() takes what node:net calls an address without a zone, and nothing else", () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."0123456789abF:.:.::%[]"), maxLength: 30 }),
    fc.string(),
    fc.ipV4(),
    fc.ipV6(),
  );
  fc.assert(
    fc.property(text, (text) => {
      assertEquals(ipOctets(text) !== undefined, isIP(text) !== 0 && !text.includes("%"), text);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("generalName() is an iPAddress for addresses, a dNSName for others, and read back", () => {
  const read = (name: string): [number, string | undefined] => {
    const element = readElement(generalName(name))!;
    return [element.tag, readGeneralName(element)];
  };
  assertEquals(read("A.test"), [0x82, "a.test"]);
  assertEquals(read("192.0.2.1"), [0x87, "192.0.2.1"]);
  assertEquals(read("2001:DB8::1"), [0x87, "2001:db8::1"]);
  const strange = (tag: number, length: number): string | undefined => {
    const contents = new Uint8Array(length);
    return readGeneralName({ tag, contents, whole: contents, end: 0 });
  };
  assertEquals([strange(0x87, 5), strange(0x87, 0), strange(0x81, 4)], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("challengeServerName() is the name in reverse for addresses (RFC 8738 section 6)", () => {
  assertEquals(challengeServerName("A.test"), "a.test");
  assertEquals(challengeServerName("192.0.2.1"), "1.2.0.192.in-addr.arpa");
  const reversed = challengeServerName("2001:db8::1");
  assertEquals(reversed.length, 32 * 2 - 1 + ".ip6.arpa".length);
  assert(reversed.startsWith("1.0.0.0.") && reversed.endsWith(".8.b.d.0.1.0.0.2.ip6.arpa"));
});

Deno.test("urlHost() has brackets around IPv6 alone", () => {
  assertEquals(["a.test", "192.0.2.1", "::1"].map(urlHost), ["a.test", "192.0.2.1", "[::1]"]);
});
