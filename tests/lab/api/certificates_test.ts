import { assert, assertEquals, assertMatch } from "../../assert.ts";
import {
  ask,
  certificateRequest,
  certificateSigningRequest,
  type LabClient,
  withLab,
} from "../harness.ts";

const CERTIFICATES = "/api/v1/certificates";

async function create(client: LabClient, name: string): Promise<Record<string, unknown>> {
  const response = await client.post(CERTIFICATES, certificateRequest(name));
  assertEquals(response.status, 201);
  return await response.json();
}

async function failureOf(response: Response): Promise<[number, string]> {
  const body = await response.json();
  assertEquals(body.request_id, response.headers.get("x-request-id"));
  assertEquals(Object.keys(body), ["error", "message", "request_id"]);
  return [response.status, body.message];
}

Deno.test("a created certificate is answered with 201 and the whole object", async () => {
  await withLab({}, async (client) => {
    const { id, created_at, updated_at, ...rest } = await create(client, "a.test");
    assertMatch(id as string, /^cert-\d{19}-\d+$/);
    assertEquals(created_at, updated_at);
    assertEquals(rest, {
      name: "a.test",
      common_name: "a.test",
      sans: ["a.test"],
      environment: "production",
      owner_id: "o-alice",
      team_id: "t-platform",
      issuer_id: "iss-local",
      target_ids: null,
      renewal_policy_id: "rp-standard",
      status: "Pending",
      expires_at: "2099-01-01T00:00:00Z",
      tags: {},
    });
  });
});

Deno.test("a certificate without expires_at expires in the year one", async () => {
  await withLab({}, async ({ post }) => {
    const { expires_at: _, ...request } = certificateRequest("a.test");
    const created = await (await post(CERTIFICATES, request)).json();
    assertEquals(created.expires_at, "0001-01-01T00:00:00Z");
  });
});

Deno.test("required fields are asked for in certctl's order", async () => {
  await withLab({}, async ({ post }) => {
    const request: Record<string, unknown> = {};
    const order = [
      "common_name",
      "owner_id",
      "team_id",
      "issuer_id",
      "name",
      "renewal_policy_id",
    ];
    for (const field of order) {
      const [status, message] = await failureOf(await post(CERTIFICATES, request));
      assertEquals([status, message], [400, `${field} is required`]);
      request[field] = certificateRequest("a.test")[field];
    }
  });
});

Deno.test("a common name that is none is refused before the other fields are asked for", async () => {
  await withLab({}, async ({ post }) => {
    const cases = {
      "a..test": "invalid hostname format: hostname has empty label",
      "-a.test": "invalid hostname format: hostname labels cannot start or end with hyphen",
      "a b.test": "invalid hostname format: hostname contains invalid character:  ",
      ["a".repeat(254)]: "common_name must be 253 characters or fewer",
    };
    for (const [name, expected] of Object.entries(cases)) {
      const [status, message] = await failureOf(await post(CERTIFICATES, { common_name: name }));
      assertEquals([status, message], [400, expected]);
    }
    for (const name of ["127.0.0.1", "::1", "*.a.test", "a@b.test", "under_score"]) {
      const [, message] = await failureOf(await post(CERTIFICATES, { common_name: name }));
      assertEquals(message, "owner_id is required", name);
    }
  });
});

Deno.test("what is no certificate in JSON is an invalid request body", async () => {
  await withLab({}, async ({ fetch }) => {
    for (const body of ["", "{", "[]", `"a"`, `{"sans":"a"}`, `{"expires_at":"soon"}`]) {
      const response = await fetch(CERTIFICATES, { method: "POST", body });
      assertEquals(await failureOf(response), [400, "Invalid request body"], body);
    }
  });
});

Deno.test("a body beyond 1 MiB is an invalid request body", async () => {
  await withLab({}, async ({ post }) => {
    const response = await post(CERTIFICATES, {
      ...certificateRequest("a.test"),
      environment: "a".repeat(1024 * 1024),
    });
    assertEquals(await failureOf(response), [400, "Invalid request body"]);
  });
});

