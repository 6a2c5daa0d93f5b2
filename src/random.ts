/**
 * Random numbers in [0, 1) from a seed, the same on every machine: sfc32 of Chris Doty-Humphrey's PractRand, which
 * passes its tests. Not for secrets.
 */
export function randomOf(seed: number): () => number {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, seed | 0, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // Mixes the seed in, so that neighbouring seeds have nothing in common.
  for (let i = 0; i < 15; i++) next();
  return next;
}
