import fc from "fast-check";
import { z } from "zod";
import { DEPLOY_MEASURES } from "../../src/deployment.ts";
import type { FlowSignature } from "../../src/plan/catalogue.ts";
import { renderProblems } from "../../src/plan/problem.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";
import { catalogue, complaints, load, planOf } from "./catalogue.ts";

const EXAMPLE = `
name: certctl load test
target:
  base_url: \${CERTCTL_BASE:-https://localhost:8443}/
  token: \${CERTCTL_TOKEN:-load-test-token}
  tls: { insecure_skip_verify: true }
scenarios:
  issuance_acceptance:
    phase: api
    flow: create_certificate
    rate: 50/s
    duration: 5m
    thresholds: [p95 < 2s, p99 < 5s]
  nginx_handshake:
    flow: tls_handshake
    with: { target_type: nginx, url: "\${NGINX_TARGET_URL:-https://localhost:9443}/" }
    rate: 100/min
    duration: 5m
    start_after: 10s
  acme_directory_and_nonce:
    phase: acme
    flow: acme_unauthenticated
    with: { directory: /acme/directory }
    users: 100
    think_time: 1s
    duration: 5m
    thresholds: [directory p95 < 500ms, new_nonce p95 < 300ms]
thresholds: [error_rate < 1%]
`;

/** A plan of one scenario, with `lines` indented as its keys. */
function scenario(...lines: string[]): string {
  return [
    "target: { base_url: https://localhost:8443 }",
    "scenarios:",
    "  list:",
    "    flow: list_certificates",
    ...lines.map((line) => `    ${line}`),
  ].join("\n");
}

Deno.test("loadPlan() resolves a plan into units of its own and every default", () => {
  const { target, scenarios, thresholds, ...rest } = planOf(EXAMPLE);
  const { identity, ...settings } = rest;
  assertEquals(settings, {
    name: "certctl load test",
    stack: "none",
    workers: "auto",
    warmup: { requests: 20, durationMs: 2000, rehearsalMs: 1000 },
    gracefulStopMs: 30_000,
    secrets: ["load-test-token"],
  });
  assertEquals(identity.source, "plan.yaml");
  assertEquals(target, {
    baseUrl: "https://localhost:8443",
    token: "load-test-token",
    headers: {},
    tls: { insecureSkipVerify: true },
  });
  const [issuance, nginx, acme] = scenarios;
  assertEquals(issuance?.load, {
    model: "open",
    stages: [{ durationMs: 300_000, from: 50, to: 50 }],
    maxInFlight: 10_000,
    arrivals: "even",
    seed: 1,
    phase: 0,
  });
  assertEquals([issuance?.timeoutMs, issuance?.protocol, issuance?.startAfterMs], [
    30_000,
    "http/1.1",
    0,
  ]);
  assertEquals([nginx?.tier, nginx?.startAfterMs, nginx?.steps], ["connector", 10_000, [
    "handshake",
  ]]);
  assertEquals(acme?.load, {
    model: "closed",
    stages: [{ durationMs: 300_000, from: 100, to: 100 }],
    thinkTimeMs: 1000,
  });
  assertEquals(acme?.steps, ["directory", "new_nonce", "renewal_info"]);
  assertEquals(acme?.thresholds[0]?.step, "directory");
  assertEquals(thresholds[0]?.limit, { kind: "absolute", value: 0.01 });
});

Deno.test("loadPlan() gives a flow its options as the flow's schema reads them", () => {
  const [issuance, nginx] = planOf(EXAMPLE, { env: { NGINX_TARGET_URL: "https://n:1" } }).scenarios;
  assertEquals(issuance?.with, {
    owner_id: "o-alice",
    domain: "loadtest.example.com",
    expires_in: 7_776_000_000,
  });
  assertEquals(nginx?.with, { target_type: "nginx", url: "https://n:1/", expect: {} });
});

Deno.test("loadPlan() makes stages continue where the one before ended", () => {
  const text = scenario(
    "start_rate: 10/s",
    "stages: [{duration: 30s, rate: 100/s}, {duration: 1m, rate: 100/s}, {duration: 30s, rate: 0/s}]",
  );
  assertEquals(planOf(text).scenarios[0]?.load.stages, [
    { durationMs: 30_000, from: 10, to: 100 },
    { durationMs: 60_000, from: 100, to: 100 },
    { durationMs: 30_000, from: 100, to: 0 },
  ]);
});