Deno.test("a name that is taken, and a row that is missing, are 500", async () => {
  await withLab({}, async (client) => {
    await create(client, "a.test");
    const bodies = [
      certificateRequest("a.test"),
      { ...certificateRequest("b.test"), owner_id: "o-nobody" },
      { ...certificateRequest("b.test"), certificate_profile_id: "prof-none" },
    ];
    for (const body of bodies) {
      const failure = await failureOf(await client.post(CERTIFICATES, body));
      assertEquals(failure, [500, "Failed to create certificate"]);
    }
  });
});

Deno.test("without the demo rows every create is 500", async () => {
  await withLab({ demo: false }, async ({ post }) => {
    const failure = await failureOf(await post(CERTIFICATES, certificateRequest("a.test")));
    assertEquals(failure, [500, "Failed to create certificate"]);
  });
});

Deno.test("the list is oldest first, in pages of 50", async () => {
  await withLab({}, async (client) => {
    for (let number = 1; number <= 20; number++) await create(client, `${number}.test`);
    const first = await (await client.fetch(CERTIFICATES)).json();
    assertEquals([first.data.length, first.total, first.page, first.per_page], [50, 52, 1, 50]);
    assertEquals(first.data[0].id, "mc-demo-1");
    const second = await (await client.fetch(`${CERTIFICATES}?page=2`)).json();
    assertEquals(second.data.map((it: { name: string }) => it.name), ["19.test", "20.test"]);
  });
});

Deno.test("a page size out of range is 50, and a page beyond the end is empty", async () => {
  await withLab({}, async ({ fetch }) => {
    for (
      const [query, length, perPage] of [
        ["per_page=501", 32, 50],
        ["per_page=zero", 32, 50],
        ["per_page=500", 32, 500],
        ["per_page=3", 3, 3],
        ["page=9", 0, 50],
      ] as const
    ) {
      const list = await (await fetch(`${CERTIFICATES}?${query}`)).json();
      assertEquals([list.data.length, list.per_page, list.total], [length, perPage, 32], query);
    }
  });
});

Deno.test("the list is filtered, sorted and cut to fields as asked", async () => {
  await withLab({}, async (client) => {
    await create(client, "a.test");
    const query = "status=Pending&expires_after=2098-01-01T00:00:00Z&fields=id,name";
    const list = await (await client.fetch(`${CERTIFICATES}?${query}`)).json();
    assertEquals([list.total, Object.keys(list.data[0])], [1, ["id", "name"]]);
    const latest = await (await client.fetch(`${CERTIFICATES}?sort=-createdAt&per_page=1`)).json();
    assertEquals(latest.data[0].name, "a.test");
    const none = await (await client.fetch(`${CERTIFICATES}?issuer_id=iss-none`)).json();
    assertEquals([none.total, none.data], [0, []]);
  });
});

Deno.test("a certificate is read, changed and archived", async () => {
  await withLab({}, async (client) => {
    const { id } = await create(client, "a.test");
    const path = `${CERTIFICATES}/${id}`;
    const body = JSON.stringify({ environment: "staging", status: "" });
    const changed = await (await client.fetch(path, { method: "PUT", body })).json();
    assertEquals([changed.environment, changed.status], ["staging", "Pending"]);
    assertEquals((await (await client.fetch(path)).json()).environment, "staging");
    assertEquals((await client.fetch(path, { method: "DELETE" })).status, 204);
    assertEquals((await (await client.fetch(path)).json()).status, "Archived");
    const missing = await client.fetch(`${CERTIFICATES}/none`);
    assertEquals(await failureOf(missing), [404, "Certificate not found"]);
  });
});

Deno.test("renewing makes a job, and is refused while it goes on unless forced", async () => {
  await withLab({}, async (client) => {
    const { id } = await create(client, "a.test");
    const renew = (query = ""): Promise<Response> =>
      client.fetch(`${CERTIFICATES}/${id}/renew${query}`, { method: "POST" });
    const first = await renew();
    assertEquals([first.status, await first.json()], [202, { status: "renewal_triggered" }]);
    assertEquals(await failureOf(await renew()), [409, "certificate renewal already in progress"]);
    const forced = await renew("?force=true");
    assertEquals(forced.status, 202);
    await forced.body?.cancel();
    const jobs = await (await client.fetch("/api/v1/jobs?status=AwaitingCSR")).json();
    assertEquals([jobs.total, jobs.data[0].type, jobs.data[0].certificate_id], [2, "Renewal", id]);
    const none = await (await client.fetch("/api/v1/jobs?status=Failed")).json();
    assertEquals([none.total, none.data], [0, null]);
  });
});

