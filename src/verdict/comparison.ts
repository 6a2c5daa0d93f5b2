/** What a comparison of two runs comes to; `compare.ts` makes it. */
export interface Comparison {
  /** One sentence for each figure that is worse than allowed, the worst first. */
  readonly regressions: readonly string[];
}
