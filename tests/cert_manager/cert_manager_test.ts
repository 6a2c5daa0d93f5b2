import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../assert.ts";
import { firstMissing, testWith } from "../programs.ts";
import { type StandIn, standIn } from "../stack/stand_in.ts";
import { enrol, type EnrolmentOptions, enrolmentOptions } from "./enrolment.ts";
import { makeTlsSecret } from "./make_secret.ts";
import { checkTlsSecret } from "./secret.ts";

const NAMES = ["test.example.com", "www.test.example.com"];

const available = Boolean(Deno.env.get("KIND_AVAILABLE"));
const missing = available ? firstMissing(["kind", "kubectl", "helm", "openssl"]) : undefined;
const skipped = !available
  ? " (skipped: KIND_AVAILABLE is not set)"
  : missing
  ? ` (skipped: ${missing} is not installed)`
  : "";

Deno.test({
  name: `cert-manager enrols from certctl in a kind cluster${skipped}`,
  ignore: skipped !== "",
  fn: () => enrol(enrolmentOptions((name) => Deno.env.get(name), note)),
});

/** It takes minutes. */
function note(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}
`));
}

const OPTIONS: EnrolmentOptions = {
  cluster: "certload-1",
  chart: "/src/chart",
  image: "registry.example:5000/certctl:1.2",
  loadImage: true,
  certManager: "/mirror/cert-manager.yaml",
  progress: () => {},
};

/** kind, kubectl and helm that succeed; the Secret is what a working run leaves. */
async function tools(kubectl = ""): Promise<StandIn> {
  const made = await standIn();
  await Deno.writeTextFile(`${made.folder}/secret.json`, await makeTlsSecret({ names: NAMES }));
  for (const name of ["kind", "helm", "openssl"]) await made.program(name, "");
  // The bootstrap script wants files from openssl.
  await made.program(
    "openssl",
    `while [ $# -gt 0 ]; do case "$1" in -keyout|-out) echo pem >"$2" ;; esac; shift; done`,
  );
  await made.program(
    "kubectl",
    `${kubectl}
    case "$*" in *"get secret"*) cat "$DIR/secret.json" ;; *issuer.yaml*) cp "$3" "$DIR/issuer.yaml" ;; esac`,
  );
  return made;
}

const test = testWith("sh", "cat", "cp");

