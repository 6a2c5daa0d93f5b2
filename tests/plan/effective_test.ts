import fc from "fast-check";
import { effectivePlan, effectiveYaml } from "../../src/plan/effective.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { assert, assertAlmostEquals, assertEquals } from "../assert.ts";
import { catalogue, planOf } from "./catalogue.ts";

const PLAN = `name: all of it
target:
  base_url: https://user.test:1
  token: t0p-secret
  headers: { x-key: hidden }
workers: 2
warmup: { requests: 5, duration: 500ms, rehearsal: 3s }
server_metrics: { url: https://m/metrics, headers: { authorization: Bearer t0p-secret } }
scenarios:
  create: { flow: create_certificate, rate: 100/min, duration: 90s, max_connections: 5 }
  ramp:
    flow: list_certificates
    start_rate: 5/s
    stages: [{duration: 1m, rate: 10/s}, {duration: 0, rate: 50/s}, {duration: 30s, rate: 50/s}]
    start_after: 1m30s
  acme:
    flow: acme_unauthenticated
    with: { directory: /d, headers: { authorization: Bearer t0p-secret } }
    stages: [{duration: 10s, users: 20}, {duration: 10s, users: 0}]
    think_time: 300ms
    thresholds: [directory p95 < baseline * 1.1]
thresholds: [error_rate < 1%]
`;

Deno.test("effectivePlan() is the plan in its own terms, defaults filled in", () => {
  const { scenarios, warmup } = effectivePlan(planOf(PLAN), catalogue);
  assertEquals(warmup, { requests: 5, duration: "500ms", rehearsal: "3s" });
  assertEquals((scenarios as Record<string, unknown>)["create"], {
    phase: "api",
    flow: "create_certificate",
    with: { owner_id: "o-alice", domain: "loadtest.example.com", expires_in: "90d" },
    rate: "100/min",
    duration: "1m30s",
    arrivals: "even",
    phase_offset: "0%",
    max_in_flight: 10_000,
    timeout: "30s",
    protocol: "http/1.1",
    max_connections: 5,
    thresholds: [],
    // Each arrival adds a certificate, and the plan does not say that some may come before the clock.
    probe: false,
    warmup: "off",
  });
});

Deno.test("effectivePlan() says of what comes before the clock only what the plan's own warm-up does not", () => {
  const of = (keys: string, flow = "list_certificates"): unknown[] => {
    const plan = planOf(`
target: { base_url: https://user.test:1 }
warmup: { requests: 5 }
scenarios:
  only: { flow: ${flow}, rate: 1/s, duration: 1s${keys} }
`);
    const { only } = effectivePlan(plan, catalogue).scenarios as Record<string, object>;
    const { probe, warmup } = only as { probe?: unknown; warmup?: unknown };
    return [probe, warmup];
  };
  const [nothing, fewer] = [undefined, { requests: 1 }];
  assertEquals(of(""), [nothing, nothing]);
  assertEquals(of(", probe: true"), [nothing, nothing]);
  assertEquals(of(", probe: false"), [false, nothing]);
  assertEquals(of(", warmup: off"), [nothing, "off"]);
  const [, own] = of(", warmup: { requests: 1 }");
  assertEquals({ ...own as object, ...fewer }, own);
  assertEquals(of(", probe: true", "create_certificate")[0], true);
});

Deno.test("effectiveYaml() shows no secret", () => {
  const text = effectiveYaml(planOf(PLAN), catalogue);
  assert(!text.includes("t0p-secret") && !text.includes("hidden"), text);
  assert(text.includes('token: "***"'), text);
});

Deno.test("effectiveYaml() shows no secret that a variable brought into an option", () => {
  const text = PLAN.replace("/d,", "'/d/${API_KEY}',");
  const plan = planOf(text, { env: { API_KEY: "hush-hush" } });
  assertEquals(plan.secrets.includes("hush-hush"), true);
  assert(!effectiveYaml(plan, catalogue).includes("hush-hush"));
});

