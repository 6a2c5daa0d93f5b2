import fc from "fast-check";
import {
  arrivalCount,
  arrivalsBefore,
  arrivalSequence,
  type OpenScenario,
} from "../../src/plan/arrival_sequence.ts";
import { createArrivals } from "../../src/pacing/arrivals.ts";
import { assert, assertEquals, assertNotEquals } from "../assert.ts";
import { planOf } from "./catalogue.ts";

const anyScenario: fc.Arbitrary<OpenScenario> = fc.record({
  name: fc.constantFrom("list", "create"),
  load: fc.record({
    model: fc.constant("open"),
    stages: fc.array(
      fc.record({
        durationMs: fc.integer({ min: 100, max: 5_000 }),
        from: fc.integer({ min: 0, max: 200 }),
        to: fc.integer({ min: 0, max: 200 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    maxInFlight: fc.constant(1_000),
    arrivals: fc.constantFrom("even", "poisson"),
    seed: fc.nat(),
    phase: fc.constantFrom(0, 0.09, 0.5, 0.999),
  }),
});

function walked(scenario: OpenScenario): number[] {
  const next = arrivalSequence(scenario);
  const offsets: number[] = [];
  for (let at = next(); at !== undefined; at = next()) offsets.push(at);
  return offsets;
}

Deno.test("arrivals are in order, within the profile, and as many as are counted", () => {
  fc.assert(fc.property(anyScenario, fc.nat(20_000_000), (scenario, untilUs) => {
    const offsets = walked(scenario);
    const endUs = 1000 * scenario.load.stages.reduce((sum, { durationMs }) => sum + durationMs, 0);
    assert(offsets.every((at, n) => at >= (offsets[n - 1] ?? 0) && at <= endUs));
    assertEquals(arrivalCount(scenario), offsets.length);
    assertEquals(
      arrivalsBefore(untilUs, scenario),
      offsets.filter((at) => at < untilUs).length,
    );
  }));
});

Deno.test("the union over 1 to 16 shares is the whole, bit by bit", () => {
  const every = fc.integer({ min: 1, max: 16 });
  fc.assert(fc.property(anyScenario, every, (scenario, count) => {
    const taken = Array.from({ length: count }, (_, index) => {
      const arrivals = createArrivals(scenario, { index, count });
      const own = [];
      while (arrivals.peekUs() !== undefined) {
        const [nextUs, thenUs] = [arrivals.peekUs(), arrivals.peekUs(1)];
        const arrival = arrivals.take();
        assertEquals(arrival.offsetUs, nextUs);
        assertEquals(arrival.index % count, index);
        assertEquals(arrivals.peekUs(), thenUs);
        own.push(arrival);
      }
      return own;
    }).flat().toSorted((a, b) => a.index - b.index);
    assertEquals(taken.map(({ index }) => index), taken.map((_, n) => n));
    assertEquals(taken.map(({ offsetUs }) => offsetUs), walked(scenario));
  }));
});

function scenariosOf(scenarios: string, rest = ""): OpenScenario[] {
  const plan = planOf(`target: { base_url: "https://a" }\n${rest}\nscenarios:\n${scenarios}`);
  return plan.scenarios.map(({ name, load }) => {
    if (load.model === "closed") throw new TypeError(name);
    return { name, load };
  });
}

Deno.test("Poisson arrivals are others for another seed and another name, and the same again", () => {
  const of = (name: string, seed: number): number[] =>
    walked(
      scenariosOf(
        `  ${name}: { flow: list_certificates, rate: 50/s, duration: 10s, arrivals: poisson }`,
        `seed: ${seed}`,
      )[0]!,
    );
  assertEquals(of("list", 1), of("list", 1));
  assertNotEquals(of("list", 1).slice(0, 5), of("list", 2).slice(0, 5));
  assertNotEquals(of("list", 1).slice(0, 5), of("other", 1).slice(0, 5));
});

Deno.test("a seed's instants stay what they are from version to version", () => {
  const [scenario] = scenariosOf(
    "  list: { flow: list_certificates, rate: 10/s, duration: 10s, arrivals: poisson }",
  );
  assertEquals(walked(scenario!).slice(0, 4), [
    401456.9503303865,
    587184.7316113156,
    608607.7720597334,
    682537.3209665144,
  ]);
});

Deno.test("scenarios of one rate and start never fire at one instant, and keep their number of arrivals", () => {
  const names = ["a", "b", "c", "d"];
  const plan = names.map((name) =>
    `  ${name}: { flow: list_certificates, rate: 100/min, duration: 1m }`
  ).join("\n");
  const firsts = scenariosOf(plan).map((scenario) => {
    const offsets = walked(scenario);
    assertEquals(offsets.length, 100);
    return offsets[0]!;
  });
  const sorted = [...firsts, 600_000].toSorted((a, b) => a - b);
  assertEquals(sorted[0], 0);
  const gaps = sorted.slice(1).map((at, n) => at - sorted[n]!);
  assert(Math.min(...gaps) > 80_000, `${gaps}`);
});

Deno.test("a phase by hand is that; nothing is put off by more than a second, nor beyond its duration", () => {
  const [first, ...others] = scenariosOf(`
  a: { flow: list_certificates, rate: 10/s, duration: 1s, phase_offset: 25% }
  b: { flow: list_certificates, rate: 1/min, duration: 6s }
  c: { flow: list_certificates, rate: 10/s, duration: 1s }
  d: { flow: list_certificates, rate: 1/min, duration: 200ms }
  e: { flow: list_certificates, rate: 6/h, duration: 1h }`);
  assertEquals(walked(first!)[0], 25_000);
  const [b, c, d, e] = others.map(walked);
  assertEquals(b, [414_000]);
  assertEquals(c![0], 82_800);
  assertEquals(d!.length, 1);
  assert(d![0]! > 48_000 && d![0]! < 49_000, `${d}`);
  assertEquals(e!.length, 6);
  assert(e![0]! > 654_000 && e![0]! < 657_000, `${e}`);
});

Deno.test("a whole number of arrivals is that whatever the phase; a broken one is a whole one where it comes in time", () => {
  const count = (duration: string, phase: string): number =>
    arrivalCount(
      scenariosOf(
        `  a: { flow: list_certificates, rate: 50/s, duration: ${duration}, phase_offset: ${phase} }`,
      )[0]!,
    );
  for (const phase of ["0%", "41.4%", "99.9%"]) assertEquals(count("60s", phase), 3_000);
  // 3,000.5 arrivals: number 3,000 comes half an interarrival before the end, if it is not put off by more.
  assertEquals(["0%", "49%", "51%"].map((phase) => count("60.01s", phase)), [3_001, 3_001, 3_000]);
});
