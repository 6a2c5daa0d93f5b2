import fc from "fast-check";
import { parseJws } from "../../../src/lab/acme/jws.ts";
import { Problem } from "../../../src/lab/acme/problem.ts";
import { assert, assertEquals, assertNotEquals } from "../../assert.ts";
import { withLab } from "../harness.ts";
import { AcmeClient, newKey, problemOf } from "./client.ts";

Deno.test("a nonce is good for one request", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const nonce = await client.nonce();
    const first = await client.post(client.kid!, undefined, { nonce });
    assertEquals(first.status, 200);
    const replayed = await client.post(client.kid!, undefined, { nonce });
    assertEquals(problemOf(replayed), [400, "badNonce"]);
    const fresh = replayed.headers.get("replay-nonce")!;
    assertEquals((await client.post(client.kid!, undefined, { nonce: fresh })).status, 200);
  });
});

Deno.test("of many requests with one nonce exactly one is answered", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const nonce = await client.nonce();
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => client.post(client.kid!, undefined, { nonce })),
    );
    const good = replies.filter(({ status }) => status === 200);
    assertEquals(good.length, 1);
    const nonces = replies.map(({ headers }) => headers.get("replay-nonce"));
    assertEquals(new Set(nonces).size, 20);
  });
});

Deno.test("a nonce is good in every profile, and for its time only", async () => {
  await withLab({ acme: { nonceTtlMs: 0 } }, async (lab) => {
    const client = new AcmeClient(lab, await newKey());
    assertEquals(problemOf(await client.newAccount()), [400, "badNonce"]);
  });
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const other = new AcmeClient(lab, await newKey(), "prof-challenge");
    assertEquals(
      (await client.post(client.kid!, undefined, { nonce: await other.nonce() })).status,
      200,
    );
  });
});

Deno.test("a share of good nonces can be refused", async () => {
  await withLab({ acme: { badNonceShare: 1 } }, async (lab) => {
    const client = new AcmeClient(lab, await newKey());
    assertEquals(problemOf(await client.newAccount()), [400, "badNonce"]);
  });
});

Deno.test("a nonce that is missing, empty or made up is badNonce", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    for (const nonce of [undefined, "", "x".repeat(43), 7]) {
      const reply = await client.post(client.kid!, undefined, { header: { nonce } });
      assertEquals(problemOf(reply), [400, "badNonce"]);
    }
  });
});

Deno.test("a url that is not the request's is unauthorized, and burns no nonce", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const nonce = await client.nonce();
    const url = `${client.base}/new-order`;
    const reply = await client.post(client.kid!, undefined, { nonce, header: { url } });
    assertEquals(problemOf(reply), [401, "unauthorized"]);
    assertEquals((await client.post(client.kid!, undefined, { nonce })).status, 200);
  });
});

Deno.test("a signature by another key is unauthorized, and burns the nonce", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const nonce = await client.nonce();
    const reply = await client.post(client.kid!, undefined, { nonce, key: await newKey() });
    assertEquals(problemOf(reply), [401, "unauthorized"]);
    const again = await client.post(client.kid!, undefined, { nonce });
    assertEquals(problemOf(again), [400, "badNonce"]);
  });
});

Deno.test("a payload that was changed on the way is unauthorized", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const reply = await client.post("/new-order", { identifiers: [] }, {
      tamper: (jws) => jws["payload"] = btoa(`{"identifiers":[{}]}`).replaceAll("=", ""),
    });
    assertEquals(problemOf(reply), [401, "unauthorized"]);
  });
});

Deno.test("an algorithm that is not supported is badSignatureAlgorithm, with those that are", async () => {
  await withLab({}, async (lab) => {
    const client = new AcmeClient(lab, await newKey("ES512"));
    const reply = await client.newAccount();
    assertEquals(problemOf(reply), [400, "badSignatureAlgorithm"]);
    assertEquals(reply.body.algorithms, ["ES256", "ES384", "RS256", "EdDSA"]);
    for (const alg of ["none", "HS256", 7, undefined]) {
      const jws = await client.sign(`${client.base}/new-account`, {});
      jws["protected"] = btoa(JSON.stringify({ alg })).replaceAll("=", "");
      const forged = await client.post("/new-account", {}, {
        tamper: (sent) => Object.assign(sent, jws),
      }).catch((error) => error);
      assertEquals(problemOf(forged), [400, "badSignatureAlgorithm"]);
    }
  });
});

