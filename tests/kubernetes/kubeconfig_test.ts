import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as fc from "fast-check";
import { stringify } from "yaml";
import type { AccessHost, ClusterAccess, NoAccess } from "../../src/kubernetes/access.ts";
import { clusterAccess } from "../../src/kubernetes/find_access.ts";
import { readKubeconfig } from "../../src/kubernetes/kubeconfig.ts";
import { Token } from "../../src/kubernetes/token.ts";
import { mask } from "../../src/masking/mask.ts";
import { issue } from "../http/certificates.ts";
import { VirtualClock } from "../virtual_clock.ts";

const authority = await issue({ ca: true });
const client = await issue({ names: ["admin"] });
const base64 = (text: string): string => new TextEncoder().encode(text).toBase64();

interface Parts {
  readonly cluster?: Record<string, unknown>;
  readonly user?: Record<string, unknown>;
  readonly context?: Record<string, unknown>;
  readonly current?: string;
}

function config({ cluster, user, context, current = "here" }: Parts = {}): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "elsewhere", cluster: { server: "https://192.0.2.1:6443" } },
      { name: "c", cluster: { server: "https://127.0.0.1:6443", ...cluster } },
    ],
    users: [{ name: "u", user: { token: "plain-token", ...user } }],
    contexts: [{ name: "here", context: { cluster: "c", user: "u", ...context } }],
    "current-context": current,
  });
}

function files(contents: Record<string, string>): (path: string) => string {
  return (path) => {
    const text = contents[path];
    if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return text;
  };
}

function granted(access: ClusterAccess | NoAccess): ClusterAccess {
  if ("refused" in access) throw new Error(access.refused);
  return access;
}

function refused(access: ClusterAccess | NoAccess): string {
  if ("server" in access) throw new Error(`access to ${access.server}`);
  return access.refused;
}

function read(text: string, contents: Record<string, string> = {}): ClusterAccess {
  return granted(readKubeconfig(text, "/home/me/.kube/config", files(contents)));
}

function refusal(text: string, contents: Record<string, string> = {}): string {
  return refused(readKubeconfig(text, "/home/me/.kube/config", files(contents)));
}

Deno.test("the current context says which server, which user and which namespace", () => {
  assertEquals(read(config({ context: { namespace: "edge" } })), {
    server: "https://127.0.0.1:6443",
    tls: { insecureSkipVerify: false },
    namespace: "edge",
    token: "plain-token",
  });
});

Deno.test("a context without a namespace means default, and a path of the server is kept without its slash", () => {
  const access = read(config({ cluster: { server: "https://rancher.example/k8s/clusters/c-1/" } }));
  assertEquals([access.server, access.namespace], [
    "https://rancher.example/k8s/clusters/c-1",
    "default",
  ]);
});

Deno.test("CA and client certificate come as data or as files beside the kubeconfig, and data wins", () => {
  const expected = {
    insecureSkipVerify: false,
    caPem: `${authority.certPem.trim()}\n`,
    clientCertificate: { certificatePem: client.certPem, keyPem: client.keyPem },
  };
  const asData = read(config({
    cluster: {
      "certificate-authority-data": base64(authority.certPem),
      "certificate-authority": "unread.crt",
    },
    user: {
      token: null,
      "client-certificate-data": base64(client.certPem),
      "client-key-data": base64(client.keyPem),
    },
  }));
  const asFiles = read(
    config({
      cluster: { "certificate-authority": "ca.crt" },
      user: { token: "", "client-certificate": "me.crt", "client-key": "/keys/me.key" },
    }),
    {
      "/home/me/.kube/ca.crt": authority.certPem,
      "/home/me/.kube/me.crt": client.certPem,
      "/keys/me.key": client.keyPem,
    },
  );
  for (const { tls, token } of [asData, asFiles]) {
    assertEquals(token, undefined);
    assertEquals({ ...tls, caPem: tls.caPem?.replaceAll("\r", "") }, expected);
  }
});

Deno.test("whoever names a CA wants it used: insecure-skip-tls-verify holds only without one", () => {
  const insecure = { "insecure-skip-tls-verify": true };
  assertEquals(read(config({ cluster: insecure })).tls.insecureSkipVerify, true);
  const named = { ...insecure, "certificate-authority-data": base64(authority.certPem) };
  assertEquals(read(config({ cluster: named })).tls.insecureSkipVerify, false);
});

Deno.test("a token's file wins over a token, and is told by its whole path, for it is read again", () => {
  const access = read(config({ user: { tokenFile: "sa/token" } }), {
    "/home/me/.kube/sa/token": "from-the-file\n",
  });
  assertEquals([access.token, access.tokenFile], ["from-the-file", "/home/me/.kube/sa/token"]);
});

