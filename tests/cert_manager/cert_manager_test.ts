import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../assert.ts";
import { findProgram, testWith } from "../programs.ts";
import { type StandIn, standIn } from "../stack/stand_in.ts";
import { type Cluster, type Env, openCluster, whyNoCluster } from "./cluster.ts";
import { Enrolment, type Wanted } from "./enrolment.ts";
import { makeTlsSecret } from "./make_secret.ts";

const ONE: Wanted = { name: "test-com", dnsNames: ["test.example.com", "www.test.example.com"] };
const MANY = 100;

const environment: Env = (name) => Deno.env.get(name);
const whyNot = whyNoCluster(environment, (program) => findProgram(program) === undefined);

Deno.test({
  name: `cert-manager enrols from the lab's trusting profile${
    whyNot === undefined ? "" : ` (skipped: ${whyNot})`
  }`,
  ignore: whyNot !== undefined,
  async fn(t): Promise<void> {
    await using cluster = await openCluster(environment, note);
    await using enrolment = await Enrolment.start(cluster);
    await t.step("a certificate for two names", async () => {
      const { readyMs, problems } = await enrolment.enrol([ONE]);
      assertEquals(problems, []);
      note(`Ready after ${secondsOf(readyMs[0])}`);
    });
    await t.step(`${MANY} certificates at once`, async () => {
      const wanted = Array.from({ length: MANY }, (_, n) => {
        return { name: `c-${n}`, dnsNames: [`c-${n}.example.com`] };
      });
      const { readyMs, problems } = await enrolment.enrol(wanted);
      assertEquals(problems, []);
      const [first, half, last] = [0, MANY / 2, MANY - 1].map((at) => secondsOf(readyMs[at]));
      note(`${MANY} Ready: the first after ${first}, half after ${half}, all after ${last}`);
    });
  },
});