Deno.test("exactly one of jwk and kid is wanted, and the one that fits", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const { key: { jwk }, kid } = client;
    const cases = [
      ["/new-order", { jwk }],
      ["/new-order", { kid: undefined }],
      ["/new-order", { kid: undefined, jwk }],
      ["/new-account", {}],
      ["/key-change", { kid: undefined, jwk }],
    ] as const;
    for (const [path, header] of cases) {
      const reply = await client.post(path, {}, { header });
      assertEquals(problemOf(reply), [400, "malformed"], `${path} ${Object.keys(header)}`);
    }
    assertEquals(client.kid, kid);
  });
});

Deno.test("a kid that names no account is accountDoesNotExist", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const elsewhere = client.kid!.replace("prof-test", "prof-challenge");
    for (const kid of [`${client.kid}x`, "x", 7, null, elsewhere]) {
      const reply = await client.post("/new-order", {}, { header: { kid } });
      assertEquals(problemOf(reply), [400, "accountDoesNotExist"], String(kid));
    }
  });
});

Deno.test("a key that is no public key is badPublicKey", async () => {
  await withLab({}, async (lab) => {
    const client = new AcmeClient(lab, await newKey());
    const { x, crv } = client.key.jwk;
    for (const jwk of [{}, null, "x", { kty: "oct", k: "AAAA" }, { kty: "EC", crv, x }]) {
      const reply = await client.post("/new-account", {}, { header: { jwk } });
      assertEquals(problemOf(reply), [400, "badPublicKey"], JSON.stringify(jwk));
    }
  });
});

Deno.test("a content type other than application/jose+json is 415", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const reply = await client.post(client.kid!, undefined, { contentType: "application/json" });
    assertEquals(problemOf(reply), [415, "malformed"]);
  });
});

Deno.test("a body that is no flattened JWS is malformed", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const cases: ((jws: Record<string, unknown>) => void)[] = [
      (jws) => jws["header"] = { alg: "ES256" },
      (jws) => jws["signatures"] = [],
      (jws) => delete jws["payload"],
      (jws) => jws["signature"] = 7,
      (jws) => jws["protected"] = "e30=",
      (jws) => jws["payload"] = "*",
      (jws) => jws["padding"] = "x".repeat(70_000),
    ];
    for (const tamper of cases) {
      const reply = await client.post("/new-order", {}, { tamper });
      assertEquals(problemOf(reply), [400, "malformed"], String(tamper));
      assertNotEquals(reply.headers.get("replay-nonce"), null);
    }
  });
});

Deno.test("resources are not to be got, and unknown ones are problems too", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    for (
      const [path, status] of [
        [client.kid!, 405],
        [`${client.base}/new-order`, 405],
        [`${client.base}/none`, 404],
      ] as const
    ) {
      const response = await lab.fetch(path);
      assertEquals(response.headers.get("content-type"), "application/problem+json");
      assertEquals((await response.json()).status, status);
    }
  });
});

Deno.test("every answer to a signed request has a nonce and an index", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const good = await client.post(client.kid!);
    const bad = await client.newOrder("not a name");
    for (const { headers } of [good, bad]) {
      assert(headers.has("replay-nonce"));
      assertEquals(headers.get("link"), `<${client.base}/directory>;rel="index"`);
      assertEquals(headers.get("cache-control"), "no-store");
    }
  });
});

Deno.test("no body makes the parser fail but with a problem", () => {
  const anything = fc.oneof(
    fc.uint8Array(),
    fc.json().map((text) => new TextEncoder().encode(text)),
    fc.record({ protected: fc.string(), payload: fc.string(), signature: fc.string() })
      .map((jws) => new TextEncoder().encode(JSON.stringify(jws))),
    fc.json().map((header) =>
      new TextEncoder().encode(JSON.stringify({
        protected: new TextEncoder().encode(header).toBase64({
          alphabet: "base64url",
          omitPadding: true,
        }),
        payload: "",
        signature: "",
      }))
    ),
  );
  fc.assert(fc.property(anything, (body) => {
    try {
      parseJws(body);
    } catch (error) {
      assert(error instanceof Problem, String(error));
    }
  }));
});