Deno.test("a certificate that was never issued has no versions and cannot be revoked", async () => {
  await withLab({}, async (client) => {
    const { id } = await create(client, "a.test");
    const versions = await (await client.fetch(`${CERTIFICATES}/${id}/versions`)).json();
    assertEquals(versions, { data: null, total: 0, page: 1, per_page: 50 });
    const revoke = await client.post(`${CERTIFICATES}/${id}/revoke`, {});
    assertEquals(await failureOf(revoke), [404, "Certificate not found"]);
  });
});

Deno.test("teams and owners can be made, and referred to", async () => {
  await withLab({ demo: false }, async ({ post }) => {
    for (
      const [path, body] of [
        ["/api/v1/teams", { id: "t-lt", name: "lt" }],
        ["/api/v1/owners", { id: "o-lt", name: "lt", email: "a@b.c", team_id: "t-lt" }],
      ] as const
    ) {
      const response = await post(path, body);
      assertEquals([response.status, (await response.json()).id], [201, body.id]);
    }
    const response = await post(CERTIFICATES, {
      ...certificateRequest("a.test"),
      owner_id: "o-lt",
      team_id: "t-lt",
      renewal_policy_id: "rp-default",
    });
    assertEquals(response.status, 201);
    await response.body?.cancel();
  });
});

Deno.test("a client's own id, status and times are stored", async () => {
  await withLab({}, async ({ post }) => {
    const own = { id: "mine", status: "Active", created_at: "2020-01-01T00:00:00Z" };
    const response = await post(CERTIFICATES, { ...certificateRequest("a.test"), ...own });
    const created = await response.json();
    assertEquals([created.id, created.status, created.created_at], Object.values(own));
  });
});

Deno.test("a method that a path does not have is 405, and an unknown path 404", async () => {
  await withLab({}, async ({ fetch }) => {
    const wrong = await fetch(CERTIFICATES, { method: "PATCH" });
    assertEquals([wrong.status, wrong.headers.get("allow")], [405, "GET, POST"]);
    await wrong.body?.cancel();
    const unknown = await fetch("/api/v1/none");
    assertEquals([unknown.status, await unknown.text()], [404, "404 page not found\n"]);
    assert(unknown.headers.get("content-type")?.startsWith("text/plain"));
  });
});

/** With these fields, as a client may give them. */
async function createAs(client: LabClient, fields: Record<string, unknown>): Promise<string> {
  const { id } = (await ask(client, `POST ${CERTIFICATES}`, {
    ...certificateRequest(crypto.randomUUID()),
    ...fields,
  })).body;
  return id;
}

/** Issued by an agent's request. */
async function createIssued(client: LabClient, name: string): Promise<string> {
  const { id } = await create(client, name);
  const { body: agent } = await ask(client, "POST /api/v1/agents", { name, hostname: "h" });
  const csr_pem = await certificateSigningRequest(name);
  await ask(client, `POST /api/v1/agents/${agent.id}/csr`, { csr_pem, certificate_id: id });
  return id as string;
}

