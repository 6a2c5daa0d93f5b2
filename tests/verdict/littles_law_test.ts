import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { littlesLaw, type Throughflow } from "../../src/verdict/littles_law.ts";

interface Stay {
  readonly from: number;
  readonly to: number;
}

const stays = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 1, max: 5_000 }))
    .map(([from, length]): Stay => ({ from, to: from + length })),
  { minLength: 1, maxLength: 60 },
);

/** Counted instant by instant, as somebody does who looks at nothing but how many there are. */
function counted(all: readonly Stay[]): Throughflow {
  const begin = Math.min(...all.map(({ from }) => from));
  const end = Math.max(...all.map(({ to }) => to));
  let present = 0;
  for (let at = begin; at < end; at++) {
    present += all.filter(({ from, to }) => from <= at && at < to).length;
  }
  const seconds = (end - begin) / 1000;
  return {
    inFlight: present / (end - begin),
    throughputPerS: all.length / seconds,
    timeS: all.reduce((sum, { from, to }) => sum + to - from, 0) / all.length / 1000,
  };
}

Deno.test("Little's law holds exactly for whatever comes and goes between two empty instants", () => {
  fc.assert(
    fc.property(stays, (all) => {
      const { off, holds } = littlesLaw(counted(all));
      return holds && off < 1e-9;
    }),
    { numRuns: 60 },
  );
});

Deno.test("it does not hold once one of the three figures is a tenth beside the truth, and says by how much", () => {
  fc.assert(
    fc.property(
      stays,
      fc.constantFrom("inFlight", "throughputPerS", "timeS"),
      fc.double({ min: 0.15, max: 4, noNaN: true }),
      (all, figure, wrong) => {
        const truth = counted(all);
        const { holds } = littlesLaw({ ...truth, [figure]: truth[figure] * (1 + wrong) });
        return !holds;
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("an empty system fits, and what is there without any throughput does not", () => {
  assertEquals(littlesLaw({ inFlight: 0, throughputPerS: 0, timeS: 0 }).holds, true);
  const { off, holds } = littlesLaw({ inFlight: 3, throughputPerS: 0, timeS: 1 });
  assertEquals([off, holds], [Infinity, false]);
  const tenth = littlesLaw({ inFlight: 10.9, throughputPerS: 10, timeS: 1 });
  assert(tenth.holds && tenth.expected === 10);
});
