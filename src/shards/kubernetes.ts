/**
 * An Indexed Job of Kubernetes: nothing is installed in the cluster. `backoffLimitPerIndex: 0` with `maxFailedIndexes`
 * keeps the pods and the logs of all others when one fails; a podFailurePolicy that fails the Job would delete them.
 */
export { NAMESPACE, SECRET_NAME as OBJECT_NAME } from "../kubernetes/names.ts";
import { formatDocument } from "../plan/document.ts";
import { quoted } from "../terminal.ts";
import { COUNT_VARIABLE, runArguments } from "./delivery.ts";
import { comment } from "./shell.ts";
import { neededSecrets, type SharedRun } from "./shared_run.ts";
import type { PlanVariable } from "./variables.ts";

export interface KubernetesOptions {
  /** Of Job and ConfigMap; at most 52 characters, as `-9999` comes behind it in a pod's host name. */
  readonly name: string;
  /** undefined: the context's. */
  readonly namespace?: string;
  readonly image: string;
  /** Whole ones, so that a node can give a pod cores of its own. */
  readonly cpus: number;
  /** As Kubernetes counts: `512Mi`. */
  readonly memory: string;
  /** The Secret with the variables that are secret, each under its own name. */
  readonly secret: string;
  /** Of a plan that uses the pod's own access to the cluster. */
  readonly serviceAccount?: string;
  readonly startAt: Date;
  /** When the text is made. */
  readonly now: Date;
}

/** Of all that a ConfigMap holds, keys included: the API server's. */
const MOST_BYTES = 1024 * 1024;
const FOLDER = "/plan";
const PLAN_KEY = "plan.yaml";
const CA_KEY = "ca.crt";
/** What each pod is told by others, whatever it is here: a plan that reads them has the pod's. */
const OF_THE_POD: ReadonlySet<string> = new Set([
  COUNT_VARIABLE,
  "NODE_NAME",
  "JOB_COMPLETION_INDEX",
]);
/** Distroless's `nonroot`. */
const USER = 65532;
/** For images to be pulled and for summaries to be written. */
const MARGIN_S = 300;

/** Why it cannot be; all reasons. */
export function kubernetesProblems(run: SharedRun): string[] {
  const bytes = Object.entries(dataOf(run)).map(([key, text]) => byteLength(key + text));
  const total = bytes.reduce((sum, each) => sum + each, 0);
  if (total <= MOST_BYTES) return [];
  const parts = Object.keys(dataOf(run)).map((key, at) => `${key} ${bytes[at]}`).join(", ");
  return [
    `the plan and what it reads come to ${total} bytes (${parts}), and a ConfigMap holds ${MOST_BYTES}: ` +
    "make them smaller, or put them into an image of your own",
  ];
}

/** Two documents of YAML, ConfigMap and Job, below the commands that go with them. */
export function kubernetesManifest(run: SharedRun, options: KubernetesOptions): string {
  const head = kubernetesSteps(run, options).map((line) => line === "" ? "#" : comment(line));
  const documents = [configMap(run, options), job(run, options)].map(formatDocument);
  return `${head.join("\n")}\n---\n${documents.join("---\n")}`;
}

/** What is to be done with it, a line each. */
export function kubernetesSteps(run: SharedRun, options: KubernetesOptions): string[] {
  const { name, namespace, secret, startAt } = options;
  const kubectl = ["kubectl", ...(namespace === undefined ? [] : ["-n", namespace])].join(" ");
  const literals = neededSecrets(run).map((each) => `--from-file=${each}=<(printf %s "$${each}")`);
  const label = `--selector=batch.kubernetes.io/job-name=${name}`;
  return [
    `${
      quoted(run.title, 80)
    } on ${run.count} machines at ${startAt.toISOString()}. Whoever is not ready then sends`,
    "nothing and ends with 94, so what is created too late sends nothing at all: print it anew.",
    "",
    ...(literals.length === 0 ? [] : [
      `the secrets, once:  ${kubectl} create secret generic ${secret} ${literals.join(" ")}`,
    ]),
    `start:              ${kubectl} create --filename FILE`,
    `wait for the end:   until ${kubectl} get job ${name} --output='jsonpath={.status.conditions[*].type}' | grep -Eqw 'Complete|Failed'; do sleep 2; done`,
    `merge and judge:    ${kubectl} logs ${label} --tail=-1 --prefix | certload merge --logs -`,
    `who failed, from 0: ${kubectl} get job ${name} --output='jsonpath={.status.failedIndexes}'`,
    `take away:          ${kubectl} delete job/${name} configmap/${name}`,
  ];
}