Deno.test("a stage that takes no time is a jump to its level", () => {
  const text = scenario("stages: [{duration: 0s, users: 20}, {duration: 1m, users: 20}]");
  assertEquals(planOf(text).scenarios[0]?.load, {
    model: "closed",
    stages: [{ durationMs: 60_000, from: 20, to: 20 }],
    thinkTimeMs: 0,
  });
});

Deno.test("defaults hold for the scenarios that do not say", () => {
  const text = scenario("rate: 1/s", "duration: 1s", "timeout: 2s") +
    "\ndefaults: { timeout: 5s, protocol: h2 }\n";
  const [list] = planOf(text).scenarios;
  assertEquals([list?.timeoutMs, list?.protocol], [2000, "h2"]);
});

Deno.test("a scenario is measured with certload's own client, or with undici over HTTP/1.1", () => {
  const undici = (...more: string[]) =>
    scenario("rate: 1/s", "duration: 1s", "client: undici", ...more);
  const clientOf = (text: string) => planOf(text).scenarios[0]?.client;
  assertEquals(clientOf(scenario("rate: 1/s", "duration: 1s", "client: own")), undefined);
  assertEquals(clientOf(undici()), "undici");
  const defaults = "\ndefaults: { protocol: auto }\n";
  assertEquals(clientOf(undici("protocol: http/1.1") + defaults), "undici");
  assertMatch(
    complaints(undici() + defaults)[0] ?? "",
    /`client: undici` measures HTTP\/1.1 alone.*`protocol` is auto \[give the scenario/,
  );
});

Deno.test("warmup is auto, off, or a number of requests", () => {
  const warmup = (line: string) =>
    planOf(`${line}\n${scenario("users: 1", "duration: 1s")}`).warmup;
  assertEquals(warmup("warmup: auto"), { requests: 20, durationMs: 2000, rehearsalMs: 1000 });
  assertEquals(warmup("warmup: off"), { requests: 0, durationMs: 0, rehearsalMs: 0 });
  assertEquals(warmup("warmup: {requests: 5, duration: 1s}"), {
    requests: 5,
    durationMs: 1000,
    rehearsalMs: 0,
  });
  assertEquals(warmup("warmup: {requests: 5, rehearsal: 3s}").rehearsalMs, 3000);
});

Deno.test("server metrics are read from a URL as it is, or from a path on the target with its token", () => {
  const metrics = (url: string) => {
    const text = scenario("users: 1", "duration: 1s").replace(
      "localhost:8443",
      "t:1, token: tok, headers: { x-a: b }",
    );
    return planOf(`${text}\nserver_metrics: { url: ${url}, headers: { x-c: d } }\n`).serverMetrics;
  };
  assertEquals(metrics("https://m/metrics"), { url: "https://m/metrics", headers: { "x-c": "d" } });
  assertEquals(metrics("/metrics?all=1"), {
    url: "https://t:1/metrics?all=1",
    headers: { authorization: "Bearer tok", "x-a": "b", "x-c": "d" },
  });
});

Deno.test("every problem of a plan is told at once, each with its place", () => {
  const text = `nam: x
target:
  base_url: localhost:8443
  token: \${NOPE}
  tls: { insecure_skip_verify: maybe, ca_file: nope.pem }
scenarios:
  a:
    flow: list_certificate
    rate: 0/s
    users: 3
    duraton: 5m
  b b:
    flow: tls_handshake
    with: { url: "http://x", target_type: ngnix, expect: {nme: x} }
    rate: 50
    duration: 30
    protocol: h3
  c:
    flow: acme_unauthenticated
    stages: [{duration: 5s, rate: -5/s}, {duration: 5s, users: 4}]
    thresholds: ["directry p95 < 500ms"]
thresholds: [eror_rate < 1%]
`;
  assertEquals(complaints(text), [
    "1:1 unknown key `nam` [did you mean `name`?]",
    '3:13 `base_url` must be an http:// or https:// URL: got "localhost:8443" ' +
    "[did you mean `https://localhost:8443`?]",
    "4:10 the variable NOPE is not set [set it, or write ${NOPE:-default}]",
    '5:32 `insecure_skip_verify` must be true or false: got "maybe"',
    '5:48 cannot read the CA file "nope.pem": No such file or directory (os error 2)',
    "7:3 `rate` needs a `duration` [for example `duration: 5m`]",
    '8:11 unknown flow "list_certificate" [did you mean `list_certificates`?]',
    '9:11 `rate` must be more than 0: got "0/s"',
    "10:5 `users` and `rate` exclude each other",
    "11:5 unknown key `duraton` [did you mean `duration`?]",
    '12:3 "b b" must be letters, digits, _ and -, at most 64',
    '14:18 `url` must be an https:// URL: got "http://x"',
    '14:43 `target_type` must be nginx, apache, haproxy, f5 or other: got "ngnix" [did you mean `nginx`?]',
    "14:59 unknown key `nme` [did you mean `name`?]",
    "15:11 `rate` must be a rate such as 50/s, 100/min or 3000/h: got 50 [did you mean `50/s`?]",
    "16:15 `duration` must be a duration such as 300ms, 30s or 1h30m: got 30 [did you mean `30s`?]",
    '17:15 `protocol` must be http/1.1, h2 or auto: got "h3" [did you mean `h2`?]',
    "18:3 `directory` is missing in `scenarios.c.with`",
    '20:35 `rate` must be a rate such as 50/s, 100/min or 3000/h: got "-5/s"',
    "20:57 stages are all of rates or all of users: the first has `rate`",
    '22:14 threshold has no measure called "eror_rate" [did you mean `error_rate`?]',
  ]);
});

Deno.test("a scenario needs a load, and one load alone", () => {
  assertEquals(complaints(scenario("duration: 5m")), [
    "3:3 the scenario has no load [give it `rate` or `users` with `duration`, or `stages`]",
  ]);
  assertEquals(complaints(scenario("rate: 1/s", "users: 2", "stages: []", "duration: 5m")), [
    "6:5 `users` and `rate` exclude each other",
    "7:5 `stages` and `rate` exclude each other",
    "7:13 `stages` must have at least 1 entry: got a list",
  ]);
});

Deno.test("a key of the other load model is a problem", () => {
  assertEquals(complaints(scenario("rate: 1/s", "duration: 5m", "think_time: 1s")), [
    "7:5 `think_time` goes with users alone: arrivals at a rate wait for nothing",
  ]);
  assertEquals(
    complaints(scenario("users: 1", "duration: 5m", "max_in_flight: 1", "start_rate: 1/s")),
    [
      "7:5 `max_in_flight` goes with rates alone: users wait for their answers",
      "8:5 `start_rate` goes with `stages` of rates alone",
    ],
  );
  assertEquals(
    complaints(scenario("users: 1", "duration: 5m", "arrivals: poisson", "phase_offset: 30%")),
    [
      "7:5 `arrivals` goes with rates alone: users come when they have their answer",
      "8:5 `phase_offset` goes with rates alone: users are spread over their think time",
    ],
  );
  assertEquals(complaints(scenario("stages: [{duration: 1s, users: 1}]", "duration: 5m")), [
    "6:5 `duration` and `stages` exclude each other: every stage has its own",
  ]);
});

Deno.test("stages must each have a level, and come to something", () => {
  assertEquals(complaints(scenario("stages: [{duration: 1s}]")), [
    "5:14 the stage has no `rate` or `users`",
  ]);
  assertEquals(complaints(scenario("stages: [{duration: 1s, rate: 1/s, users: 1}]")), [
    "5:29 a stage has one of `rate` and `users`",
  ]);
  assertEquals(complaints(scenario("stages: [{duration: 0, rate: 5/s}]")), [
    "5:13 `stages` send nothing: every level or every duration is 0: got a list",
  ]);
});

Deno.test("negative, zero and boundless numbers are refused", () => {
  for (
    const line of ["rate: -1/s", "rate: 0/s", "rate: 1e9/s", "users: 0", "users: -1", "users: 1.5"]
  ) {
    assertEquals(complaints(scenario(line, "duration: 5m")).length, 1, line);
  }
  for (const line of ["duration: 0s", "duration: -5s", "duration: 99999d"]) {
    assertEquals(complaints(scenario("rate: 1/s", line)).length, 1, line);
  }
});

Deno.test("a flow that wants one of two options says so at the options", () => {
  const text = scenario("rate: 1/s", "duration: 5m").replace("list_certificates", "http_request") +
    "\n    with: { path: /x, url: https://x }";
  assertEquals(complaints(text), ["7:11 `with` needs one of `path` and `url`: got a map"]);
});

Deno.test("a choice of types names them all, and a branch that was meant names its own problem", () => {
  const text = (status: string) =>
    scenario("rate: 1/s", "duration: 5m").replace("list_certificates", "http_request") +
    `\n    with: { path: /x, status: ${status} }`;
  assertEquals(complaints(text("yes")), [
    '7:31 `status` must be a whole number or a list: got "yes"',
  ]);
  assertEquals(complaints(text("[200, x]")), ['7:37 `status.1` must be a whole number: got "x"']);
  assertEquals(complaints(`warmup: of\n${scenario("rate: 1/s", "duration: 5m")}`), [
    '1:9 `warmup` must be auto or off or a map of keys: got "of"',
  ]);
});

Deno.test("a plan without scenarios is a problem, and so is one without a target", () => {
  assertEquals(complaints("scenarios: {}"), [
    "1:1 `target` is missing",
    "1:12 `scenarios` needs at least one scenario: got a map",
  ]);
});

Deno.test("text from a variable stands for a number or a truth value where one is wanted", () => {
  const text =
    `target: { base_url: https://x, token: "\${T}", tls: { insecure_skip_verify: "\${I:-true}" } }
workers: \${W}
scenarios:
  list: { flow: list_certificates, with: { per_page: "\${N:-20}" }, users: "\${U}", duration: 1s }
`;
  const plan = planOf(text, { env: { T: "12345", U: "7", W: "2" } });
  assertEquals(plan.target.token, "12345");
  assertEquals(plan.target.tls.insecureSkipVerify, true);
  assertEquals(plan.workers, 2);
  assertEquals(plan.scenarios[0]?.with, { per_page: 20 });
  assertEquals(plan.scenarios[0]?.load.stages[0]?.to, 7);
  const wrong = complaints(text, { env: { T: "t", U: "many", W: "2" } });
  assertEquals(wrong, ['4:75 `users` must be a whole number: got "many"']);
});

Deno.test("an unquoted variable is read as YAML reads it, and as text where text is wanted", () => {
  const text = `name: \${N}
target: { base_url: https://x }
warmup:
  requests: \${N}
scenarios:
  list:
    flow: acme_unauthenticated
    with:
      directory: \${N}
      headers:
        x-n: \${N}
      with_renewal_info: \${B}
    users: \${N}
    duration: \${D}
`;
  const plan = planOf(text, { env: { N: "010", B: "false", D: "1s" } });
  assertEquals([plan.name, plan.warmup.requests], ["010", 10]);
  assertEquals(plan.scenarios[0]?.with, {
    directory: "010",
    headers: { "x-n": "010" },
    with_renewal_info: false,
  });
  assertEquals(plan.scenarios[0]?.load.stages[0]?.to, 10);
});

Deno.test("a quoted variable stands for a number inside a choice of types too", () => {
  const text = `warmup: { requests: "\${N}" }\n${scenario("users: 1", "duration: 1s")}`;
  assertEquals(planOf(text, { env: { N: "7" } }).warmup.requests, 7);
});

Deno.test("an empty token or CA file counts as none", () => {
  const text = `target: { base_url: https://x, token: "", tls: { ca_file: "\${CA:-}" } }
scenarios: { list: { flow: list_certificates, users: 1, duration: 1s } }
`;
  const { target } = planOf(text);
  assertEquals([target.token, target.tls], [undefined, { insecureSkipVerify: false }]);
});

Deno.test("a base URL carries neither credentials nor a query, and credentials are not shown", () => {
  const [problem] = complaints(
    scenario("rate: 1/s", "duration: 1s").replace("https://localhost", "https://u:pw@localhost"),
  );
  assert(problem?.includes("without user and password"), problem);
  assert(!problem?.includes("pw"), problem);
});

Deno.test("loading never throws, whatever the text", () => {
  for (
    const text of [
      "",
      "null",
      "5",
      "- a",
      "a",
      "{}",
      "scenarios: 5",
      "target: []",
      "scenarios: {a: }",
    ]
  ) {
    assertEquals(load(text).ok, false, text);
  }
});

Deno.test("a secret that a variable brings to the wrong place is not shown", () => {
  const secret = 'a"b' + "c".repeat(500);
  const text = scenario("rate: ${API_TOKEN}", "duration: 5m", "thresholds: ['${API_TOKEN} < 5']")
    .replace("list_certificates", "${API_TOKEN}");
  const shown = complaints(text, { env: { API_TOKEN: secret } });
  assertEquals(shown.map((each) => each.replace(/ \[.*/, "")), [
    '4:11 unknown flow "***"',
    '5:11 `rate` must be a rate such as 50/s, 100/min or 3000/h: got "***"',
    '7:18 threshold has no measure called "***"',
  ]);
});

Deno.test("a long value is cut short", () => {
  const [problem = ""] = complaints(scenario(`rate: ${"5".repeat(5000)}x`, "duration: 5m"));
  assert(problem.length < 400, problem);
});

Deno.test("loading never throws, and never shows the token, however a plan is damaged", () => {
  const damage = fc.record({
    at: fc.nat(EXAMPLE.length),
    length: fc.nat(12),
    text: fc.oneof(
      fc.string(),
      fc.constantFrom("\n", "  ", ": ", "${", "*a", "&a ", "[", "}", "- ", "'"),
    ),
  });
  fc.assert(fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
    const text = damages.reduce(
      (whole, { at, length, text }) => whole.slice(0, at) + text + whole.slice(at + length),
      EXAMPLE,
    );
    const loaded = load(text, { env: { CERTCTL_TOKEN: "t0p-secret", CERTCTL_BASE: "https://h" } });
    const shown = renderProblems(loaded.ok ? loaded.warnings : loaded.problems);
    assert(!shown.includes("t0p-secret"), shown);
    assertEquals(loaded.ok || shown !== "", true);
  }));
});

