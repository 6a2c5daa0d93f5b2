import { catalogue } from "../../src/flows/catalogue.ts";
import { effectiveYaml } from "../../src/plan/effective.ts";
import { loadPlan } from "../../src/plan/load_plan.ts";
import { arrivalSequence, type OpenScenario } from "../../src/plan/arrival_sequence.ts";
import { highestLevel } from "../../src/plan/profile.ts";
import type { Plan, Scenario } from "../../src/plan/plan.ts";
import { plannedRequests } from "../../src/plan/planned.ts";
import { renderProblem } from "../../src/plan/problem.ts";
import { assert, assertEquals, assertLess } from "../assert.ts";

function shipped(name: string, env: Record<string, string> = {}): Plan {
  return loaded(name, env, []);
}

/** `warnings`: of what is left out, when they are to be compared. */
function loaded(
  name: string,
  env: Record<string, string> = {},
  warnings?: readonly string[],
): Plan {
  const text = Deno.readTextFileSync(new URL(`../../scenarios/${name}.yaml`, import.meta.url));
  const read = loadPlan({
    text,
    source: `scenarios/${name}.yaml`,
    env,
    catalogue,
    readFile: Deno.readTextFileSync,
  });
  assert(read.ok, read.ok ? "" : read.problems.map(renderProblem).join("\n"));
  if (warnings !== undefined) assertEquals(read.warnings.map(renderProblem), warnings);
  return read.plan;
}

function contract(plan: Plan): Record<string, unknown> {
  return Object.fromEntries(plan.scenarios.map(({ name, startAfterMs, thresholds }) => {
    const { iterations } = plannedRequests(plan).scenarios.find((each) => each.name === name) ?? {};
    return [name, [iterations, startAfterMs, ...thresholds.map(({ text }) => text)]];
  }));
}

Deno.test("loadtest is the API tier's and the connector tier's contract", () => {
  const plan = shipped("loadtest");
  const handshake = [500, 10_000, "p95 < 1s", "p99 < 3s"];
  assertEquals(contract(plan), {
    issuance_acceptance: [15_000, 0, "p95 < 2s", "p99 < 5s"],
    list_certificates: [15_000, 5000, "p95 < 800ms", "p99 < 2s"],
    nginx_handshake: handshake,
    apache_handshake: handshake,
    haproxy_handshake: handshake,
    f5_handshake: [500, 10_000, "p95 < 1.5s", "p99 < 5s"],
  });
  assertEquals(plan.thresholds.map(({ text }) => text), ["error_rate < 1%"]);
  assertEquals(plan.stack, "none");
});

Deno.test("acme is the ACME tier's contract", () => {
  const [scenario] = shipped("acme").scenarios;
  assertEquals(scenario?.load, {
    model: "closed",
    stages: [{ durationMs: 300_000, from: 100, to: 100 }],
    thinkTimeMs: 1000,
  });
  assertEquals(scenario?.thresholds.map(({ step, limit }) => [step, limit]), [
    ["directory", { kind: "absolute", value: 500 }],
    ["new_nonce", { kind: "absolute", value: 300 }],
    ["renewal_info", { kind: "absolute", value: 800 }],
  ]);
});

/** What the embedded stack tells, of what scenarios need. */
const LAB = {
  CERTLOAD_LAB_CONTROL: "http://127.0.0.1:7",
  NGINX_2_TARGET_URL: "https://127.0.0.1:8",
};

Deno.test("quickstart has all tiers, in under 20 seconds, against the embedded lab", () => {
  const plan = shipped("quickstart", LAB);
  assertEquals(
    new Set(plan.scenarios.map(({ tier }) => tier)),
    new Set(["api", "connector", "acme", "lifecycle"]),
  );
  assert(plannedRequests(plan).durationMs < 20_000);
  assertEquals(plan.stack, "embedded");
});

Deno.test("scheduler follows three batches, each larger, beside a list and a create, and waits for the last one's jobs", () => {
  const plan = shipped("scheduler", {
    CERTCTL_ADMIN_TOKEN: "adm",
    CERTCTL_RENEWAL_CONCURRENCY: "5",
  });
  const batches = plan.scenarios.filter(({ changes }) => changes === "batch");
  assertEquals(
    batches.map(({ name, flow, with: options }) => {
      const { batch, limit } = options as { batch: number; limit?: number };
      return [name, flow, batch, limit];
    }),
    [
      ["renew_25", "bulk_renew", 25, 5],
      ["renew_100", "bulk_renew", 100, 5],
      ["renew_500", "bulk_renew", 500, 5],
      ["revoke_100", "bulk_revoke", 100, undefined],
    ],
  );
  const { scenarios } = plannedRequests(plan);
  for (const batch of batches) {
    assertEquals(scenarios.find(({ name }) => name === batch.name)?.iterations, 1);
    const { deadline = 0 } = batch.with as { deadline?: number };
    assert(plan.gracefulStopMs > deadline, batch.name);
  }
  // Others beside them from the first batch to the last.
  const last = Math.max(...batches.map(({ startAfterMs }) => startAfterMs));
  for (const { load, startAfterMs } of plan.scenarios.slice(-2)) {
    assert(startAfterMs + load.stages[0]!.durationMs > last);
  }
  assertEquals(batches.at(-1)?.token, "adm");
  assert(!shippedNames("scheduler").includes("revoke_100"));
});

