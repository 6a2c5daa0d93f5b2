import { assert, assertEquals, assertMatch, assertNotEquals } from "../../assert.ts";
import { withLab } from "../harness.ts";

const LIST = "/api/v1/certificates";

Deno.test("the three refusals of a key have their texts, and come before the body is looked at", async () => {
  await withLab({}, async ({ fetch }) => {
    const cases = {
      "": "Authorization header required",
      "Basic abc": "Invalid Authorization header format, expected: Bearer <token>",
      "bearer load-test-token": "Invalid Authorization header format, expected: Bearer <token>",
      "Bearer wrong": "Invalid API key",
    };
    for (const [Authorization, error] of Object.entries(cases)) {
      const init = { method: "POST", body: "{", headers: { Authorization } };
      const response = await fetch(LIST, init);
      assertEquals(response.status, 401);
      assertEquals(response.headers.get("content-type"), "text/plain; charset=utf-8");
      assertEquals(response.headers.has("www-authenticate"), Authorization === "");
      assertEquals(await response.json(), { error });
    }
  });
});

Deno.test("every answer has a request id of its own, whatever the client sent", async () => {
  await withLab({}, async ({ fetch }) => {
    const ids: (string | null)[] = [];
    for (const path of [LIST, "/health", "/none"]) {
      const response = await fetch(path, { headers: { "X-Request-ID": "mine" } });
      ids.push(response.headers.get("x-request-id"));
      await response.body?.cancel();
    }
    assertEquals(new Set(ids).size, 3);
    for (const id of ids) assertMatch(id!, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
  });
});

Deno.test("health, readiness, version and auth info need no key", async () => {
  await withLab({}, async ({ fetch }) => {
    const read = async (path: string): Promise<unknown> =>
      await (await fetch(path, { headers: { Authorization: "" } })).json();
    assertEquals(await read("/health"), { status: "healthy" });
    assertEquals(await read("/ready"), { status: "ready", db: "reachable" });
    assertEquals(await read("/api/v1/auth/info"), { auth_type: "api-key", required: true });
    const version = await read("/api/v1/version") as Record<string, string>;
    assertMatch(version["version"]!, /^certload-lab-/);
    assertEquals(Object.keys(version).length, 5);
  });
});

Deno.test("auth check names the key", async () => {
  await withLab({}, async ({ fetch }) => {
    const check = await (await fetch("/api/v1/auth/check")).json();
    assertEquals(check, { status: "authenticated", user: "load", admin: false });
  });
});

Deno.test("the limiter answers beyond the burst, before the key is looked at", async () => {
  await withLab({ limiter: { requestsPerSecond: 0.001, burst: 3 } }, async ({ fetch }) => {
    const statuses: number[] = [];
    for (let call = 0; call < 5; call++) {
      const headers: Record<string, string> = call === 4 ? { Authorization: "Bearer x" } : {};
      const response = await fetch(LIST, { headers });
      statuses.push(response.status);
      if (call < 3) await response.body?.cancel();
      else {
        assertEquals(response.headers.get("retry-after"), "1");
        assertEquals(await response.text(), `{"error":"Rate limit exceeded"}\n`);
      }
    }
    assertEquals(statuses, [200, 200, 200, 429, 429]);
    const open = await fetch("/health");
    assertEquals(open.status, 200, "paths without a key have a limiter of their own");
    await open.body?.cancel();
  });
});

Deno.test("metrics come as JSON and as Prometheus text", async () => {
  await withLab({}, async ({ lab, fetch }) => {
    const metrics = await (await fetch("/api/v1/metrics")).json();
    assertEquals(metrics.gauge.certificate_total, 32);
    assertEquals(Object.keys(metrics), ["gauge", "counter", "uptime"]);
    const response = await fetch(lab.addresses.metrics);
    assertMatch(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    assertMatch(text, /^certctl_certificate_total 32$/m);
    assertMatch(text, /^# TYPE certctl_uptime_seconds gauge$/m);
    for (const line of text.trim().split("\n")) {
      assertMatch(line, /^(# TYPE \w+ (counter|gauge|histogram)|\w+(\{[^}]*\})? [\d.]+)$/);
    }
  });
});

Deno.test("the ACME directory needs no key, and names its own resources", async () => {
  await withLab({}, async ({ lab, fetch }) => {
    const url = lab.addresses.acme["prof-test"]!;
    const response = await fetch(url, { headers: { Authorization: "" } });
    assertMatch(response.headers.get("replay-nonce")!, /^[A-Za-z0-9_-]{43}$/);
    assertEquals(response.headers.get("cache-control"), "public, max-age=0, no-cache");
    const directory = await response.json();
    assertEquals(Object.keys(directory), [
      "newNonce",
      "newAccount",
      "newOrder",
      "revokeCert",
      "keyChange",
      "renewalInfo",
    ]);
    const base = url.replace(/\/directory$/, "");
    for (const resource of Object.values(directory)) assert(String(resource).startsWith(base));
  });
});

Deno.test("a profile that is not there is 404, and the short path 403 without a default", async () => {
  await withLab({}, async ({ fetch }) => {
    for (
      const [path, status] of [
        ["/acme/profile/none/directory", 404],
        ["/acme/directory", 403],
      ] as const
    ) {
      const response = await fetch(path);
      assertEquals(response.headers.get("content-type"), "application/problem+json");
      const problem = await response.json();
      assertEquals([response.status, problem.status], [status, status]);
      assertEquals(problem.type, "urn:ietf:params:acme:error:userActionRequired");
    }
  });
  await withLab({ acme: { defaultProfile: "prof-test" } }, async ({ lab, fetch }) => {
    const directory = await (await fetch("/acme/directory")).json();
    assertEquals(directory.newNonce, `${lab.addresses.api}/acme/new-nonce`);
  });
});

Deno.test("a new nonce is 200 for HEAD and 204 for GET, each with another nonce", async () => {
  await withLab({}, async ({ fetch }) => {
    const path = "/acme/profile/prof-test/new-nonce";
    const head = await fetch(path, { method: "HEAD" });
    const get = await fetch(path);
    assertEquals([head.status, get.status], [200, 204]);
    assertEquals(head.headers.get("cache-control"), "no-store");
    assertNotEquals(head.headers.get("replay-nonce"), get.headers.get("replay-nonce"));
  });
});

Deno.test("renewal info of a certificate that nobody knows is 404, and of what is no id 400", async () => {
  await withLab({}, async ({ fetch }) => {
    for (
      const [id, status] of [
        ["aaaa.bbbb", 404],
        ["aaaa", 400],
        ["aaaa.bbbb.cccc", 400],
        [".bbbb", 400],
        ["aaaa.b", 400],
        ["a+/a.bbbb", 400],
      ] as const
    ) {
      const response = await fetch(
        `/acme/profile/prof-test/renewal-info/${encodeURIComponent(id)}`,
      );
      const problem = await response.json();
      assertEquals([response.status, problem.status], [status, status], id);
      assertEquals(problem.type, "urn:ietf:params:acme:error:malformed");
      assertEquals(response.headers.get("replay-nonce"), null);
    }
  });
});