Deno.test("a percentile that too few requests can tell is a warning at its threshold", () => {
  const loaded = load(scenario("rate: 4/s", "duration: 30s", "thresholds: [p95 < 1s, p99 < 2s]"));
  assert(loaded.ok);
  assertEquals(loaded.warnings.map(({ line, column, message }) => [line, column, message]), [
    [7, 28, "warning: `p99 < 2s` will rest on 120 requests: 500 are needed"],
  ]);
});

Deno.test("a token sent in the clear is a warning, unless it stays on this host", () => {
  const warned = (url: string) => {
    const text = scenario("users: 1", "duration: 1s").replace(
      "https://localhost:8443",
      `${url}, token: x`,
    );
    const loaded = load(text);
    return loaded.ok ? loaded.warnings.length : undefined;
  };
  assertEquals(["http://ca.test", "https://ca.test", "http://127.0.0.1:1"].map(warned), [1, 0, 0]);
});

Deno.test("a word in braces that is nearly a placeholder is a warning, where the flow has placeholders", () => {
  const text = `target: { base_url: https://x }
scenarios:
  any: { flow: http_request, users: 1, duration: 1s, with: { path: "/{id}/{idx}/{name}" } }
  acme: { flow: acme_unauthenticated, users: 1, duration: 1s, with: { directory: "/{idx}" } }
`;
  const loaded = load(text);
  assert(loaded.ok);
  assertEquals(
    loaded.warnings.map(({ line, column, length, message, hint }) =>
      `${line}:${column}+${length} ${message} [${hint}]`
    ),
    [
      "3:75+5 warning: `{idx}` is no placeholder, and stays as it is [did you mean `{id}`?]",
    ],
  );
});

