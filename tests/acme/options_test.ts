import { z } from "zod";
import {
  accountsMade,
  certificateAlgorithm,
  hmacKeyOf,
  instantOf,
  responderOptions,
} from "../../src/acme/options.ts";
import { enrollmentOptions, enrollmentSteps } from "../../src/acme/enrollment.ts";
import { assertEquals } from "../assert.ts";

const schema = z.strictObject(enrollmentOptions);

const takes = (options: Record<string, unknown>): boolean =>
  schema.safeParse({ directory: "/d", ...options }).success;

Deno.test("an enrollment's options all have a default but the directory", () => {
  assertEquals(schema.parse({ directory: "/d" }), {
    directory: "/d",
    headers: {},
    account_key: "ES256",
    contact: [],
    agree_to_terms: true,
    identifiers: "{id}.example.test",
    names: 1,
    certificate_key: "ec-p256",
    prepare: true,
    accounts: 20,
    poll: { interval: 250, timeout: 60_000, honour_retry_after: true },
  });
  assertEquals(takes({ directory: undefined }), false);
  const { poll } = schema.parse({ directory: "/d", poll: { interval: "2s" } });
  assertEquals(poll, { interval: 2_000, timeout: 60_000, honour_retry_after: true });
});

Deno.test("counts have bounds", () => {
  const bounds = [["accounts", 1, 10_000], ["names", 1, 100], ["certificate_keys", 1, 1_000]];
  for (const [name, least, most] of bounds as [string, number, number][]) {
    const taken = [least - 1, least, most, most + 1].map((value) => takes({ [name]: value }));
    assertEquals(taken, [false, true, true, false], name);
  }
  const identifiers = (count: number): boolean =>
    takes({ identifiers: Array.from({ length: count }, (_, n) => `a${n}.test`) });
  assertEquals([0, 1, 100, 101].map(identifiers), [false, true, true, false]);
  assertEquals([takes({ accounts: "per_flow" }), takes({ certificate_keys: "per_order" })], [
    true,
    true,
  ]);
  assertEquals([takes({ profile: "" }), takes({ profile: "p" })], [false, true]);
  assertEquals(takes({ eab: { kid: "", hmac_key: "c2VjcmV0" } }), false);
});

Deno.test("a directory is an http(s) URL or a path on the target, and no other host's", () => {
  for (const directory of ["/", "/acme/directory", "http://ca.test/d", "HTTPS://ca.test"]) {
    assertEquals(takes({ directory }), true, directory);
  }
  for (
    const directory of ["", "acme", "//ca.test/d", "/\\ca.test", "ftp://ca.test", "https://["]
      .concat("https://user:pw@ca.test/d")
  ) assertEquals(takes({ directory }), false, directory);
});

Deno.test("a name has at most 200 characters, and a wildcard is one", () => {
  const ofLength = (length: number): string => `${"a".repeat(60)}.`.repeat(4).slice(0, length - 1);
  assertEquals(takes({ identifiers: `${ofLength(200)}b` }), true);
  assertEquals(takes({ identifiers: `${ofLength(201)}b` }), false);
  for (const name of ["*.{id}.test", "localhost", "a-b.test", "{id}-{n}.test"]) {
    assertEquals(takes({ identifiers: name }), true, name);
  }
  for (const name of ["", "a..test", "-a.test", "a.*.test", "a_b.test", "a.test."]) {
    assertEquals(takes({ identifiers: name }), false, name);
  }
});

Deno.test("an instant is RFC 3339, or so long from now, in whole seconds", () => {
  const nowMs = Date.parse("2026-11-28T08:00:00.700Z");
  assertEquals(instantOf("+12h", nowMs), "2026-11-28T20:00:00Z");
  assertEquals(instantOf("2026-12-24T18:00:00+01:00", nowMs), "2026-12-24T17:00:00Z");
  for (const option of ["not_before", "not_after"]) {
    const taken = ["+90d", "2026-12-24T18:00:00Z", "+soon", "soon", "+"];
    assertEquals(taken.map((value) => takes({ [option]: value })), [
      true,
      true,
      false,
      false,
      false,
    ]);
  }
});

Deno.test("a responder listens where the challenge's type does by default, or where it is told, or nowhere", () => {
  const parse = (challenge: Record<string, unknown>) =>
    responderOptions(schema.parse({ directory: "/d", challenge }).challenge);
  const dnsAnswer = "127.0.0.1";
  assertEquals(parse({ type: "http-01" }), {
    type: "http-01",
    listen: "127.0.0.1:5002",
    dns: undefined,
    dnsAnswer,
  });
  assertEquals(parse({ type: "tls-alpn-01" })?.listen, "127.0.0.1:5001");
  assertEquals(parse({ type: "dns-01" })?.listen, "127.0.0.1:8053");
  const given = { listen: "[::1]:80", dns: "127.0.0.1:53", dns_answer: "192.0.2.1" };
  assertEquals(parse({ type: "http-01", ...given }), {
    type: "http-01",
    listen: "[::1]:80",
    dns: "127.0.0.1:53",
    dnsAnswer: "192.0.2.1",
  });
  assertEquals(parse({ type: "http-01", listen: "none" }), undefined);
  assertEquals(responderOptions(undefined), undefined);
});

Deno.test("an HMAC key is base64url, with padding or without, and not empty", () => {
  const text = (key: Uint8Array | undefined) => key && new TextDecoder().decode(key);
  assertEquals([text(hmacKeyOf("c2VjcmU")), text(hmacKeyOf("c2VjcmU="))], ["secre", "secre"]);
  for (const wrong of ["", "==", "not base64!"]) assertEquals(hmacKeyOf(wrong), undefined);
});

Deno.test("each kind of certificate key has its algorithm, and a pool of accounts is told", () => {
  const kinds = ["ec-p256", "ec-p384", "rsa-2048"] as const;
  assertEquals(kinds.map(certificateAlgorithm), ["ES256", "ES384", "RS256"]);
  assertEquals([accountsMade(20), accountsMade("per_flow")], ["20 accounts", undefined]);
});

Deno.test("an enrollment's steps have an account where each makes one, and end before finalize where they are told to", () => {
  const steps = ["new_nonce", "new_order", "authz", "challenge", "order", "finalize"];
  const pooled = schema.parse({ directory: "/d" });
  const own = schema.parse({ directory: "/d", accounts: "per_flow" });
  assertEquals(enrollmentSteps(pooled), [...steps, "certificate"]);
  assertEquals(enrollmentSteps(own), [
    "new_nonce",
    "new_account",
    ...steps.slice(1),
    "certificate",
  ]);
  assertEquals(enrollmentSteps(pooled, "finalize"), steps.slice(0, -1));
});
