// @ts-types="../../../src/acme/challenge/dns_packet.d.ts"
import dns from "dns-packet";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { answerTo } from "../../../src/acme/challenge/dns01.ts";
import { ProofTable } from "../../../src/acme/challenge/proofs.ts";
import { assertEquals } from "../../assert.ts";

const proofs = new ProofTable();
for (const keyAuthorization of ["one", "two"]) {
  proofs.put({ type: "dns-01", name: "a.test", token: keyAuthorization, keyAuthorization });
}

const answer = (query: Uint8Array): Uint8Array | undefined => answerTo(query, proofs, "192.0.2.7");

const TYPES = { A: 1, TXT: 16, AAAA: 28 };

function query(name: string, type: keyof typeof TYPES, flags = 0x0100): Uint8Array {
  const labels = name.split(".").flatMap((label) => [
    label.length,
    ...new TextEncoder().encode(label),
  ]);
  return Uint8Array.from([
    ...[0xab, 0xcd, flags >> 8, flags & 255, 0, 1, 0, 0, 0, 0, 0, 0],
    ...[...labels, 0, 0, TYPES[type], 0, 1],
  ]);
}

Deno.test("a TXT query for an open challenge is answered with the digest of each proof", () => {
  const { type, id, flags, questions, answers } = dns.decode(
    Buffer.from(answer(query("_acme-challenge.A.test", "TXT"))!),
  );
  assertEquals([type, id, flags], ["response", 0xabcd, 0x0500]);
  assertEquals(questions, [{ name: "_acme-challenge.A.test", type: "TXT", class: "IN" }]);
  const texts = answers.map(({ data }) => String(data));
  // The base64url of SHA-256 of "one" and "two", by openssl.
  assertEquals(texts.sort(), [
    "P8TM_nRYcOLA2Z9x8w_wZWyN7dQcwdfT03aw2-aF4vM",
    "dpLDrTVAu4A8Ags67mbNiIcSMjTqDG5xQ8Ct1z_0Me0",
  ]);
});

Deno.test("an A query for any name has the one address, and other types have nothing", () => {
  const dataOf = (type: keyof typeof TYPES): unknown =>
    dns.decode(Buffer.from(answer(query("x.test", type))!)).answers;
  assertEquals((dataOf("A") as { data: string }[]).map(({ data }) => data), ["192.0.2.7"]);
  assertEquals([dataOf("AAAA"), dataOf("TXT")], [[], []]);
});

Deno.test("of a name's proofs the newest hundred are told, and nobody is to keep what is told", () => {
  const many = new ProofTable();
  for (let n = 0; n < 101; n++) {
    many.put({ type: "dns-01", name: "a.test", token: `${n}`, keyAuthorization: `${n}` });
  }
  const told = (name: string, type: keyof typeof TYPES) =>
    dns.decode(Buffer.from(answerTo(query(name, type), many, "192.0.2.7")!)).answers;
  const texts = told("_acme-challenge.a.test", "TXT");
  const digest = (text: string) => createHash("sha256").update(text).digest("base64url");
  assertEquals(
    texts.map(({ data }) => String(data)),
    Array.from({ length: 100 }, (_, n) => digest(`${n + 1}`)),
  );
  const ttls = [...texts, ...told("a.test", "A")].map(({ ttl }) => ttl);
  assertEquals(new Set(ttls), new Set([0]));
});

Deno.test("a TXT query for another name, or of another's proofs, has nothing", () => {
  for (const name of ["a.test", "_acme-challenge.b.test", "x_acme-challenge.a.test"]) {
    assertEquals(dns.decode(Buffer.from(answer(query(name, "TXT"))!)).answers, []);
  }
});

Deno.test("names of 255 octets are taken, and no longer ones (RFC 1035 section 2.3.4)", () => {
  const long = (last: number): string =>
    [63, 63, 63, last].map((length) => "a".repeat(length)).join(".");
  assertEquals(answer(query(long(61), "A")) !== undefined, true);
  assertEquals(answer(query(long(62), "A")), undefined);
});

Deno.test("answers, updates, several questions, pointers and cut messages have no answer", () => {
  const good = query("a.test", "A");
  assertEquals(answer(query("a.test", "A", 0x8000)), undefined);
  assertEquals(answer(query("a.test", "A", 0x2800)), undefined);
  assertEquals(answer(good.with(5, 2)), undefined);
  assertEquals(answer(good.with(12, 0xc0)), undefined);
  for (let length = 0; length < good.length; length++) {
    assertEquals(answer(good.subarray(0, length)), undefined);
  }
});

Deno.test("a name that is no host's has no answer: its labels may be longer than DNS allows", () => {
  const octets = query("a".repeat(63), "A").map((octet) => octet === 0x61 ? 0xff : octet);
  assertEquals(answer(octets), undefined);
});

Deno.test("answerTo() never throws", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (garbage) => {
    answer(garbage);
  }));
});
