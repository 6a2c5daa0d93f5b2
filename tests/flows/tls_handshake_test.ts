import { servesName } from "../../src/flows/tls_handshake.ts";
import type { ServerCertificate } from "../../src/http/http.ts";
import { assertEquals } from "../assert.ts";

function serving(...sans: string[]): ServerCertificate {
  return { sans } as unknown as ServerCertificate;
}

Deno.test("servesName() takes the name itself in any case, and a wildcard for one label only", () => {
  const peer = serving("*.Example.com", "bare.test", "127.0.0.1");
  const names = [
    "a.example.com",
    "BARE.test",
    "127.0.0.1",
    "example.com",
    "a.b.example.com",
    "other.test",
  ];
  assertEquals(names.map((name) => servesName(peer, name)), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
