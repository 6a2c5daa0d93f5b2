import fc from "fast-check";
import { identifiersOf } from "../../../src/lab/acme/identifiers.ts";
import { Problem } from "../../../src/lab/acme/problem.ts";
import { assert, assertEquals } from "../../assert.ts";
import { withLab } from "../harness.ts";
import { AcmeClient, problemOf } from "./client.ts";

Deno.test("an order shows its parts, and reads the same again", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab, "prof-challenge");
    const order = await client.newOrder("a.test", "b.test");
    const location = order.headers.get("location")!;
    assertEquals(Object.keys(order.body), [
      "status",
      "expires",
      "identifiers",
      "authorizations",
      "finalize",
    ]);
    assertEquals([order.body.authorizations.length, order.body.finalize], [
      2,
      `${location}/finalize`,
    ]);
    assertEquals((await client.post(location)).body, order.body);
    const authorization = await client.post(order.body.authorizations[0]);
    const types = authorization.body.challenges.map(({ type }: { type: string }) => type);
    assertEquals(types, ["http-01", "tls-alpn-01", "dns-01"]);
    const tokens = authorization.body.challenges.map(({ token }: { token: string }) => token);
    assertEquals([new Set(tokens).size, tokens[0].length], [1, 43]);
  });
});

Deno.test("identifiers that are none are rejected, each with a subproblem", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const identifiers = [
      { type: "dns", value: "good.test" },
      { type: "dns", value: "" },
      { type: "dns", value: "a..b" },
      { type: "dns", value: "10.0.0.1" },
      { type: "ip", value: "a.test" },
      { type: "ip", value: "2001:db8:0::1" },
      { type: "email", value: "a@a.test" },
      null,
    ];
    const reply = await client.post("/new-order", { identifiers });
    assertEquals(problemOf(reply), [400, "rejectedIdentifier"]);
    assertEquals(
      reply.body.subproblems.map((it: { identifier: unknown }) => it.identifier),
      identifiers.slice(1),
    );
    const types = reply.body.subproblems.map((it: { type: string }) => it.type.split(":").at(-1));
    const rejected = "rejectedIdentifier";
    const unsupported = "unsupportedIdentifier";
    assertEquals(types, [...Array(5).fill(rejected), unsupported, unsupported]);
  });
});

Deno.test("an order without identifiers, or with too many, is malformed", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const many = Array.from(
      { length: 101 },
      (_, number) => ({ type: "dns", value: `${number}.t` }),
    );
    for (const identifiers of [undefined, [], "a.test", many]) {
      assertEquals(problemOf(await client.post("/new-order", { identifiers })), [400, "malformed"]);
    }
  });
});

Deno.test("names are lower case, each once, and wildcards stand at the front alone", () => {
  const names = (...values: string[]): string[] =>
    identifiersOf(values.map((value) => ({ type: "dns", value })));
  assertEquals(names("A.test", "a.test", "*.b.test"), ["a.test", "*.b.test"]);
  for (const bad of ["a b", "a_b.", "-a.test", "a-.test", "x.*.test", "*", "1.2.3.4", "ä.test"]) {
    let problem: unknown;
    try {
      names(bad);
    } catch (error) {
      problem = error;
    }
    assert(problem instanceof Problem, bad);
  }
  fc.assert(fc.property(fc.array(fc.domain(), { minLength: 1, maxLength: 100 }), (domains) => {
    assertEquals(new Set(names(...domains)), new Set(domains.map((it) => it.toLowerCase())));
  }));
});

Deno.test("no identifiers make the check fail but with a problem", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    try {
      identifiersOf(value);
    } catch (error) {
      assert(error instanceof Problem, String(error));
    }
  }));
});

Deno.test("the validity that an order asks for is the certificate's", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    const notBefore = new Date(hour).toISOString();
    const notAfter = new Date(hour + 7_200_000).toISOString();
    const identifiers = [{ type: "dns", value: "a.test" }];
    const order = await client.post("/new-order", { identifiers, notBefore, notAfter });
    assertEquals([order.body.notBefore, order.body.notAfter], [notBefore, notAfter]);
    const { leaf } = await client.finish(order, ["a.test"]);
    assertEquals(leaf.notBefore.toISOString(), notBefore);
    assertEquals(leaf.notAfter.toISOString(), notAfter);
  });
});

Deno.test("a validity that cannot be met is malformed", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const identifiers = [{ type: "dns", value: "a.test" }];
    for (
      const times of [
        { notAfter: "2020-01-01T00:00:00Z" },
        { notBefore: "2050-01-02T00:00:00Z", notAfter: "2050-01-01T00:00:00Z" },
        { notAfter: "2099-01-01T00:00:00Z" },
        { notAfter: "tomorrow" },
        { notBefore: 7 },
      ]
    ) {
      const reply = await client.post("/new-order", { identifiers, ...times });
      assertEquals(problemOf(reply), [400, "malformed"], JSON.stringify(times));
    }
  });
});

Deno.test("what belongs to another account is unauthorized, and what is not there 404", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const other = await AcmeClient.register(lab);
    const { order } = await client.enroll("a.test");
    const { authorizations: [authorization], certificate, finalize } = order.body;
    const { challenges: [challenge] } = (await client.post(authorization)).body;
    const location = finalize.replace(/\/finalize$/, "");
    for (const url of [location, finalize, authorization, challenge.url, certificate]) {
      assertEquals(problemOf(await other.post(url, undefined)), [401, "unauthorized"], url);
    }
    for (const path of ["order/x", "order/x/finalize", "authz/x", "challenge/x", "cert/x"]) {
      assertEquals(problemOf(await other.post(`/${path}`)), [404, "malformed"], path);
    }
  });
});

Deno.test("a resource is not to be had under another profile", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab);
    const order = await client.newOrder("a.test");
    const elsewhere = new AcmeClient(lab, client.key, "prof-challenge");
    await elsewhere.newAccount();
    const url = order.headers.get("location")!.replace("prof-test", "prof-challenge");
    assertEquals(problemOf(await elsewhere.post(url)), [404, "malformed"]);
  });
});

Deno.test("a deactivated authorization makes its order invalid", async () => {
  await withLab({}, async (lab) => {
    const client = await AcmeClient.register(lab, "prof-challenge");
    const order = await client.newOrder("a.test");
    const [url] = order.body.authorizations;
    assertEquals(problemOf(await client.post(url, { status: "valid" })), [400, "malformed"]);
    const deactivated = await client.post(url, { status: "deactivated" });
    assertEquals([deactivated.status, deactivated.body.status], [200, "deactivated"]);
    const { body } = await client.post(order.headers.get("location")!);
    assertEquals(body.status, "invalid");
  });
});