Deno.test("fleet asks as often as its agents do, from one thread", () => {
  const plan = shipped("fleet", { CERTLOAD_AGENTS: "5000" });
  assertEquals(plan.scenarios[0]?.load.stages, [{ durationMs: 300_000, from: 250, to: 250 }]);
  assertEquals([plan.workers, plan.scenarios[0]?.places], ["auto", 1]);
});

Deno.test("kubernetes has the limits of the other targets, and goes where its kubeconfig points", () => {
  const kubeconfig = Deno.makeTempFileSync({ prefix: "certload-kubeconfig-" });
  Deno.writeTextFileSync(kubeconfig, KUBECONFIG);
  try {
    const [scenario] = shipped("kubernetes", { KUBECONFIG: kubeconfig }).scenarios;
    assertEquals(scenario?.origin, "https://k:6443");
    assertEquals(scenario?.tier, "connector");
    assertEquals(scenario?.thresholds.map(({ text }) => text).slice(0, 2), [
      "p95 < 1s",
      "p99 < 3s",
    ]);
  } finally {
    Deno.removeSync(kubeconfig);
  }
});

const KUBECONFIG = `
clusters: [{ name: c, cluster: { server: "https://k:6443" } }]
users: [{ name: u, user: { token: t } }]
contexts: [{ name: x, context: { cluster: c, user: u } }]
current-context: x
`;

/** Scenarios of a shipped plan without any variable; those that are left out are warned of. */
function shippedNames(name: string): string[] {
  const text = Deno.readTextFileSync(new URL(`../../scenarios/${name}.yaml`, import.meta.url));
  const readFile = Deno.readTextFileSync;
  const loaded = loadPlan({ text, source: name, env: {}, catalogue, readFile });
  return loaded.ok ? loaded.plan.scenarios.map((scenario) => scenario.name) : [];
}

Deno.test("shipped plans go where the old harness's variables point", () => {
  const env = {
    CERTCTL_BASE: "https://c:1",
    CERTCTL_TOKEN: "tok",
    NGINX_TARGET_URL: "https://n:2",
    APACHE_TARGET_URL: "https://a:3",
    HAPROXY_TARGET_URL: "https://h:4",
    F5_TARGET_URL: "https://f:5",
    CERTCTL_ADMIN_TOKEN: "adm",
    CERTCTL_ACME_DIRECTORY: "https://d:6/directory",
    ...LAB,
  };
  for (const name of ["loadtest", "acme", "quickstart", "scheduler", "fleet"]) {
    const plan = shipped(name, env);
    assertEquals([plan.target.baseUrl, plan.target.token], ["https://c:1", "tok"]);
    assert(!effectiveYaml(plan, catalogue).includes("localhost"), name);
  }
  const urls = shipped("loadtest", env).scenarios.slice(2).map(({ with: options }) =>
    (options as { url: string }).url
  );
  assertEquals(urls, ["https://n:2/", "https://a:3/", "https://h:4/", "https://f:5/healthz"]);
});

Deno.test("an effective plan of a shipped plan loads as the same plan", () => {
  for (const name of ["loadtest", "quickstart", "scheduler", "fleet"]) {
    const plan = shipped(name, { CERTCTL_ADMIN_TOKEN: "adm", ...LAB });
    const text = effectiveYaml(plan, catalogue);
    const again = loadPlan({ text, source: "effective", env: {}, catalogue, readFile: () => "" });
    assertEquals(again.ok && again.plan.identity.sha256, plan.identity.sha256);
  }
});

const OWN = {
  CERTCTL_BASE: "https://c:1",
  NGINX_TARGET_URL: "https://n:2",
  NGINX_CERTIFICATES: "/certs/nginx",
  NGINX_RELOAD: "docker exec n nginx -s reload",
  APACHE_TARGET_URL: "https://a:3",
  APACHE_CERTIFICATES: "/certs/apache",
  APACHE_RELOAD: "docker exec a httpd -k graceful",
  HAPROXY_TARGET_URL: "https://h:4",
  HAPROXY_CERTIFICATES: "/certs/haproxy",
  HAPROXY_RUNTIME: "127.0.0.1:9999",
};

