/**
 * What is fuzzed: a parser, what it is given, and what must hold of anything it is given. The tests run some hundred
 * cases of each; `deno task fuzz` takes the same targets as far as one likes.
 */
import process from "node:process";
import fc from "fast-check";

/** Of CPU, as others have the host too: far above what any case takes, and far below what anyone would wait for. */
const MOST_MS_PER_CASE = 5_000;

export interface FuzzTarget<Input> {
  /** What is read: `http1`, `der`, `plan`. Several targets may be of one kind. */
  readonly kind: string;
  /** A sentence about the parser. */
  readonly name: string;
  readonly input: fc.Arbitrary<Input>;
  /** Throws when something does not hold. */
  readonly holds: (input: Input) => void | Promise<void>;
  /** Of CPU; 5 s where nothing is said. */
  readonly mostMsPerCase?: number;
}

/** A target with its kind of input shut away, so that targets go into one list. */
export interface AnyTarget {
  readonly kind: string;
  readonly name: string;
  /** Rejects with the smallest input for which something does not hold; `onCase` is called before each. */
  readonly run: (parameters: fc.Parameters<unknown>, onCase?: () => void) => Promise<void>;
}

export function fuzzTarget<Input>(
  { kind, name, input, holds, mostMsPerCase = MOST_MS_PER_CASE }: FuzzTarget<Input>,
): AnyTarget {
  return {
    kind,
    name,
    run: (parameters, onCase = () => {}) => {
      const property = fc.asyncProperty(input, async (given) => {
        onCase();
        const before = process.threadCpuUsage();
        await holds(given);
        const { user, system } = process.threadCpuUsage(before);
        const tookMs = (user + system) / 1000;
        if (tookMs > mostMsPerCase) throw new Error(`it took ${Math.round(tookMs)} ms of CPU`);
      });
      return fc.assert(property, parameters as fc.Parameters<[Input]>);
    },
  };
}