Deno.test("of thousands of problems the first fifty are told, from the top, and how many more there are", () => {
  const lines = Array.from({ length: 15_000 }, (_, n) => `k${n}: 1`);
  const loaded = load(`${scenario("users: 1", "duration: 1s")}\n${lines.reverse().join("\n")}\n`);
  assert(!loaded.ok);
  assertEquals([loaded.problems.length, loaded.more], [50, 14_950]);
  assertEquals(loaded.problems.map(({ line }) => line), lines.slice(0, 50).map((_, n) => 7 + n));
  const shown = renderProblems(loaded.problems, loaded.more);
  assertEquals([shown.split("\n").length, shown.endsWith("\nand 14950 more\n")], [152, true]);
});

Deno.test("a phase is of even arrivals, whether a scenario says their kind or the plan's defaults", () => {
  const phased = ["rate: 1/s", "duration: 5m", "phase_offset: 30%"];
  const refusal = "`phase_offset` goes with `arrivals: even` alone: Poisson arrivals have no phase";
  assertEquals(complaints(scenario(...phased, "arrivals: poisson")), [`7:5 ${refusal}`]);
  const poisson = "defaults: { arrivals: poisson }\n";
  assertEquals(complaints(poisson + scenario(...phased)), [`8:5 ${refusal}`]);
  planOf(poisson + scenario(...phased, "arrivals: even"));
});