Deno.test("lifecycle deploys to what is there: the lab's targets, or daemons of which it knows files and reload", () => {
  const others = ["bulk_renewal", "issuance_acceptance", "list_certificates"];
  const names = (plan: Plan): string[] => plan.scenarios.map(({ name }) => name);
  const own = loaded("lifecycle", OWN);
  assertEquals(names(own), ["nginx_deploy", "apache_deploy", "haproxy_deploy", ...others]);
  assertEquals(
    names(loaded("lifecycle", LAB)),
    ["lab_nginx_deploy", "lab_apache_deploy", "lab_haproxy_deploy", ...others],
  );
  assertEquals(names(loaded("lifecycle")), others);
  assert(!effectiveYaml(own, catalogue).includes("localhost"));
  assertEquals(
    own.scenarios.flatMap(({ flow, with: options }) =>
      catalogue.get(flow)?.commands?.(options) ?? []
    ),
    [
      ["docker", "exec", "n", "nginx", "-s", "reload"],
      ["docker", "exec", "a", "httpd", "-k", "graceful"],
    ],
  );
});

Deno.test("what lifecycle's thresholds are about can be seen before a target gets its next certificate", () => {
  for (const env of [OWN, LAB]) {
    const deploys = loaded("lifecycle", env).scenarios.filter(({ flow }) => flow === "deploy_loop");
    assertEquals(deploys.length, 3);
    for (const { name, load, with: options } of deploys) {
      const { hold, targets } = options as { hold: number; targets: unknown[] };
      const perS = Math.max(...load.stages.map(({ to }) => to));
      assertLess(hold, targets.length / perS * 1000, name);
    }
  }
});

Deno.test("lifecycle's requests are the fewest where arrivals ask until something has come about", () => {
  const counts = new Map(
    plannedRequests(loaded("lifecycle", LAB)).scenarios.map((
      { name, iterations, requests, asksAgain },
    ) => [name, [iterations, requests, asksAgain]]),
  );
  // A call, 100 requests that jobs await, three counts and a list, for each of two batches.
  assertEquals(counts.get("bulk_renewal"), [2, 210, true]);
  assertEquals(counts.get("lab_nginx_deploy")?.[2], true);
  assertEquals(counts.get("list_certificates"), [600, 600, false]);
});

Deno.test("lifecycle answers for agents, unless the server makes the keys", () => {
  const answers = (env: Record<string, string>): unknown =>
    loaded("lifecycle", env).scenarios.find(({ flow }) => flow === "bulk_renew")?.with;
  assertEquals((answers({}) as { answer_csrs: boolean }).answer_csrs, true);
  const own = answers({ CERTLOAD_ANSWER_CSRS: "false" }) as { answer_csrs: boolean };
  assertEquals(own.answer_csrs, false);
});

Deno.test("no two evenly spaced scenarios of a shipped plan fire at one instant", () => {
  const startAndRate = ({ load, startAfterMs }: EvenScenario): string =>
    JSON.stringify([startAfterMs, load.stages.map(({ from, to }) => [from, to])]);
  let alike = 0;
  for (const { name: file } of Deno.readDirSync(new URL("../../scenarios/", import.meta.url))) {
    const even = evenScenarios(file.replace(/\.yaml$/, ""));
    if (even.length > 1) assert(leastShare(even) > 0.01, `${file}: ${leastShare(even)}`);
    for (const group of Map.groupBy(even, startAndRate).values()) {
      if (group.length < 2) continue;
      alike += group.length;
      assert(leastShare(group) > 0.05, `${file}: ${leastShare(group)}`);
    }
  }
  // The four handshakes of loadtest among them.
  assert(alike >= 8, `${alike}`);
});

type EvenScenario = Scenario & OpenScenario;

function evenScenarios(plan: string): EvenScenario[] {
  return loaded(plan, { ...LAB, CERTCTL_ADMIN_TOKEN: "adm" }).scenarios
    .flatMap(({ load, ...rest }) =>
      load.model === "open" && load.arrivals === "even" ? [{ ...rest, load }] : []
    );
}

/** The least time between two arrivals of theirs in half a minute, as a share of the shortest interarrival. */
function leastShare(scenarios: readonly EvenScenario[]): number {
  const instantsUs = scenarios.flatMap((scenario) => {
    const next = arrivalSequence(scenario);
    const instants: number[] = [];
    for (let at = next(); at !== undefined && at < 30e6; at = next()) {
      instants.push(scenario.startAfterMs * 1000 + at);
    }
    return instants;
  }).sort((a, b) => a - b);
  const gaps = instantsUs.slice(1).map((at, n) => at - instantsUs[n]!);
  const highest = Math.max(...scenarios.map(({ load }) => highestLevel(load.stages)));
  return Math.min(...gaps) / (1e6 / highest);
}
