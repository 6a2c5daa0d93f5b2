/** The library's whole signatures are the oracle, and so is the runtime's own cryptography. */
import { p256 } from "@noble/curves/nist";
import fc from "fast-check";
import { prepareSignatures, randomScalar, sign } from "../../src/keys/prepared_signatures.ts";
import { assertEquals, assertNotEquals } from "../assert.ts";

const N = p256.Point.Fn.ORDER;
const scalars = fc.oneof(
  fc.bigInt(1n, N - 1n),
  fc.constantFrom(1n, 2n, 127n, 128n, 129n, 255n, 256n, N - 1n, N - 2n, (N + 1n) / 2n, N >> 1n),
);

Deno.test("sign() makes signatures that the library accepts, for any message", () => {
  fc.assert(
    fc.property(scalars, fc.uint8Array({ maxLength: 300 }), (secret, data) => {
      const publicKey = p256.getPublicKey(octets(secret), false);
      const options = { prehash: true, lowS: false };
      assertEquals(p256.verify(sign(secret, data), data, publicKey, options), true);
    }),
    { numRuns: 60 },
  );
});

Deno.test("sign() makes signatures that WebCrypto accepts", async () => {
  const secret = randomScalar();
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const raw = p256.getPublicKey(octets(secret), false) as BufferSource;
  const key = await crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]);
  for (let round = 0; round < 20; round++) {
    const data = crypto.getRandomValues(new Uint8Array(round));
    const signature = sign(secret, data) as BufferSource;
    assertEquals(await crypto.subtle.verify(algorithm, key, signature, data), true);
  }
});

Deno.test("sign() never uses a nonce twice, prepared or not", async () => {
  const secret = randomScalar();
  await prepareSignatures(100, new AbortController().signal);
  const data = new Uint8Array(3);
  const seen = new Set(Array.from({ length: 200 }, () => sign(secret, data).slice(0, 32).toHex()));
  assertEquals(seen.size, 200);
});

Deno.test("randomScalar() is in range and does not repeat", () => {
  const drawn = Array.from({ length: 100 }, randomScalar);
  assertEquals(drawn.every((scalar) => scalar > 0n && scalar < N), true);
  assertNotEquals(drawn[0], drawn[1]);
  assertEquals(new Set(drawn).size, 100);
});

function octets(value: bigint): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(64, "0"));
}
