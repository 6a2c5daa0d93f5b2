import type { PlanOverrides } from "../../src/plan/overrides.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { assert, assertEquals } from "../assert.ts";
import { complaints, planOf } from "./catalogue.ts";

const PLAN = `target: { base_url: https://a, token: "\${T:-t}", tls: { ca_file: ca.pem } }
stack: embedded
scenarios:
  list: { flow: list_certificates, rate: 50/s, duration: 5m, thresholds: [p95 < 1s] }
  ramp:
    flow: create_certificate
    stages: [{duration: 1m, rate: 10/s}, {duration: 3m, rate: 20/s}]
  shake: { flow: tls_handshake, with: { url: https://b }, users: 3, duration: 1m }
`;

const NO_CA = PLAN.replace(", tls: { ca_file: ca.pem }", "");

function overridden(overrides: PlanOverrides): Plan {
  return planOf(NO_CA, { overrides });
}

function refused(overrides: PlanOverrides): string[] {
  return complaints(NO_CA, { overrides });
}

Deno.test("--target and --token take the place of the plan's, and a target means no stack", () => {
  const { target, stack } = overridden({ target: "https://other/", token: "secret" });
  assertEquals([target.baseUrl, target.token, stack], ["https://other", "secret", "none"]);
});

Deno.test("--stack wins over the plan's, and over the target's meaning none", () => {
  assertEquals(overridden({ stack: "compose" }).stack, "compose");
  assertEquals(overridden({ target: "https://x", stack: "embedded" }).stack, "embedded");
});

Deno.test("--client holds for every scenario, and says what it takes", () => {
  const clients = overridden({ client: "undici" }).scenarios.map(({ client }) => client);
  assertEquals(clients, ["undici", "undici", "undici"]);
  assertEquals(overridden({ client: "own" }).scenarios[0]?.client, undefined);
  assertEquals(refused({ client: "curl" }), [
    '--client `client` must be own or undici: got "curl"',
  ]);
});

Deno.test("--insecure takes the plan's CA file out", () => {
  const { target } = planOf(PLAN, { overrides: { insecure: true } });
  assertEquals(target.tls, { insecureSkipVerify: true });
});

Deno.test("--set changes a value, adds one, and takes one out", () => {
  const { scenarios, target } = overridden({
    set: [
      "scenarios.list.rate=",
      "scenarios.list.users=7",
      "scenarios.list.with.per_page=10",
      "scenarios.ramp.stages.0.rate=5/s",
      "target.headers.x-a=b=c",
      "target.headers.x-n=007",
    ],
  });
  assertEquals(scenarios[0]?.load.model, "closed");
  assertEquals(scenarios[0]?.load.stages[0]?.to, 7);
  assertEquals(scenarios[0]?.with, { per_page: 10 });
  assertEquals(scenarios[1]?.load.stages[0]?.to, 5);
  assertEquals(target.headers, { "x-a": "b=c", "x-n": "007" });
});

Deno.test("--set gives a load of another shape, and what went with the plan's alone goes with that", () => {
  const text = NO_CA.replace("users: 3,", "users: 3, think_time: 1s,")
    .replace("rate: 50/s,", "rate: 50/s, max_in_flight: 9, phase_offset: 30%,");
  const loads = (...set: string[]) =>
    planOf(text, { overrides: { set } }).scenarios.map(({ load }) => [load.model, ...load.stages]);
  const constant = (durationMs: number, level: number) => ({ durationMs, from: level, to: level });
  const [list, ramp, shake] = loads(
    "scenarios.list.users=7",
    "scenarios.ramp.rate=5/s",
    "scenarios.ramp.duration=1m",
    "scenarios.shake.rate=2/s",
  );
  assertEquals(list, ["closed", constant(300_000, 7)]);
  assertEquals(ramp, ["open", constant(60_000, 5)]);
  assertEquals(shake, ["open", constant(60_000, 2)]);
  const staged = loads("scenarios.list.stages=[{duration: 1m, rate: 9/s}]");
  assertEquals(staged[0], ["open", { durationMs: 60_000, from: 0, to: 9 }]);
});

Deno.test("two loads that are both given by --set exclude each other, and so do two of the plan's", () => {
  const set = ["scenarios.list.users=7", "scenarios.list.rate=9/s"];
  assertEquals(refused({ set }), [
    "--set scenarios.list.users `users` and `rate` exclude each other",
  ]);
  const both = NO_CA.replace("rate: 50/s,", "rate: 50/s, users: 3,");
  const [problem] = complaints(both, { overrides: { set: ["scenarios.list.rate=5/s"] } });
  assert(problem?.endsWith("`users` and `rate` exclude each other"), problem);
});

Deno.test("--set takes YAML where it starts with a bracket", () => {
  const { scenarios, warmup } = overridden({
    set: ["scenarios.list.thresholds=[p99 < 2s, error_rate < 5%]", "warmup={requests: 3}"],
  });
  assertEquals(scenarios[0]?.thresholds.map(({ text }) => text), ["p99 < 2s", "error_rate < 5%"]);
  assertEquals(warmup, { requests: 3, durationMs: 2000, rehearsalMs: 0 });
});

Deno.test("a flag's value is not looked into for variables", () => {
  assertEquals(overridden({ set: ["name=${X}"] }).name, "${X}");
});

Deno.test("a flag that replaces an unset variable mends the plan", () => {
  const text = NO_CA.replace("${T:-t}", "${T}");
  assertEquals(planOf(text, { overrides: { token: "x" } }).target.token, "x");
});

