/**
 * A Poisson process of one arrival per unit, without state: the gap before arrival n is -ln U(seed, name, n), where U is a
 * counter-based hash of its arguments. Every thread and machine that asks for n is given the same double, for only
 * operations that IEEE 754 defines to the last bit are used; `Math.log` may differ from engine to engine.
 */

/** The gap before arrival `n` (0 <= n < 2^53) of the stream of that name; its mean is 1. */
export type Gaps = (n: number) => number;

/** @param seed A whole number of 32 bits. */
export function exponentialGaps(seed: number, name: string): Gaps {
  const key = [seed | 0, hashOf(name)] as const;
  const word: Word = [0, 0];
  return (n) => {
    threefry2x32(key, n | 0, (n / 2 ** 32) | 0, word);
    // 52 bits and a half: between 0 and 1 exclusive, symmetric about 1/2, and exact.
    const bits = (word[0] >>> 6) * 2 ** 26 + (word[1] >>> 6);
    return -ln((bits + 0.5) * 2 ** -52);
  };
}

type Word = [number, number];

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/**
 * Threefry-2x32 of 20 rounds: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011. https://doi.org/10.1145/2063384.2063405
 */
export function threefry2x32(
  [k0, k1]: readonly [number, number],
  c0: number,
  c1: number,
  into: Word,
): void {
  const keys = [k0, k1, 0x1bd11bda ^ k0 ^ k1] as const;
  let a = (c0 + k0) | 0;
  let b = (c1 + k1) | 0;
  for (let group = 0; group < 5; group++) {
    const first = (group & 1) * 4;
    for (let round = first; round < first + 4; round++) {
      const by = ROTATIONS[round]!;
      a = (a + b) | 0;
      b = ((b << by) | (b >>> (32 - by))) ^ a;
    }
    a = (a + keys[(group + 1) % 3]!) | 0;
    b = (b + keys[(group + 2) % 3]! + group + 1) | 0;
  }
  into[0] = a >>> 0;
  into[1] = b >>> 0;
}

/** FNV-1a of the UTF-16 units, 32 bits. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash;
}

const float = new Float64Array(1);
const words = new Int32Array(float.buffer);
/** Where the sign and the exponent of a double are among `words`. */
const HIGH = new Int32Array(Float64Array.of(1).buffer)[1] === 0 ? 0 : 1;

/**
 * The natural logarithm of a normal double above 0. With x = m 2^k and m within a factor of sqrt(2) of 1,
 *
 *     ln x = k ln 2 + 2 artanh(s),   s = (m - 1) / (m + 1),   artanh(s) = s + s^3/3 + s^5/5 + ...
 *
 * and s^2 < 0.0295, so that the terms beyond the last of these are less than a double's last bit.
 */
export function ln(x: number): number {
  float[0] = x;
  const high = words[HIGH]!;
  let exponent = (high >> 20) - 1023;
  words[HIGH] = (high & 0xfffff) | 0x3ff00000;
  let m = float[0];
  if (m > Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  const series = z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11 + z *
                      (1 / 13 +
                        z * (1 / 15 + z * (1 / 17 + z * (1 / 19 + z * (1 / 21 + z / 23))))))))));
  return exponent * Math.LN2 + 2 * (s + s * series);
}