Deno.test("a phase that leaves no arrival within the duration is a problem, and chance a warning", () => {
  const short = ["rate: 1/min", "duration: 30s"];
  assertEquals(complaints(scenario(...short, "phase_offset: 60%")), [
    "7:19 no arrival of `list` comes within its duration: the first would come 60% of an interarrival " +
    "after the start [lower it, or lengthen the duration]",
  ]);
  planOf(scenario(...short, "phase_offset: 40%"));
  const drawn = (seed: number): string[] => {
    const loaded = load(`seed: ${seed}\n${scenario(...short, "arrivals: poisson")}`);
    assert(loaded.ok);
    return loaded.warnings.map(({ message }) => message);
  };
  const told = Array.from({ length: 40 }, (_, seed) => drawn(seed));
  // e^-0.5 of all seeds.
  const silent = told.filter((warnings) => warnings.length > 0);
  assert(silent.length > 12 && silent.length < 36, `${silent.length}`);
  assertMatch(
    silent[0]![0]!,
    /^warning: no arrival of `list` comes within its duration: by chance, with seed \d+$/,
  );
});

Deno.test("a plan of more arrivals than one run should be asked for is refused with the figure", () => {
  assertEquals(complaints(scenario("rate: 1000/s", "duration: 30d")), [
    "5:11 `list` comes to 2,592,000,000 arrivals: at most 1,000,000,000 can be asked for " +
    "[lower the rate or the duration]",
  ]);
  assertEquals(planOf(scenario("rate: 10000/s", "duration: 100000s")).scenarios.length, 1);
  assertEquals(complaints(scenario("stages: [{ duration: 100001s, rate: 20000/s }]")), [
    "5:13 `list` comes to 1,000,010,000 arrivals: at most 1,000,000,000 can be asked for " +
    "[lower the rate or the duration]",
  ]);
  assertEquals(
    planOf(scenario("users: 100000", "think_time: 1ms", "duration: 30d")).name,
    "load test",
  );
  assertEquals(complaints(scenario("users: 1000000000", "duration: 1s")), [
    "5:12 `users` must be at most 100000: got 1000000000",
  ]);
});