Deno.test("an effective plan loads as the same plan, but for its secrets", () => {
  const plan = planOf(PLAN);
  const again = planOf(effectiveYaml(plan, catalogue));
  const open = ({ target, serverMetrics, scenarios, secrets: _, ...rest }: Plan) => ({
    ...rest,
    url: [target.baseUrl, serverMetrics?.url],
    scenarios: scenarios.filter(({ name }) => name !== "acme"),
    load: scenarios.map(({ load }) => load),
  });
  assertEquals(open(again), open(plan));
});

Deno.test("any load comes back from an effective plan as it was", () => {
  const stage = fc.record({
    durationMs: fc.integer({ min: 1, max: 1e7 }),
    from: fc.integer({ min: 0, max: 5000 }),
    to: fc.integer({ min: 1, max: 5000 }),
  });
  const base = planOf(PLAN);
  const [scenario] = base.scenarios;
  assert(scenario !== undefined);
  fc.assert(
    fc.property(
      fc.array(stage, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      (stages, isOpen) => {
        const load = isOpen
          ? { model: "open", stages, maxInFlight: 7, arrivals: "even", seed: 1, phase: 0 } as const
          : { model: "closed", stages, thinkTimeMs: 20 } as const;
        const text = effectiveYaml({ ...base, scenarios: [{ ...scenario, load }] }, catalogue);
        const again = planOf(text).scenarios[0]?.load;
        assertEquals(
          again?.stages.map(({ from, to }) => [from, to]),
          stages.map(({ from, to }) => [from, to]),
        );
        again?.stages.forEach(({ durationMs }, at) =>
          assertAlmostEquals(durationMs, stages[at]?.durationMs ?? NaN, 1e-6)
        );
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("kinds, seed and phases come back from an effective plan as they were", () => {
  const anyPhase = fc.integer({ min: 0, max: 999_999 }).map((millionth) => millionth / 1e6);
  fc.assert(
    fc.property(
      fc.nat(0xffffffff),
      fc.array(fc.tuple(fc.constantFrom("even", "poisson"), anyPhase, fc.boolean()), {
        minLength: 1,
        maxLength: 5,
      }),
      (seed, kinds) => {
        const lines = kinds.map(([arrivals, phase, byHand], at) => {
          const offset = byHand && arrivals === "even" ? `, phase_offset: ${phase}` : "";
          return `  s${at}: { flow: list_certificates, rate: 9/s, duration: 9s, arrivals: ${arrivals}${offset} }`;
        });
        const plan = planOf(
          `target: { base_url: "https://a" }\nseed: ${seed}\nscenarios:\n${lines.join("\n")}`,
        );
        const again = planOf(effectiveYaml(plan, catalogue));
        const told = ({ scenarios }: Plan) =>
          scenarios.map(({ load }) =>
            load.model === "open" &&
            [load.arrivals, load.phase, load.arrivals === "poisson" && load.seed]
          );
        assertEquals(told(again), told(plan));
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("dollar signs that look like variables come back from an effective plan as they were", () => {
  const texts = ["${X}", "$${X}", "$$", "$$$", "$5", "${", "a$$b${c}$"];
  for (const text of texts) {
    const written = text.replaceAll("$", "$$$$");
    const plan = planOf(PLAN.replace("/d,", () => `'/${written}',`));
    const again = planOf(effectiveYaml(plan, catalogue));
    const directory = ({ scenarios }: Plan) =>
      (scenarios.find(({ name }) => name === "acme")?.with as { directory: string }).directory;
    assertEquals([directory(plan), directory(again)], [`/${text}`, `/${text}`]);
  }
});

Deno.test("effectivePlan() has a warm-up of requests, of a rehearsal, of both, or none", () => {
  const plan = planOf(PLAN);
  const warmup = (requests: number, rehearsalMs: number): unknown =>
    effectivePlan({ ...plan, warmup: { requests, durationMs: 500, rehearsalMs } }, catalogue)
      .warmup;
  assertEquals(warmup(5, 3000), { requests: 5, duration: "500ms", rehearsal: "3s" });
  assertEquals(warmup(5, 0), { requests: 5, duration: "500ms" });
  assertEquals(warmup(0, 3000), { requests: 0, duration: "500ms", rehearsal: "3s" });
  assertEquals(warmup(0, 0), "off");
});
