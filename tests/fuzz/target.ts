/**
 * What is fuzzed: a parser, what it is given, and what must hold of anything it is given. The tests run some hundred
 * cases of each; whoever wants more takes the same targets.
 */
import fc from "fast-check";

export interface FuzzTarget<Input> {
  /** A sentence about the parser. */
  readonly name: string;
  readonly input: fc.Arbitrary<Input>;
  /** Throws when something does not hold. */
  readonly holds: (input: Input) => void | Promise<void>;
}

/** A target with its kind of input shut away, so that targets go into one list. */
export interface AnyTarget {
  readonly name: string;
  /** Rejects with the smallest input for which something does not hold. */
  readonly run: (parameters: fc.Parameters<unknown>) => Promise<void>;
}

export function fuzzTarget<Input>({ name, input, holds }: FuzzTarget<Input>): AnyTarget {
  const property = fc.asyncProperty(input, async (given) => {
    await holds(given);
  });
  return { name, run: (parameters) => fc.assert(property, parameters as fc.Parameters<[Input]>) };
}