Deno.test("thresholds name what the scenario's flow measures itself, and no other's", () => {
  const deploy: FlowSignature = {
    name: "deploy_loop",
    summary: "A deployment",
    tier: "lifecycle",
    options: z.strictObject({}),
    steps: () => ["create"],
    changes: () => "adds",
    measures: DEPLOY_MEASURES,
  };
  const flows = { catalogue: new Map([...catalogue, [deploy.name, deploy]]) };
  const text = (flow: string) => `
target: { base_url: https://x }
scenarios:
  a:
    flow: ${flow}
    rate: 1/s
    duration: 2s
    thresholds: [propagation p95 < 30s, wrong count == 0, reset_share < 0.1%]
`;
  const [scenario] = planOf(text("deploy_loop"), flows).scenarios;
  assertEquals(scenario?.tier, "lifecycle");
  const loaded = load(text("deploy_loop"), flows);
  assertEquals(loaded.ok && loaded.warnings, []);
  assertEquals(scenario?.thresholds.map(({ measure }) => measure.kind), [
    "observed",
    "counter",
    "share",
  ]);
  assertEquals(complaints(text("deploy_lop"), flows), [
    '5:11 unknown flow "deploy_lop" [did you mean `deploy_loop`?]',
  ]);
  assertEquals(complaints(text("list_certificates"), flows).length, 3);
});