Deno.test("what certload does not follow is refused with what to do instead", () => {
  const cases: [Parts, RegExp][] = [
    [
      { user: { exec: { command: "aws" } } },
      /user with `exec`: it starts a program.*kubectl create token/,
    ],
    [{ user: { "auth-provider": { name: "gcp" } } }, /`auth-provider`: give the user a token/],
    [{ user: { username: "me", password: "p" } }, /`username`: API servers take no passwords/],
    [{ user: { as: "root" } }, /`as`/],
    [{ cluster: { "proxy-url": "socks5://proxy" } }, /`proxy-url`: the time measured/],
    [{ cluster: { "tls-server-name": "other" } }, /`tls-server-name`/],
    [
      { cluster: { server: "http://127.0.0.1:8001" } },
      /credentials for http:\/\/127.0.0.1:8001, which is not encrypted/,
    ],
    [{ cluster: { server: "ftp://h" } }, /server "ftp:\/\/h": it must be an https:\/\/ URL/],
    [{ cluster: { server: "https://me:pw@h" } }, /must be an https/],
    [{ current: "gone" }, /names the context "gone", and has "here"/],
    [{ current: "" }, /has no current-context/],
    [{ context: { user: "other" } }, /names the user "other", and has "u"/],
    [{ user: { "client-key-data": base64("k") } }, /without `client-certificate`/],
    [{ user: { "client-certificate-data": "%%" } }, /`client-certificate-data` that is not base64/],
    [
      { user: { "client-certificate": "gone.crt" } },
      /names the file "gone.crt" as `client-certificate`: it does not exist/,
    ],
    [{ cluster: { "certificate-authority-data": base64("no PEM") } }, /no certificate can be read/],
  ];
  for (const [parts, expected] of cases) {
    const said = refusal(config(parts));
    assertMatch(said, /^The kubeconfig "\/home\/me\/\.kube\/config" /);
    assertMatch(said, expected);
  }
});

Deno.test("what is no kubeconfig is told in a sentence, whatever it is", () => {
  assertMatch(refusal("{"), /is not YAML/);
  assertMatch(refusal("[]"), /is not a kubeconfig/);
  assertMatch(refusal("clusters: 5"), /is not a kubeconfig: clusters/);
  fc.assert(fc.property(fc.string(), (text) => {
    const access = readKubeconfig(text, "k", files({}));
    return "refused" in access && access.refused.length < 700;
  }));
});

const POD = "/var/run/secrets/kubernetes.io/serviceaccount";

function pod(contents: Record<string, string>, env: AccessHost["env"]): AccessHost {
  return { readFile: files(contents), env };
}

Deno.test("in a pod: the service account's token, CA and namespace, and the server of the environment", () => {
  const account = {
    [`${POD}/token`]: "pod-token\n",
    [`${POD}/ca.crt`]: authority.certPem,
    [`${POD}/namespace`]: "jobs",
  };
  const at = (host: string): ClusterAccess => {
    const env = { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: "6443" };
    return granted(clusterAccess("", pod(account, env)));
  };
  assertEquals(at("fd00::1").server, "https://[fd00::1]:6443");
  const { server, namespace, token, tokenFile, tls } = at("10.0.0.1");
  assertEquals([server, namespace, token, tokenFile], [
    "https://10.0.0.1:6443",
    "jobs",
    "pod-token",
    `${POD}/token`,
  ]);
  assertEquals(tls.insecureSkipVerify, false);
  assertStringIncludes(tls.caPem ?? "", "BEGIN CERTIFICATE");
});

Deno.test("neither a kubeconfig nor a pod, or a pod without its account: what to give is told", () => {
  const nowhere = clusterAccess("", pod({}, {}));
  assertMatch(refused(nowhere), /give the scenario `kubeconfig: PATH`/);
  const bare = clusterAccess("", pod({}, { KUBERNETES_SERVICE_HOST: "10.0.0.1" }));
  assertMatch(
    refused(bare),
    /it does not exist; give the pod `automountServiceAccountToken: true`/,
  );
  const missing = clusterAccess("gone", pod({}, {}));
  assertEquals(missing, { refused: 'Cannot read the kubeconfig "gone": it does not exist' });
});

Deno.test("credentials are hidden from the moment at which they are read", () => {
  const text = config({
    user: {
      token: "k8s-token-to-hide-4711",
      "client-certificate-data": base64(client.certPem),
      "client-key-data": base64(client.keyPem),
    },
  });
  clusterAccess("config", pod({ config: text }, {}));
  const keyLine = client.keyPem.split("\n")[1]!;
  const said = mask(`k8s-token-to-hide-4711 ${keyLine}`);
  assert(!said.includes("4711") && !said.includes(keyLine), said);
});

Deno.test("a token's file is read again after a minute, and the old token stays where that fails", () => {
  const clock = new VirtualClock();
  let contents: string | undefined = "second";
  const access = { server: "https://h", tls: { insecureSkipVerify: false }, namespace: "n" };
  const token = new Token({ ...access, token: "first", tokenFile: "/t" }, clock, () => {
    if (contents === undefined) throw new Error("gone");
    return contents;
  });
  clock.jump(59_000_000);
  assertEquals(token.value, "first");
  clock.jump(2_000_000);
  assertEquals(token.value, "second");
  contents = undefined;
  clock.jump(61_000_000);
  assertEquals(token.value, "second");
  contents = "third";
  clock.jump(61_000_000);
  assertEquals(token.value, "third");
});

Deno.test("a namespace that would lead a path elsewhere is refused", () => {
  for (const namespace of ["..", "a/../../nodes", "A", "a\u001b[31m"]) {
    const got = readKubeconfig(config({ context: { namespace } }), "/k", files({}));
    const why = "refused" in got ? got.refused : "";
    assertStringIncludes(why, "must be a namespace");
    assert(!why.includes("\u001b"));
  }
});