Deno.test("what is archived or expired is not renewed, and a renewal is forced by the body too", async () => {
  await withLab({}, async (client) => {
    const renew = (id: string, init: RequestInit = {}, query = ""): Promise<Response> =>
      client.fetch(`${CERTIFICATES}/${id}/renew${query}`, { method: "POST", ...init });
    for (
      const [status, message] of [
        ["Archived", "cannot renew archived certificate"],
        ["Expired", "cannot renew expired certificate; reissue instead"],
      ] as const
    ) {
      assertEquals(await failureOf(await renew(await createAs(client, { status }))), [
        400,
        message,
      ]);
    }
    assertEquals(await failureOf(await renew("none")), [404, "Certificate not found"]);
    const id = await createAs(client, { status: "RenewalInProgress" });
    const refused = [409, "certificate renewal already in progress"] as const;
    const json = { "content-type": "application/json" };
    const text = { "content-type": "text/plain" };
    for (const body of ["", "{}", '{"force":false}', '{"force":"true"}']) {
      assertEquals(await failureOf(await renew(id, { headers: json, body })), [...refused], body);
    }
    const forced = '{"force":true}';
    assertEquals(await failureOf(await renew(id, { headers: text, body: forced })), [...refused]);
    assertEquals(await failureOf(await renew(id, {}, "?force=yes")), [...refused]);
    for (
      const done of [
        await renew(id, {}, "?force=1"),
        await renew(id, { headers: json, body: forced }),
      ]
    ) {
      assertEquals([done.status, await done.json()], [202, { status: "renewal_triggered" }]);
    }
  });
});

Deno.test("what was issued is revoked once, for a reason that there is", async () => {
  await withLab({}, async (client) => {
    const id = await createIssued(client, "a.test");
    const revoke = (id: string, body?: string, type = "application/json"): Promise<Response> =>
      client.fetch(`${CERTIFICATES}/${id}/revoke`, {
        method: "POST",
        headers: { "content-type": type },
        body: body ?? null,
      });
    assertEquals(await failureOf(await revoke(id, "{")), [400, "Invalid request body"]);
    const bored = await revoke(id, '{"reason":"boredom"}');
    assertEquals(await failureOf(bored), [400, "invalid revocation reason: boredom"]);
    assertEquals(await failureOf(await revoke("none", "{}")), [404, "Certificate not found"]);
    const done = await revoke(id, '{"reason":"superseded"}');
    assertEquals([done.status, await done.json()], [200, { status: "revoked" }]);
    const { status, revoked_at, revocation_reason } = (await ask(
      client,
      `GET ${CERTIFICATES}/${id}`,
    )).body;
    assertEquals([status, revocation_reason], ["Revoked", "superseded"]);
    assert(Math.abs(Date.parse(revoked_at) - Date.now()) < 3_600_000);
    assertEquals(await failureOf(await revoke(id, "{}")), [
      400,
      "certificate is already revoked",
    ]);
    const archived = await createAs(client, { status: "Archived" });
    assertEquals(await failureOf(await revoke(archived, "{}")), [
      400,
      "cannot revoke archived certificate",
    ]);
  });
});

Deno.test("a revocation without a reason, or one that is no text or not told as JSON, is unspecified", async () => {
  await withLab({}, async (client) => {
    const reasons = [
      ["{}", "application/json"],
      ['{"reason":""}', "application/json"],
      ['{"reason":7}', "application/json"],
      ['{"reason":"superseded"}', "text/plain"],
    ] as const;
    for (const [n, [body, type]] of reasons.entries()) {
      const id = await createIssued(client, `${n}.test`);
      const path = `${CERTIFICATES}/${id}`;
      const headers = { "content-type": type };
      const done = await client.fetch(`${path}/revoke`, { method: "POST", headers, body });
      await done.body?.cancel();
      const { revocation_reason } = (await ask(client, `GET ${path}`)).body;
      assertEquals([done.status, revocation_reason], [200, "unspecified"], body);
    }
  });
});

Deno.test("a change that is none, that names another's name, or that is of nothing is refused", async () => {
  await withLab({}, async (client) => {
    const { id } = await create(client, "a.test");
    await create(client, "b.test");
    const put = async (id: unknown, body: string): Promise<[number, string]> =>
      await failureOf(await client.fetch(`${CERTIFICATES}/${id}`, { method: "PUT", body }));
    assertEquals(await put(id, "{"), [400, "Invalid request body"]);
    const name = "invalid hostname format: hostname has empty label";
    assertEquals(await put(id, '{"common_name":"a..test"}'), [400, name]);
    assertEquals(await put("none", "{}"), [404, "Certificate not found"]);
    assertEquals(await put(id, '{"owner_id":"o-nobody"}'), [500, "Failed to update certificate"]);
    const archived = await client.fetch(`${CERTIFICATES}/none`, { method: "DELETE" });
    assertEquals(await failureOf(archived), [404, "Certificate not found"]);
  });
});