Deno.test("a problem with a flag's value names the flag", () => {
  assertEquals(refused({ set: ["scenarios.list.rate=0/s", "scenarios.list.rat=1/s"] }), [
    '--set scenarios.list.rate `rate` must be more than 0: got "0/s"',
    "--set scenarios.list.rat unknown key `rat` [known here: phase, with, needs, token, probe, " +
    "warmup, setup_timeout, users, stages, start_rate, start_after, arrivals, phase_offset, max_in_flight, think_time, timeout, protocol, client, max_connections]",
  ]);
  assertEquals(refused({ target: "nowhere" }), [
    '--target `base_url` must be an http:// or https:// URL: got "nowhere" ' +
    "[did you mean `https://nowhere`?]",
  ]);
  assertEquals(refused({ stack: "embeded" }), [
    '--stack `stack` must be none, embedded or compose: got "embeded" [did you mean `embedded`?]',
  ]);
});

Deno.test("a --set that leads nowhere is a problem", () => {
  const rows: readonly [string, string][] = [
    ["rate", "must be path=value"],
    ["=5", "must be path=value"],
    ["a..b=1", "must be path=value"],
    ["warmup=[1", "the value is not YAML"],
    ["warmup.__proto__=1", "must be path=value"],
    ["warmup={__proto__: 1}", "the value is not YAML"],
    ["scenarios.lst.rate=1/s", 'no scenario is named "lst"'],
    ["scenarios.ramp.stages.9.rate=1/s", "`scenarios.ramp.stages` is a list of 2: count from 0"],
    ["scenarios.list.rate.x=1", "`scenarios.list.rate` is no map"],
    ["name.x=1", "`name` must be text: got a map"],
  ];
  for (const [set, message] of rows) {
    const [problem] = refused({ set: [set] });
    const path = /^[^=]+(?==)/.exec(set)?.[0];
    assertEquals(
      problem?.replace(/ \[(for|quote|did).*/, ""),
      ["--set", path, message].filter(Boolean).join(" "),
    );
  }
});

Deno.test("a --set for a scenario that there is not offers the one that was meant", () => {
  assertEquals(refused({ set: ["scenarios.lst.rate=1/s"] }), [
    '--set scenarios.lst.rate no scenario is named "lst" [did you mean `list`?]',
  ]);
  assertEquals(refused({ set: ["scenarios.list.rate.x=1"] }), [
    "--set scenarios.list.rate.x `scenarios.list.rate` is no map",
  ]);
});

Deno.test("a secret that a flag sets is not shown", () => {
  const [problem] = refused({ set: ["target.token=two words"] });
  assertEquals(
    problem,
    "--set target.token `token` must be printable characters without spaces",
  );
});

const SECRET_SET = [
  "target.tokn=hunter-two",
  "tokn=hunter-two",
  "tokn:hunter-two",
  "hunter-two",
  "target={tokn: hunter-two, base_url: 5}",
  "targt.x.y=hunter-two",
  "scenarios.lst.tokn=hunter-two",
  "scenarios.list.rate.tokn=hunter-two",
  "target.tokn=[hunter-two",
  "scenarios.list.with.apikee=hunter-two",
  "..=hunter-two",
];
for (const set of SECRET_SET) {
  Deno.test(`no problem with --set ${set} shows the value`, () => {
    const problems = refused({ set: [set] });
    assert(problems.length > 0);
    for (const problem of problems) assert(!problem.includes("hunter"), problem);
  });
}

Deno.test("--insecure and --ca exclude each other, and an unreadable --ca is told", () => {
  assertEquals(complaints(PLAN, { overrides: { insecure: true, ca: "x.pem" } }), [
    "--insecure cannot be given together with --ca",
    '--ca cannot read the CA file "x.pem": No such file or directory (os error 2)',
  ]);
});

Deno.test("--only and --skip name scenarios or phases", () => {
  const names = (overrides: PlanOverrides) =>
    overridden(overrides).scenarios.map(({ name }) => name);
  assertEquals(names({ only: ["ramp"] }), ["ramp"]);
  assertEquals(names({ only: ["connector", "list"] }), ["list", "shake"]);
  assertEquals(names({ skip: ["api"] }), ["shake"]);
  assertEquals(names({ only: ["api"], skip: ["list"] }), ["ramp"]);
});

Deno.test("--only and --skip with an unknown name, or with nothing left, are problems", () => {
  assertEquals(refused({ only: ["lst"], skip: ["zzz"] }), [
    '--only no scenario is named "lst" [did you mean `list`?]',
    '--skip no scenario is named "zzz" [known here: list, api, ramp, shake, connector]',
  ]);
  assertEquals(refused({ skip: ["api", "connector"] }), ["--skip no scenario is left"]);
});

Deno.test("--duration is every scenario's, and stages keep their proportions", () => {
  const [list, ramp, shake] = overridden({ duration: "20s" }).scenarios;
  assertEquals(list?.load.stages.map(({ durationMs }) => durationMs), [20_000]);
  assertEquals(ramp?.load.stages.map(({ durationMs }) => durationMs), [5000, 15_000]);
  assertEquals(shake?.load.stages.map(({ durationMs }) => durationMs), [20_000]);
  assertEquals(refused({ duration: "20" }), [
    '--duration must be a duration such as 30s or 5m: got "20"',
  ]);
});
