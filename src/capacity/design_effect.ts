/**
 * Requests of one second are alike, and so are neighbouring seconds: a queue that has formed makes all of them slow.
 * The design effect (L. Kish, "Survey Sampling", 1965) says how many requests are worth one independent one. It is the
 * variance of the share over blocks, by the binomial one; blocks are joined to ever longer ones, as single seconds do
 * not show what holds on for ten.
 */

/** Of a block: how many lay beyond a limit, of how many. */
export interface Tally {
  readonly beyond: number;
  readonly of: number;
}

/** Fewer joined blocks say too little of how much they vary. */
const MIN_BLOCKS = 6;

/** What a few blocks are worth beside what is believed before: a queue near its limit has some such effect. */
const PRIOR = { effect: 3, blocks: 4 } as const;

/** At least 1; without a prior it would be 1 for the first blocks, in which nobody can see how much they vary. */
export function designEffect(blocks: readonly Tally[]): number {
  let greatest = 1;
  for (let joined = blocks;; joined = joinPairs(joined)) {
    const weight = joined.length;
    const seen = overdispersion(joined);
    const effect = (seen * weight + PRIOR.effect * PRIOR.blocks) / (weight + PRIOR.blocks);
    if (joined === blocks || weight >= MIN_BLOCKS) greatest = Math.max(greatest, effect);
    if (weight < 2 * MIN_BLOCKS) return greatest;
  }
}

function joinPairs(blocks: readonly Tally[]): Tally[] {
  const pairs: Tally[] = [];
  for (let at = 0; at + 1 < blocks.length; at += 2) {
    pairs.push(sumOf([blocks[at]!, blocks[at + 1]!]));
  }
  return pairs;
}

/** Pearson's chi-square of the blocks' shares, by its degrees of freedom. */
function overdispersion(blocks: readonly Tally[]): number {
  const filled = blocks.filter(({ of }) => of > 0);
  const { beyond, of } = sumOf(filled);
  if (filled.length < 2 || beyond === 0 || beyond === of) return 0;
  const share = beyond / of;
  const squares = filled.reduce((sum, b) => sum + (b.beyond - share * b.of) ** 2 / b.of, 0);
  return squares / (share * (1 - share)) / (filled.length - 1);
}

export function sumOf(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (sum, { beyond, of }) => ({ beyond: sum.beyond + beyond, of: sum.of + of }),
    { beyond: 0, of: 0 },
  );
}