/** It takes minutes, so it says what it does. */
function note(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

function secondsOf(ms = NaN): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

Deno.test("a cluster is taken only where that was asked for, with what it needs", () => {
  const has = (...names: string[]): Env => (name) => names.includes(name) ? "1" : undefined;
  assertMatch(whyNoCluster(has("KUBECONFIG"), () => false)!, /^neither CERT_MANAGER_AVAILABLE/);
  assertEquals(whyNoCluster(has("CERT_MANAGER_AVAILABLE"), () => false), undefined);
  assertEquals(
    whyNoCluster(has("KIND_AVAILABLE"), (program) => program === "kind"),
    "kind is not installed",
  );
  assertEquals(
    whyNoCluster(has("CERT_MANAGER_AVAILABLE"), (program) => program === "kind"),
    undefined,
  );
});

const test = testWith("sh", "cat", "cp", "sleep");

/** kind, docker and kubectl that succeed, and a Secret as a working cluster leaves it. */
async function tools(kubectl = ""): Promise<StandIn> {
  const made = await standIn();
  await Deno.writeTextFile(
    `${made.folder}/secret.json`,
    await makeTlsSecret({ names: ONE.dnsNames }),
  );
  await made.program("kind", "");
  await made.program("docker", "echo fc00::1 127.0.0.1");
  await made.program(
    "kubectl",
    `${kubectl}
case "$*" in
  *"--watch"*) echo "test-com "; echo "test-com False"; echo "other True"; echo "test-com True"; sleep 10 ;;
  *"get secret"*) cat "$DIR/secret.json" ;;
  apply*apply.json) cp "$3" "$DIR/applied-$$.json" ;;
esac`,
  );
  return made;
}

const KIND: Env = (name) => name === "KIND_AVAILABLE" ? "1" : undefined;
const PRESENT: Env = (name) => name === "CERT_MANAGER_AVAILABLE" ? "1" : undefined;
const quiet = (): void => {};

async function enrolOne(cluster: Cluster): Promise<readonly string[]> {
  await using enrolment = await Enrolment.start(cluster);
  return (await enrolment.enrol([ONE])).problems;
}

/** Without what is made up for each try, and without the watch, which is under way beside the others. */
async function callsOf(made: StandIn): Promise<string[]> {
  return (await made.calls())
    .filter((call) => /^(kind|docker|kubectl) /.test(call) && !call.includes("--watch"))
    .map((call) =>
      call.replaceAll(/certload-[0-9a-f]{8}/g, "NAME").replaceAll(/(?<=\s)\/\S*\//g, "")
    );
}

test("a cluster of kind is made, used and deleted", async () => {
  await using made = await tools();
  {
    await using cluster = await openCluster(KIND, quiet);
    assertEquals(cluster.hostAddress, "127.0.0.1");
    assertEquals(await enrolOne(cluster), []);
  }
  assertEquals(await callsOf(made), [
    "kind create cluster --name NAME --wait 5m",
    "kubectl apply --filename https://github.com/cert-manager/cert-manager/releases/download/v1.15.0/cert-manager.yaml",
    "kubectl wait --namespace cert-manager --for=condition=Available --timeout=5m deployment/cert-manager deployment/cert-manager-cainjector deployment/cert-manager-webhook",
    "docker network inspect kind --format {{range .IPAM.Config}}{{.Gateway}} {{end}}",
    "kubectl create namespace NAME",
    "kubectl apply --filename apply.json",
    "kubectl wait --for=condition=Ready --timeout=2m clusterissuer/NAME",
    "kubectl apply --filename apply.json",
    "kubectl get secret test-com-tls --namespace NAME --output json",
    "kubectl delete namespace NAME --ignore-not-found --timeout=2m",
    "kubectl delete clusterissuer NAME --ignore-not-found --timeout=2m",
    "kubectl delete secret NAME-account --namespace cert-manager --ignore-not-found --timeout=2m",
    "kind delete cluster --name NAME",
  ]);
});

test("a cluster of kind leaves the operator's own alone", async () => {
  await using made = await tools(`echo "$KUBECONFIG" >>"$DIR/kubeconfigs"`);
  {
    await using cluster = await openCluster(KIND, quiet);
    await enrolOne(cluster);
  }
  const used = (await Deno.readTextFile(`${made.folder}/kubeconfigs`)).trim().split("\n");
  assertEquals(new Set(used).size, 1);
  assertMatch(used[0]!, /certload-\w+\/kubeconfig$/);
});

test("a cluster of kind without cert-manager is deleted", async () => {
  await using made = await tools(`case "$*" in *"--for=condition=Available"*) exit 1 ;; esac`);
  await assertRejects(() => openCluster(KIND, quiet), Error, "failed with code 1");
  assertMatch((await made.calls()).at(-1)!, /^kind delete cluster/);
});

test("a cluster that is there is asked for cert-manager, and keeps nothing", async () => {
  await using made = await tools();
  {
    await using cluster = await openCluster(PRESENT, quiet);
    assertEquals(await enrolOne(cluster), []);
  }
  const calls = await callsOf(made);
  assertEquals(calls[0], "kubectl get crd certificates.cert-manager.io");
  assert(calls.every((call) => !call.startsWith("kind")));
  assertEquals(calls.filter((call) => call.startsWith("kubectl delete")).length, 3);
});

test("the issuer is the lab's, and trusts the authority that the lab has", async () => {
  await using made = await tools();
  await using cluster = await openCluster(PRESENT, quiet);
  await enrolOne(cluster);
  const applied: string[] = [];
  for await (const { name } of Deno.readDir(made.folder)) {
    if (name.startsWith("applied-")) {
      applied.push(await Deno.readTextFile(`${made.folder}/${name}`));
    }
  }
  const issuer = applied.map((text) => JSON.parse(text).items[0])
    .find(({ kind }) => kind === "ClusterIssuer");
  assertMatch(
    issuer.spec.acme.server,
    /^https:\/\/127\.0\.0\.1:\d+\/acme\/profile\/prof-test\/dir/,
  );
  assertStringIncludes(atob(issuer.spec.acme.caBundle), "-----BEGIN CERTIFICATE-----");
});

test("an issuer that does not become Ready is described, and all is deleted", async () => {
  await using made = await tools(
    `case "$*" in wait*clusterissuer*) exit 1 ;; describe*) echo "no such account" ;; esac`,
  );
  await using cluster = await openCluster(PRESENT, quiet);
  const error = await assertRejects(() => Enrolment.start(cluster), Error) as Error;
  assertMatch(error.message, /^clusterissuer\/certload-\w+ is not Ready\nno such account/);
  assertMatch((await made.calls()).at(-1)!, /^kubectl delete secret/);
});

test("certificates that never become Ready are named, with what the cluster says", async () => {
  await using made = await tools(
    `case "$*" in *--watch*) echo "test-com False"; exit 1 ;; describe*) echo "order is stuck" ;; esac`,
  );
  await using cluster = await openCluster(PRESENT, quiet);
  const error = await assertRejects(() => enrolOne(cluster), Error) as Error;
  assertMatch(error.message, /^1 of 1 are not Ready: test-com\norder is stuck/);
  assertMatch((await made.calls()).at(-1)!, /^kubectl delete secret/);
});

test("a Secret that is worth nothing is told", async () => {
  await using made = await tools();
  await Deno.writeTextFile(`${made.folder}/secret.json`, `{"data":{"tls.crt":""}}`);
  await using cluster = await openCluster(PRESENT, quiet);
  assertEquals(await enrolOne(cluster), [
    "test-com-tls: tls.crt is missing or empty",
    "test-com-tls: tls.key is missing or empty",
  ]);
});
