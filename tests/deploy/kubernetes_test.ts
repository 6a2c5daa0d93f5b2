import { bundleOf } from "../../src/deploy/bundle.ts";
import { KubernetesInstaller } from "../../src/deploy/kubernetes.ts";
import { isFailure } from "../../src/http/failure.ts";
import { assert, assertEquals } from "../assert.ts";
import { systemClock } from "../acme/harness.ts";
import { createClient } from "../../src/http/client.ts";
import { FakeApi } from "../kubernetes/fake_api.ts";
import { testCertificate } from "../servers/certificate.ts";

const NEVER = new AbortController().signal;
const SECRET = "web-tls";

type Bundle = Exclude<ReturnType<typeof bundleOf>, string>;

async function bundle(): Promise<Bundle> {
  const { certPem, keyPem } = await testCertificate();
  const made = bundleOf(certPem, keyPem);
  assert(typeof made !== "string");
  return made;
}

async function withApi(
  test: (api: FakeApi, installer: KubernetesInstaller) => Promise<void>,
): Promise<void> {
  await using api = await FakeApi.start();
  const kubeconfig = await Deno.makeTempFile({ prefix: "certload-kubeconfig-" });
  const tls = { insecureSkipVerify: false };
  const client = await createClient({ tls, protocol: "http/1.1", maxBodyBytes: 1 });
  try {
    await Deno.writeTextFile(kubeconfig, api.kubeconfig());
    const context = { client, clock: systemClock, timeoutMs: 5_000 };
    await test(api, new KubernetesInstaller({ kubeconfig, secret: SECRET }, "web-1", context));
  } finally {
    client.close();
    await Deno.remove(kubeconfig);
  }
}

const stored = (api: FakeApi, key: "tls.crt" | "tls.key"): string | undefined => {
  const text = api.secrets.get(SECRET)?.data[key];
  return text && new TextDecoder().decode(Uint8Array.fromBase64(text));
};

Deno.test("a Secret gets certificate, chain and key, and goes afterwards where it was not there before", async () => {
  await withApi(async (api, installer) => {
    const former = await installer.former(NEVER);
    assert(former !== undefined && !isFailure(former));
    const made = await bundle();
    assertEquals(await installer.install(made, NEVER), undefined);
    assertEquals(stored(api, "tls.crt"), made.leafPem + made.chainPem);
    assertEquals(stored(api, "tls.key"), made.keyPem);
    assertEquals(await former.restore(NEVER), undefined);
    assertEquals(api.secrets.size, 0);
  });
});

Deno.test("a Secret that was there has its own certificate and key again afterwards", async () => {
  await withApi(async (api, installer) => {
    const [own, other] = [await bundle(), await bundle()];
    await installer.install(own, NEVER);
    const former = await installer.former(NEVER);
    assert(former !== undefined && !isFailure(former));
    await installer.install(other, NEVER);
    assertEquals(stored(api, "tls.key"), other.keyPem);
    assertEquals(await former.restore(NEVER), undefined);
    assertEquals(stored(api, "tls.crt"), own.leafPem);
    assertEquals(stored(api, "tls.key"), own.keyPem);
  });
});

Deno.test("a server that says all is well and keeps what it had has not installed it", async () => {
  await withApi(async (api, installer) => {
    await installer.install(await bundle(), NEVER);
    api.faults.keepsOld = true;
    const failure = await installer.install(await bundle(), NEVER);
    assertEquals(failure?.class, "client");
    assert(failure!.message.includes("read back"), failure!.message);
  });
});

Deno.test("what the API server refuses is told with the target's name", async () => {
  await withApi(async (api, installer) => {
    api.faults.refuse = { method: "PATCH", status: 403, message: "forbidden: no patch" };
    const failure = await installer.install(await bundle(), NEVER);
    assert(failure!.message.includes("web-1") && failure!.message.includes("no patch"));
  });
});
