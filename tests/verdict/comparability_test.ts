import { scenariosOf } from "../../src/metrics/scenarios.ts";
import type { Finding, Summary, SummaryScenario } from "../../src/metrics/summary_schema.ts";
import { differencesOf } from "../../src/verdict/comparability.ts";
import { assertEquals } from "../assert.ts";
import { runOf } from "../metrics/runs.ts";
import { concluded } from "../report/summaries.ts";

Deno.test("differencesOf() remarks on whatever differs, and refuses where that decides how fast the same code runs", () => {
  const base = concluded(runOf([{ name: "create" }]));
  const { methodology: m } = base;
  const create = base.phases.api!.create!;
  const as = (parts: Partial<Summary["methodology"]>): Summary => (
    { ...base, methodology: { ...m, ...parts } }
  );
  const of = (parts: Partial<typeof create>): Summary => (
    { ...base, phases: { api: { create: { ...create, ...parts } } } }
  );
  const cases: [Summary, code: string, refusal: boolean][] = [
    [as({ target: { ...m.target, base_url: "https://other" } }), "target", false],
    [as({ stack: { name: "compose", description: "" } }), "stack", false],
    [as({ os: { ...m.os, name: "darwin" } }), "os", true],
    [as({ os: { ...m.os, container: "docker" } }), "container", true],
    [as({ os: { ...m.os, kernel: "6.2" } }), "kernel", false],
    [
      as({ hardware: { ...m.hardware, memory_bytes: 2 * m.hardware.memory_bytes } }),
      "memory",
      false,
    ],
    [
      as({ hardware: { ...m.hardware, memory_bytes: m.hardware.memory_bytes / 2 } }),
      "memory",
      false,
    ],
    [as({ runtime: { ...m.runtime, deno: "2.9.7" } }), "runtime", false],
    [{ ...base, tool: { ...base.tool, version: "0.2.0" } }, "tool", false],
    [{ ...base, plan: { ...base.plan, sha256: "f".repeat(64) } }, "plan", false],
    [of({ target: { ...create.target!, origin: "https://acme.example" } }), "target", false],
    [of({ flow: "other" }), "flow", true],
    [of({ protocol: "h2" }), "protocol", true],
    [of({ client: "undici" }), "client", true],
    [of({ server: "nginx/1.29.0" }), "server", false],
    [of({ load: { ...create.load, arrivals: "poisson", seed: 1, phase: null } }), "arrivals", true],
    [of({ load: { ...create.load, phase: 0.414 } }), "phase", false],
  ];
  for (const [next, code, refusal] of cases) {
    const differences = differencesOf(base, next);
    assertEquals(differences.map((one) => [one.code, one.refusal]), [[code, refusal]], code);
  }
  const nearly = as({ hardware: { ...m.hardware, memory_bytes: 1.3 * m.hardware.memory_bytes } });
  assertEquals(differencesOf(base, nearly), []);
});

Deno.test("differencesOf() remarks on another version of a server that a scenario alone asks, and refuses nothing", () => {
  const run = concluded(runOf([{ name: "create" }]));
  const create = run.phases.api!.create!;
  const asking = (version: string): Summary => ({
    ...run,
    phases: {
      api: {
        create: { ...create, target: { ...create.target!, origin: "https://acme.test", version } },
      },
    },
  });
  assertEquals(differencesOf(asking("1.0"), asking("1.0")), []);
  const differences = differencesOf(asking("1.0"), asking("1.1"));
  assertEquals(differences.map((one) => [one.code, one.refusal]), [["target_version", false]]);
  assertEquals(differences[0]!.message, 'target version of "create" differs: 1.0 and 1.1');
});

