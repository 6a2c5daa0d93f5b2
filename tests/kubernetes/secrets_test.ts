import type { Failure } from "../../src/http/failure.ts";
import { isFailure } from "../../src/http/failure.ts";
import { judge } from "../../src/http/expectation.ts";
import type { Exchange, HttpRequest } from "../../src/http/http.ts";
import type { Sender } from "../../src/http/step.ts";
import { readStored, Secrets } from "../../src/kubernetes/secrets.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";
import { VirtualClock } from "../virtual_clock.ts";

const access = {
  server: "https://api.test:6443/k8s",
  tls: { insecureSkipVerify: false },
  namespace: "edge",
  token: "tok",
};
const base64 = (text: string): string => new TextEncoder().encode(text).toBase64();
const secret = {
  metadata: { name: "web", resourceVersion: "7" },
  type: "kubernetes.io/tls",
  data: { "tls.crt": base64("CERT\n"), "tls.key": base64("the key of the Secret") },
};
const stored = { name: "web", resourceVersion: "7", type: secret.type, certificatePem: "CERT\n" };

/** Answers as it is told to, and keeps what it was asked. */
function asker(status: number, body: unknown): {
  asker: Pick<Sender, "step">;
  asked: [step: string, request: HttpRequest][];
} {
  const asked: [string, HttpRequest][] = [];
  const exchange: Exchange = exchangeOf({
    status,
    headers: { "content-type": "application/json" },
    text: typeof body === "string" ? body : JSON.stringify(body),
  });
  const step: Sender["step"] = (step, request, expect) => {
    asked.push([step, request]);
    return Promise.resolve({ exchange, failure: judge(exchange, expect) });
  };
  return { asker: { step }, asked };
}

const secrets = new Secrets(access, "edge", new VirtualClock());
const messageOf = (failure: unknown): string => {
  assert(isFailure(failure), JSON.stringify(failure));
  return (failure as Failure).message;
};

Deno.test("a Secret is applied by server-side apply, with the labels that a clean-up goes by", async () => {
  for (const status of [200, 201]) {
    const { asker: server, asked } = asker(status, secret);
    const given = { name: "web", certificatePem: "CERT\n", keyPem: "K", labels: { run: "r1" } };
    const applied = await secrets.apply(server, "apply", given);
    assert(!isFailure(applied));
    assertEquals(applied.stored, stored);
    const [[step, request]] = asked as [[string, HttpRequest]];
    assertEquals([step, request.method, request.url.href], [
      "apply",
      "PATCH",
      "https://api.test:6443/k8s/api/v1/namespaces/edge/secrets/web?fieldManager=certload&force=true",
    ]);
    assertEquals(request.headers, {
      accept: "application/json",
      "content-type": "application/apply-patch+yaml",
      authorization: "Bearer tok",
    });
    assertEquals(JSON.parse(new TextDecoder().decode(request.body)), {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: "web",
        namespace: "edge",
        labels: { "app.kubernetes.io/managed-by": "certload", run: "r1" },
      },
      type: "kubernetes.io/tls",
      data: { "tls.crt": base64("CERT\n"), "tls.key": base64("K") },
    });
  }
});

Deno.test("a Secret is read as it is stored, and of another status nothing is", async () => {
  const right = asker(200, secret);
  const read = await secrets.read(right.asker, "read", "web");
  assertEquals(!isFailure(read) && read.stored, stored);
  assertEquals(right.asked[0]![1].method, "GET");
  assertMatch(messageOf(await secrets.read(asker(201, secret).asker, "read", "web")), /got 201/);
});

Deno.test("a refusal is quoted with the server's own words, and what to do about the usual ones", async () => {
  const advice = {
    401: /credentials/,
    403: /get, list, watch/,
    404: /has to be there/,
    429: /fairness/,
  };
  for (const [status, expected] of Object.entries(advice)) {
    const { asker: server } = asker(Number(status), { kind: "Status", message: "no\nway" });
    const message = messageOf(await secrets.read(server, "read", "web"));
    assertMatch(message, new RegExp(`^${status}: "no.{1,2}way"; `));
    assertMatch(message, expected);
  }
  const other = messageOf(await secrets.read(asker(500, { message: "etcd" }).asker, "read", "web"));
  assertEquals(other, '500: "etcd"');
  assertMatch(messageOf(await secrets.read(asker(500, "<html>").asker, "read", "web")), /got 500/);
});

