import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import {
  kubernetesManifest,
  type KubernetesOptions,
  kubernetesProblems,
} from "../../src/shards/kubernetes.ts";
import type { SharedRun } from "../../src/shards/shared_run.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { complaints } from "./published_schema.ts";
import { hostile, RUN } from "./shared_runs.ts";

const OPTIONS: KubernetesOptions = {
  name: "certload-api-tier",
  image: "certload:0.1.0",
  cpus: 2,
  memory: "1Gi",
  secret: "certload",
  startAt: new Date("2026-11-28T05:03:00Z"),
  now: new Date("2026-11-28T05:00:00Z"),
};

// deno-lint-ignore no-explicit-any -- tests look into it freely
function documentsOf(run: SharedRun, options = OPTIONS): any[] {
  return parseAllDocuments(kubernetesManifest(run, options)).map((document) => {
    assertEquals(document.errors, []);
    return document.toJS();
  });
}

Deno.test("the manifest is right by the published schemas, with every option and without", () => {
  const ca = { path: "/etc/ca.crt", text: "-----BEGIN CERTIFICATE-----\n" };
  const all = { ...OPTIONS, namespace: "load", serviceAccount: "certload" };
  for (const [run, options] of [[RUN, OPTIONS], [{ ...RUN, ca }, all]] as const) {
    const documents = documentsOf(run, options);
    assertEquals(documents.map(({ kind }) => kind), ["ConfigMap", "Job"]);
    assertEquals(documents.flatMap(complaints), []);
  }
});

Deno.test("the schemas tell a wrong value, a missing one and a key that there is not", () => {
  const [, job] = documentsOf(RUN);
  assertEquals(complaints({ ...job, spec: { ...job.spec, completions: "4" } }), [
    "/spec/completions: type",
  ]);
  assertEquals(complaints({ ...job, spec: { ...job.spec, template: undefined } }), [
    "/spec: required",
  ]);
  job.spec.template.spec.containers[0].resources.limit = {};
  assertEquals(complaints(job), [
    "/spec/template/spec/containers/0/resources/limit: no such key",
  ]);
});

Deno.test("each index runs once, and one that fails takes no other with it", () => {
  const [, { spec }] = documentsOf(RUN);
  const { completionMode, completions, parallelism, backoffLimitPerIndex, maxFailedIndexes } = spec;
  assertEquals([completionMode, completions, parallelism], ["Indexed", 4, 4]);
  assertEquals([backoffLimitPerIndex, maxFailedIndexes], [0, 4]);
  assertEquals(spec.podFailurePolicy, undefined);
  assertEquals(spec.template.spec.restartPolicy, "Never");
  // Three minutes until the instant, one of load, five for pulling and for telling.
  assertEquals(spec.activeDeadlineSeconds, 180 + 60 + 300);
});