Deno.test("differencesOf() says what differs with both values, and which run has what the other has not", () => {
  const base = concluded(runOf([{ name: "create" }]));
  const { methodology: m } = base;
  const create = base.phases.api!.create!;
  const as = (parts: Partial<Summary["methodology"]>): Summary => (
    { ...base, methodology: { ...m, ...parts } }
  );
  const of = (parts: Partial<typeof create>): Summary => (
    { ...base, phases: { api: { create: { ...create, ...parts } } } }
  );
  const told = (a: Summary, b: Summary): string[] =>
    differencesOf(a, b).map(({ message, refusal }) => `${refusal ? "!" : ""}${message}`);
  const both = (other: Summary): string[] => [...told(base, other), ...told(other, base)];
  assertEquals(differencesOf(base, base), []);
  assertEquals(both(as({ os: { ...m.os, container: "docker" } })), [
    "!container differs: none and docker",
    "!container differs: docker and none",
  ]);
  assertEquals(both(as({ target: { ...m.target, lab: true } })), [
    "!the new run is of the embedded lab, the other is not",
    "!the base run is of the embedded lab, the other is not",
  ]);
  assertEquals(both({ ...base, interrupted: true }), [
    "!the new run was interrupted",
    "!the base run was interrupted",
  ]);
  const finding: Finding = {
    code: "x",
    cause: "run",
    scenarios: [],
    message: "no cores",
    advice: "",
  };
  assertEquals(
    both({ ...base, validity: { verdict: "invalid", reasons: [finding], warnings: [] } }),
    [
      "!the new run is invalid: no cores",
      "!the base run is invalid: no cores",
    ],
  );
  assertEquals(
    both(of({ client: "undici" })),
    [
      'client of "create" differs: own and undici',
      'client of "create" differs: undici and own',
    ].map((message) => `!${message}`),
  );
  const stages = [{ duration_s: 5, from: 1, to: 10 }, { duration_s: 9, from: 10, to: 10 }];
  assertEquals(told(base, of({ load: { ...create.load, stages } })), [
    '!load of "create" differs: open 10-10 and open 1-10, 10-10',
  ]);
  const longer = create.load.stages.map((stage) => ({ ...stage, duration_s: 999 }));
  assertEquals(both(of({ load: { ...create.load, stages: longer } })), []);
  const more = { ...base, phases: { api: { create }, acme: { order: create } } };
  assertEquals(both(more), [
    'scenario "order" is in the new run alone',
    'scenario "order" is in the base run alone',
  ]);
  assertEquals(told(base, { ...base, phases: { api: { order: create } } }), [
    "!the runs have no scenario in common",
    'scenario "create" is in the base run alone',
    'scenario "order" is in the new run alone',
  ]);
  const size = 3 * 2 ** 29;
  const memory = (memory_bytes: number): Summary =>
    as({ hardware: { ...m.hardware, memory_bytes } });
  assertEquals(told(memory(size), memory(2 * size)), [
    `memory differs: ${size} and ${2 * size} bytes`,
  ]);
  assertEquals(
    [1.4, 1 / 1.4].flatMap((share) => both(memory(share * m.hardware.memory_bytes))),
    [],
  );
  assertEquals(
    [1.43, 1 / 1.43].map((share) => both(memory(share * m.hardware.memory_bytes)).length),
    [2, 2],
  );
});

Deno.test("differencesOf() refuses even and Poisson arrivals together, and other seeds and phases not", () => {
  const of = (spacing: Partial<SummaryScenario["load"]>): Summary => {
    const run = concluded(runOf([{ name: "create" }, { name: "list" }]));
    for (const [, { load }] of scenariosOf(run)) Object.assign(load, spacing);
    return run;
  };
  const poisson = (seed: number | null): Summary => of({ arrivals: "poisson", seed, phase: null });
  const old = of({ arrivals: null, seed: null, phase: null });
  const told = (a: Summary, b: Summary): string[] =>
    differencesOf(a, b).map(({ message, refusal }) => `${refusal ? "!" : ""}${message}`);
  const refusal = (kinds: string): string =>
    `!arrivals of "create", "list" differ: ${kinds}. Even spacing hides the queueing that Poisson arrivals show: ` +
    "run both with the same `arrivals`";
  assertEquals(told(of({}), poisson(1)), [refusal("even and poisson")]);
  assertEquals(told(poisson(1), old), [refusal("poisson and even")]);
  assertEquals(told(old, of({})), []);
  assertEquals(told(poisson(1), poisson(1)), []);
  assertEquals(told(poisson(1), poisson(2)), ["seed of Poisson arrivals differs: 1 and 2"]);
  assertEquals(told(old, of({ phase: 0.5 })), [
    'phases of "create", "list" differ: evenly spaced scenarios that fire together wait for each other',
  ]);
});