function dataOf({ plan, ca }: SharedRun): Record<string, string> {
  return { [PLAN_KEY]: plan.text, ...(ca && { [CA_KEY]: ca.text }) };
}

function configMap(run: SharedRun, options: KubernetesOptions): unknown {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata(options),
    immutable: true,
    data: dataOf(run),
  };
}

const LABELS = { "app.kubernetes.io/name": "certload" };

function metadata({ name, namespace }: KubernetesOptions): Record<string, unknown> {
  return { name, ...(namespace && { namespace }), labels: { ...LABELS } };
}

function job(run: SharedRun, options: KubernetesOptions): unknown {
  const { count } = run;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: metadata(options),
    spec: {
      completionMode: "Indexed",
      completions: count,
      parallelism: count,
      backoffLimitPerIndex: 0,
      maxFailedIndexes: count,
      activeDeadlineSeconds: deadlineS(run, options),
      template: { metadata: { labels: { ...LABELS } }, spec: podSpec(run, options) },
    },
  };
}

/** From the Job's own start, which is before the instant, to the end of the load, and some. */
function deadlineS({ lengthMs }: SharedRun, { startAt, now }: KubernetesOptions): number {
  const waitMs = Math.max(0, startAt.getTime() - now.getTime());
  return Math.ceil((waitMs + lengthMs) / 1000) + MARGIN_S;
}

function podSpec(run: SharedRun, options: KubernetesOptions): unknown {
  const { name, serviceAccount } = options;
  return {
    restartPolicy: "Never",
    ...(serviceAccount && { serviceAccountName: serviceAccount }),
    automountServiceAccountToken: serviceAccount !== undefined,
    enableServiceLinks: false,
    // Time for what is under way to be answered, and for the summary, when it is asked to end.
    terminationGracePeriodSeconds: 60,
    topologySpreadConstraints: [{
      maxSkew: 1,
      topologyKey: "kubernetes.io/hostname",
      whenUnsatisfiable: "ScheduleAnyway",
      labelSelector: { matchLabels: { "batch.kubernetes.io/job-name": name } },
    }],
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [container(run, options)],
    volumes: [
      { name: "plan", configMap: { name } },
      { name: "work", emptyDir: { sizeLimit: "256Mi" } },
    ],
  };
}

function container(run: SharedRun, options: KubernetesOptions): unknown {
  const ca = run.ca && `${FOLDER}/${CA_KEY}`;
  const { image, cpus, memory, startAt } = options;
  const resources = { cpu: String(cpus), memory };
  return {
    name: "certload",
    image,
    imagePullPolicy: "IfNotPresent",
    args: [
      ...runArguments(run, `${FOLDER}/${PLAN_KEY}`, ca).map(verbatim),
      `--start-at=${startAt.toISOString()}`,
      "--to-log",
    ],
    env: [
      { name: COUNT_VARIABLE, value: String(run.count) },
      { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      ...run.variables.filter(({ name }) => !OF_THE_POD.has(name))
        .map((variable) => environmentOf(variable, options)),
    ],
    // The root is read-only; results and temporary files go here.
    workingDir: "/work",
    resources: { requests: resources, limits: { ...resources } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [
      { name: "plan", mountPath: FOLDER, readOnly: true },
      { name: "work", mountPath: "/work" },
    ],
  };
}

/** A secret is referred to: neither its value nor a part of it is ever in the text. */
function environmentOf(
  { name, isSecret, isNeeded, value = "" }: PlanVariable,
  { secret }: KubernetesOptions,
): unknown {
  if (!isSecret) return { name, value: verbatim(value) };
  const reference = { name: secret, key: name, ...(isNeeded ? {} : { optional: true }) };
  return { name, valueFrom: { secretKeyRef: reference } };
}

/** In arguments and values, `$(NAME)` is filled in, and `$$` is one dollar sign. */
function verbatim(text: string): string {
  return text.replaceAll("$", () => "$$");
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
