import fc from "fast-check";
import { assert, assertEquals } from "../assert.ts";
import { FaultDraw, reloadsAfterMs, servedAt } from "../../src/lab/deployment_timeline.ts";
import { DEPLOYMENT_FAULTS, type DeploymentFault } from "../../src/lab/faults.ts";

/** What handshakes see that come at these milliseconds after an installation. */
const seen = (fault: DeploymentFault | undefined, atMs: readonly number[]): string[] =>
  atMs.map((ms, nth) => servedAt(fault, ms, nth));

Deno.test("an installation without a fault is served at once", () => {
  assertEquals(seen(undefined, [0, 1, 100_000]), ["new", "new", "new"]);
});

Deno.test("a late one is the old one until its time has come", () => {
  assertEquals(seen({ kind: "late", afterMs: 50 }, [0, 49, 50, 51]), ["old", "old", "new", "new"]);
  assertEquals(seen({ kind: "late" }, [999, 1_000]), ["old", "new"]);
});

Deno.test("a mixed one is every other handshake the old one, for a while", () => {
  const fault = { kind: "mixed", forMs: 10 } as const;
  assertEquals(seen(fault, [0, 1, 2, 3, 10]), ["old", "new", "old", "new", "new"]);
  const later = { ...fault, afterMs: 5 };
  assertEquals(seen(later, [0, 4, 5, 6, 14, 15]), ["old", "old", "old", "new", "old", "new"]);
});

Deno.test("a wrong one is a third certificate, for a while or until the next", () => {
  const fault = { kind: "wrong", afterMs: 10 } as const;
  assertEquals(seen(fault, [9, 10, 1_000_000]), ["new", "wrong", "wrong"]);
  assertEquals(seen({ ...fault, forMs: 5 }, [9, 10, 14, 15]), ["new", "wrong", "wrong", "new"]);
});

Deno.test("a reverted one is the new one, and then the old one again", () => {
  const fault = { kind: "reverted", afterMs: 10 } as const;
  assertEquals(seen(fault, [0, 9, 10, 1_000_000]), ["new", "new", "old", "old"]);
  assertEquals(seen({ ...fault, forMs: 5 }, [14, 15]), ["old", "new"]);
});

Deno.test("a reload comes when the new certificate does", () => {
  assertEquals(reloadsAfterMs(undefined), 0);
  assertEquals(reloadsAfterMs({ kind: "late", afterMs: 70 }), 70);
  assertEquals(reloadsAfterMs({ kind: "reverted", afterMs: 70 }), 0);
});

Deno.test("what is bounded ends with the new certificate", () => {
  const ms = fc.integer({ min: 0, max: 10_000 });
  fc.assert(
    fc.property(
      fc.constantFrom(...DEPLOYMENT_FAULTS),
      ms,
      ms,
      fc.nat(9),
      (kind, afterMs, forMs, nth) => {
        assertEquals(servedAt({ kind, afterMs, forMs }, afterMs + forMs, nth), "new");
      },
    ),
  );
});

const never = (): number => {
  throw new Error("chance was asked");
};

Deno.test("every third is exactly every third of the target that the rule names", () => {
  const rule = { kind: "late", target: "nginx", every: 3 } as const;
  const draw = new FaultDraw([rule], never);
  const drawn = ["nginx", "nginx", "f5", "nginx", "f5", "nginx", "nginx", "nginx"]
    .map((target) => draw.draw(target) === rule);
  assertEquals(drawn, [false, false, false, true, false, false, false, true]);
});

Deno.test("of two rules that hold the first is the one, and the second has counted all the same", () => {
  const rules = [{ kind: "late", every: 2 }, { kind: "wrong", every: 4 }] as const;
  const draw = new FaultDraw([...rules].reverse(), never);
  const kinds = Array.from({ length: 8 }, () => draw.draw("nginx")?.kind);
  assertEquals(kinds, [
    undefined,
    "late",
    undefined,
    "wrong",
    undefined,
    "late",
    undefined,
    "wrong",
  ]);
});

Deno.test("a share is a matter of chance, asked for every installation", () => {
  const chances = [0.1, 0.9, 0.49, 0.5];
  const draw = new FaultDraw([{ kind: "mixed", share: 0.5 }], () => chances.shift()!);
  const drawn = Array.from({ length: 4 }, () => draw.draw("f5") !== undefined);
  assertEquals(drawn, [true, false, true, false]);
  assert(chances.length === 0);
});
