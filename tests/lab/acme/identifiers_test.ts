import { identifiersOf } from "../../../src/lab/acme/identifiers.ts";
import { Problem } from "../../../src/lab/acme/problem.ts";
import { assert, assertEquals } from "../../assert.ts";

/** What is said of one identifier; undefined where it is one. */
function complaint(identifier: unknown): unknown {
  try {
    identifiersOf([identifier]);
    return undefined;
  } catch (error) {
    assert(error instanceof Problem);
    const [{ type, detail }] = JSON.parse(String(error.response().body)).subproblems;
    return `${type.split(":").at(-1)}: ${detail}`;
  }
}

const dns = (value: unknown) => complaint({ type: "dns", value });
const ip = (value: unknown) => complaint({ type: "ip", value });

Deno.test("names are taken in lower case, each once, and wildcards too", () => {
  const names = ["A.test", "*.b.test", "a.TEST", "_x.test"].map((value) => ({
    type: "dns",
    value,
  }));
  assertEquals(identifiersOf(names), ["a.test", "*.b.test", "_x.test"]);
  assertEquals(identifiersOf([{ type: "ip", value: "2001:DB8::1" }]), ["2001:db8::1"]);
});

Deno.test("what is no name, or no address as RFC 5952 writes it, is told as what it is not", () => {
  const noName = "rejectedIdentifier: value is no DNS name";
  for (
    const value of [
      "",
      "a..test",
      "-a.test",
      "a-.test",
      "*",
      "a.*.test",
      "1.2.3.4",
      "a".repeat(64),
      7,
    ]
  ) {
    assertEquals(dns(value), noName, String(value));
  }
  const label = "a".repeat(63);
  assertEquals(dns(`${label}.${label}.${label}.${"b".repeat(61)}`), undefined);
  assertEquals(dns(`${label}.${label}.${label}.${"b".repeat(62)}`), noName);
  const noAddress = "rejectedIdentifier: value is no IP address of RFC 5952";
  for (const value of ["a.test", "1.2.3", "::0001", "0:0:0:0:0:0:0:1", undefined]) {
    assertEquals(ip(value), noAddress, String(value));
  }
  for (const value of ["127.0.0.1", "::1", "2001:DB8::1"]) {
    assertEquals(ip(value), undefined, value);
  }
});

Deno.test("other kinds of identifiers are named as not supported", () => {
  const said = (type: string) =>
    `unsupportedIdentifier: type ${type} is not supported, only dns and ip are`;
  assertEquals(complaint({ type: "email", value: "a@b.test" }), said('"email"'));
  for (const none of [{}, null, "a.test"]) assertEquals(complaint(none), said("undefined"));
});
