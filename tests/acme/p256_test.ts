/** The library that the tables come from is the oracle, and so is the runtime's own cryptography. */
import { p256 } from "@noble/curves/nist";
import fc from "fast-check";
import {
  FixedBase,
  prepareSignatures,
  publicKeyOf,
  randomScalar,
  sign,
  Verifier,
} from "../../src/acme/p256.ts";
import { assertEquals, assertNotEquals, assertThrows } from "../assert.ts";

const N = p256.Point.Fn.ORDER;
const scalars = fc.oneof(
  fc.bigInt(1n, N - 1n),
  fc.constantFrom(1n, 2n, 127n, 128n, 129n, 255n, 256n, N - 1n, N - 2n, (N + 1n) / 2n, N >> 1n),
);

Deno.test("publicKeyOf() is what the library says, for scalars of all sizes", () => {
  fc.assert(fc.property(scalars, (secret) => {
    assertEquals(publicKeyOf(secret), p256.getPublicKey(octets(secret), false));
  }));
});

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
  const raw = publicKeyOf(secret) as BufferSource;
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

Deno.test("Verifier accepts what was signed and nothing else", () => {
  const secret = randomScalar();
  const verifier = new Verifier(publicKeyOf(secret));
  const other = new Verifier(publicKeyOf(randomScalar()));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(511), (data, bit) => {
      const signature = sign(secret, data);
      const [r, s] = [signature.slice(0, 32), signature.slice(32)];
      assertEquals(verifier.verify(data, r, s), true);
      assertEquals(other.verify(data, r, s), false);
      assertEquals(verifier.verify(data.with(0, data[0]! ^ 1), r, s), false);
      const forged = signature.with(bit >> 3, signature[bit >> 3]! ^ (1 << (bit & 7)));
      assertEquals(verifier.verify(data, forged.slice(0, 32), forged.slice(32)), false);
    }),
    { numRuns: 40 },
  );
});

Deno.test("Verifier refuses r and s out of range, and keys that are no points", () => {
  const verifier = new Verifier(publicKeyOf(randomScalar()));
  const zero = new Uint8Array(32);
  const one = zero.with(31, 1);
  for (const [r, s] of [[zero, one], [one, zero], [octets(N), one], [one, octets(N)]]) {
    assertEquals(verifier.verify(zero, r!, s!), false);
  }
  assertThrows(() => new Verifier(new Uint8Array(65).fill(4)));
});

Deno.test("FixedBase adds where the short formula has no answer: equal and opposite points", () => {
  const base = new FixedBase(p256.Point.BASE);
  const affine = (scalar: bigint): { x: bigint; y: bigint; z: bigint } => ({
    ...p256.Point.BASE.multiply(scalar).toAffine(),
    z: 1n,
  });
  const doubled = base.multiplyAdd(5n, affine(5n));
  assertEquals({ x: doubled.x, y: doubled.y }, p256.Point.BASE.multiply(10n).toAffine());
  assertEquals(base.multiplyAdd(5n, affine(N - 5n)).z, 0n);
  assertEquals(base.multiplyAdd(0n).z, 0n);
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