test("the cluster is made, used in order, and deleted", async () => {
  await using made = await tools();
  await enrol(OPTIONS);
  const calls = (await made.calls()).filter((call) => !call.startsWith("openssl"))
    .map((call) => call.replaceAll(/(?<=[\s=])\/\S*\//g, ""));
  assertEquals(calls, [
    "kind create cluster --name certload-1 --config kind.yaml --wait 5m",
    "kind load docker-image registry.example:5000/certctl:1.2 --name certload-1",
    "kubectl apply --filename cert-manager.yaml",
    "kubectl wait --namespace cert-manager --for=condition=Available --timeout=5m deployment/cert-manager deployment/cert-manager-cainjector deployment/cert-manager-webhook",
    "kubectl create secret tls certctl-test-tls --cert=server.crt --key=server.key",
    "kubectl create configmap certctl-test-seed --from-file=seed_demo.sql=seed_demo.sql",
    "kubectl apply --filename postgres.yaml",
    "kubectl wait --for=condition=Available --timeout=3m deployment/certctl-test-postgres",
    "helm install certctl-test chart --values values.yaml --set server.image.repository=registry.example:5000/certctl,server.image.tag=1.2",
    "kubectl wait --for=condition=Available --timeout=3m deployment/certctl-test-server",
    "kubectl apply --filename issuer.yaml",
    "kubectl wait --for=condition=Ready --timeout=2m clusterissuer/certctl-test-trust",
    "kubectl apply --filename certificate.yaml",
    "kubectl wait --for=condition=Ready --timeout=3m certificate/test-com",
    "kubectl get secret test-com-tls --output json",
    "kind delete cluster --name certload-1",
  ]);
});

test("the issuer trusts the certificate that the server was given", async () => {
  await using made = await tools();
  await enrol(OPTIONS);
  const issuer = await Deno.readTextFile(`${made.folder}/issuer.yaml`);
  assertMatch(issuer, new RegExp(`caBundle: ${btoa("pem\n")}\n`));
});

test("an image that is not on this machine is not loaded", async () => {
  await using made = await tools();
  await enrol({ ...OPTIONS, loadImage: false });
  assert((await made.calls()).every((call) => !call.startsWith("kind load")));
});

test("the operator's own cluster is not touched", async () => {
  await using made = await tools(`echo "$KUBECONFIG" >>"$DIR/kubeconfigs"`);
  await enrol(OPTIONS);
  const used = (await Deno.readTextFile(`${made.folder}/kubeconfigs`)).trim().split("\n");
  assertEquals(new Set(used).size, 1);
  assertMatch(used[0]!, /certload-\w+\/kubeconfig$/);
});

test(
  "a certificate that never becomes Ready is described, and the cluster deleted",
  async () => {
    await using made = await tools(
      `case "$*" in *"wait"*"test-com"*) exit 1 ;; "describe certificate"*) echo "order is stuck" ;; esac`,
    );
    const error = await assertRejects(() => enrol(OPTIONS), Error) as Error;
    assertStringIncludes(error.message, "certificate/test-com is not Ready");
    assertStringIncludes(error.message, "order is stuck");
    assertMatch((await made.calls()).at(-1)!, /^kind delete cluster/);
  },
);

test("a Secret that is worth nothing is an error", async () => {
  await using made = await tools();
  await Deno.writeTextFile(`${made.folder}/secret.json`, `{"data":{"tls.crt":""}}`);
  const error = await assertRejects(() => enrol(OPTIONS), Error) as Error;
  assertStringIncludes(error.message, "tls.crt is missing or empty; tls.key is missing or empty");
  assertMatch((await made.calls()).at(-1)!, /^kind delete cluster/);
});

Deno.test("a complete Secret has no problems", async () => {
  assertEquals(await checkTlsSecret(await makeTlsSecret({ names: NAMES }), NAMES), []);
});

Deno.test("every fault of a Secret is told", async () => {
  const faults = await checkTlsSecret(
    await makeTlsSecret({ names: ["other.example.com"], otherKey: true, otherIssuer: true }),
    NAMES,
  );
  assertEquals(faults.length, 3);
  assertStringIncludes(faults[0]!, "for other.example.com, not for test.example.com");
  assertStringIncludes(faults[1]!, "not the key of the certificate");
  assertStringIncludes(faults[2]!, "is not signed by");
});

Deno.test("a certificate without its issuer is a fault", async () => {
  const secret = await makeTlsSecret({ names: NAMES, withoutIssuer: true });
  assertEquals(await checkTlsSecret(secret, NAMES), [
    "tls.crt holds no issuer beside the certificate",
  ]);
});

Deno.test("settings have defaults and come from the environment", () => {
  const defaults = enrolmentOptions(() => undefined, () => {});
  assertEquals(defaults.chart, "../certctl/deploy/helm/certctl");
  assertEquals(defaults.loadImage, false);
  assertStringIncludes(defaults.certManager, "/v1.15.0/cert-manager.yaml");
  const settings: Record<string, string> = {
    CERTCTL_IMAGE: "certctl:test",
    CERTCTL_SOURCE: "/src/certctl",
    CERT_MANAGER_MANIFEST: "/mirror/cm.yaml",
  };
  const own = enrolmentOptions((name) => settings[name], () => {});
  assertEquals(own.chart, "/src/certctl/deploy/helm/certctl");
  assertEquals(own.loadImage, true);
  assertEquals(own.certManager, "/mirror/cm.yaml");
});