Deno.test("a pod has cores of its own, a node of its own where there are enough, and no rights", () => {
  const [, { spec }] = documentsOf(RUN);
  const { containers: [container], ...pod } = spec.template.spec;
  assertEquals(container.resources.requests, { cpu: "2", memory: "1Gi" });
  assertEquals(container.resources.limits, container.resources.requests);
  const [spread] = pod.topologySpreadConstraints;
  assertEquals([spread.maxSkew, spread.topologyKey, spread.whenUnsatisfiable], [
    1,
    "kubernetes.io/hostname",
    "ScheduleAnyway",
  ]);
  assertEquals(pod.automountServiceAccountToken, false);
  assertEquals(pod.securityContext.runAsNonRoot, true);
  assertEquals(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
});

Deno.test("the plan and its CA are in the ConfigMap, and the run is told where", () => {
  const ca = { path: "/etc/ca.crt", text: "-----BEGIN CERTIFICATE-----\n" };
  const [configMap, job] = documentsOf({ ...RUN, ca });
  assertEquals(configMap.data, { "plan.yaml": RUN.plan.text, "ca.crt": ca.text });
  const [{ args, env }] = job.spec.template.spec.containers;
  assertEquals(args.slice(0, 4), ["run", "/plan/plan.yaml", "--duration=30s", "--ca=/plan/ca.crt"]);
  assert(args.includes("--start-at=2026-11-28T05:03:00.000Z"));
  assertEquals(env[0], { name: "CERTLOAD_SHARDS", value: "4" });
});

Deno.test("a secret is a reference to a Secret, one that the plan can do without an optional one", () => {
  const variables = [
    { name: "CERTCTL_TOKEN", isSecret: true, isNeeded: true },
    { name: "OTHER_TOKEN", isSecret: true, isNeeded: false },
  ];
  const [, job] = documentsOf({ ...RUN, variables }, { ...OPTIONS, secret: "tokens" });
  const env = job.spec.template.spec.containers[0].env.slice(2);
  assertEquals(env, [
    {
      name: "CERTCTL_TOKEN",
      valueFrom: { secretKeyRef: { name: "tokens", key: "CERTCTL_TOKEN" } },
    },
    {
      name: "OTHER_TOKEN",
      valueFrom: { secretKeyRef: { name: "tokens", key: "OTHER_TOKEN", optional: true } },
    },
  ]);
});

Deno.test("a plan that reads what each pod is told by others has the pod's, not what it is here", () => {
  const names = ["CERTLOAD_SHARDS", "NODE_NAME", "JOB_COMPLETION_INDEX", "RATE"];
  const variables = names.map((name) => ({ name, isSecret: false, value: "7", isNeeded: false }));
  const job = documentsOf({ ...RUN, variables })[1];
  const env: { name: string; value?: string }[] = job.spec.template.spec.containers[0].env;
  assertEquals(env.map(({ name, value }) => [name, value]), [
    ["CERTLOAD_SHARDS", "4"],
    ["NODE_NAME", undefined],
    ["RATE", "7"],
  ]);
});

Deno.test("the commands that go with it stand above it", () => {
  const head = kubernetesManifest(RUN, { ...OPTIONS, namespace: "load" }).split("---\n")[0]!;
  for (
    const part of [
      'kubectl -n load create secret generic certload --from-file=CERTCTL_TOKEN=<(printf %s "$CERTCTL_TOKEN")',
      "kubectl -n load create --filename FILE",
      "--selector=batch.kubernetes.io/job-name=certload-api-tier --tail=-1 --prefix | certload merge --logs -",
      "{.status.failedIndexes}",
    ]
  ) assertStringIncludes(head, part);
  assert(head.trimEnd().split("\n").every((line) => line.startsWith("#")), head);
});

Deno.test("beyond a ConfigMap's size it is refused, with what each file takes", () => {
  const text = "x".repeat(1024 * 1024 - "plan.yaml".length);
  assertEquals(kubernetesProblems({ ...RUN, plan: { ...RUN.plan, text } }), []);
  const [problem] = kubernetesProblems({ ...RUN, plan: { ...RUN.plan, text: `${text}é` } });
  assertStringIncludes(problem!, "come to 1048578 bytes (plan.yaml 1048578)");
});

/** As the kubelet fills in arguments and values: `$(NAME)` by the variable, `$$` by one dollar sign. */
function expanded(text: string): string {
  return text.replaceAll(
    /\$\$|\$\(([A-Za-z_][\w.-]*)\)/g,
    (all) => all === "$$" ? "$" : "EXPANDED",
  );
}

Deno.test("whatever is in titles, plans, flags and values, it arrives as it is and adds nothing", () => {
  fc.assert(fc.property(hostile, hostile, hostile, hostile, (title, text, flag, value) => {
    const [base] = RUN.variables;
    const run = {
      ...RUN,
      title,
      plan: { ...RUN.plan, text },
      flags: [`--set=${flag}`],
      variables: [{ ...base!, value }],
    };
    const documents = documentsOf(run);
    assertEquals(documents.length, 2);
    assertEquals(documents.flatMap(complaints), []);
    const [configMap, job] = documents;
    const [{ args, env }] = job.spec.template.spec.containers;
    assertEquals(configMap.data["plan.yaml"], text);
    assertEquals(expanded(args[2]), `--set=${flag}`);
    assertEquals(expanded(env[2].value), value);
    const { data: _, ...rest } = configMap;
    assertEquals(rest, withoutData(documentsOf(RUN)[0]));
  }));
});

function withoutData({ data: _, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest;
}