Deno.test("a pair is a certificate with its key, nothing where there is no such Secret, and else a complaint without the key", async () => {
  const of = (status: number, body: unknown) =>
    secrets.pair(asker(status, body).asker, "read", "web");
  const keyPem = "the key of the Secret";
  assertEquals(await of(200, secret), { name: "web", certificatePem: "CERT\n", keyPem });
  assertEquals(await of(404, { kind: "Status", message: "not found" }), undefined);
  const { "tls.key": key, "tls.crt": certificate } = secret.data;
  for (
    const data of [undefined, {}, { "tls.key": key }, { "tls.crt": certificate }, {
      "tls.crt": "",
      "tls.key": key,
    }]
  ) {
    const message = messageOf(await of(200, { ...secret, data }));
    assertMatch(message, /not a Secret with tls\.crt and tls\.key/);
    assertEquals(message.includes(key), false);
  }
  for (
    const data of [{ "tls.crt": "!", "tls.key": key }, { "tls.crt": certificate, "tls.key": "!" }]
  ) {
    assertMatch(messageOf(await of(200, { ...secret, data })), /not base64 in a Secret/);
  }
  assertMatch(messageOf(await of(403, { message: "no" })), /^403: "no"; /);
});

Deno.test("a Secret that is gone already is removed, and one that may not be is not", async () => {
  for (const status of [200, 202, 404]) {
    const { asker: server, asked } = asker(status, {});
    assertEquals(await secrets.remove(server, "remove", "web"), undefined);
    const [[, { method, url }]] = asked as [[string, HttpRequest]];
    assertEquals([method, url.pathname], ["DELETE", "/k8s/api/v1/namespaces/edge/secrets/web"]);
  }
  assertMatch(messageOf(await secrets.remove(asker(403, {}).asker, "remove", "web")), /403/);
});

Deno.test("a watch goes on from the version of the list as it is", async () => {
  const list = { metadata: { resourceVersion: "41" } };
  const { asker: server, asked } = asker(200, list);
  assertEquals(await secrets.version(server, "list", "a=b"), "41");
  const { searchParams } = asked[0]![1].url;
  assertEquals([...searchParams], [["labelSelector", "a=b"], ["limit", "1"]]);
  for (
    const body of [{}, { metadata: { resourceVersion: "" } }, { metadata: { resourceVersion: 7 } }]
  ) {
    const message = messageOf(await secrets.version(asker(200, body).asker, "list", "a"));
    assertMatch(message, /a list without a resourceVersion/);
  }
  assertEquals(isFailure(await secrets.version(asker(403, {}).asker, "list", "a")), true);
  const { url } = secrets.watchRequest("41", "a=b", 300);
  assertEquals(Object.fromEntries(url.searchParams), {
    watch: "1",
    allowWatchBookmarks: "true",
    labelSelector: "a=b",
    resourceVersion: "41",
    timeoutSeconds: "300",
  });
});

Deno.test("what is stored has a name and a version; the rest may be missing, and nothing is thrown", () => {
  const { metadata } = secret;
  assertEquals(readStored({ metadata }), {
    name: "web",
    resourceVersion: "7",
    type: "",
    certificatePem: undefined,
  });
  const spoilt = { ...secret, data: { "tls.crt": "!" } };
  assertEquals(readStored(spoilt), { ...stored, certificatePem: undefined });
  const others = [
    {},
    { metadata: { name: "web" } },
    { metadata: { resourceVersion: "7" } },
    null,
    "x",
  ];
  for (const body of others) assertEquals(readStored(body), "not a Secret: no name, or no version");
});
