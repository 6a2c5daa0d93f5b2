import { acmeUnauthenticated } from "../../src/flows/acme_unauthenticated.ts";
import type { Failure } from "../../src/http/failure.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { createFlow, fetchClient, TestIteration, withServer } from "../acme/harness.ts";

type Answers = Record<string, (request: Request, origin: string) => Response>;

const problem = (status: number, type: string): Response =>
  Response.json({ type: `urn:ietf:params:acme:error:${type}`, detail: "no", status }, {
    status,
    headers: { "content-type": "application/problem+json" },
  });

const directoryOf = (origin: string): Record<string, unknown> => ({
  newNonce: `${origin}/new-nonce`,
  newAccount: `${origin}/new-account`,
  newOrder: `${origin}/new-order`,
  revokeCert: `${origin}/revoke-cert`,
  keyChange: `${origin}/key-change`,
  renewalInfo: `${origin}/renewal-info`,
});

const good: Answers = {
  "/directory": (_, origin) => Response.json(directoryOf(origin)),
  "/new-nonce": () => new Response(null, { headers: { "replay-nonce": "abc" } }),
  "/renewal-info/aaaa.bbbb": () => problem(404, "malformed"),
};

async function runAgainst(
  answers: Answers,
  check: (iteration: TestIteration, failure: Failure | undefined) => void,
  options: Record<string, unknown> = {},
): Promise<void> {
  const client = fetchClient();
  await withServer(
    (request, origin) =>
      answers[new URL(request.url).pathname]?.(request, origin) ?? problem(404, "malformed"),
    async (origin) => {
      const raw = { directory: "/directory", ...options };
      const target = { baseUrl: origin, headers: {}, tls: { insecureSkipVerify: false } };
      const flow = await createFlow(acmeUnauthenticated, raw, { client, target });
      const iteration = new TestIteration(client);
      check(iteration, await flow.run(iteration));
      assertEquals(iteration.undeclared(acmeUnauthenticated), []);
    },
  );
  client.close();
}

Deno.test("acme_unauthenticated reads the directory, a nonce and renewal info, where 404 is the success", async () => {
  await runAgainst(good, (iteration, failure) => {
    assertEquals(failure, undefined);
    assertEquals(iteration.stepNames(), ["directory", "new_nonce", "renewal_info"]);
    assertEquals(iteration.steps.map(({ exchange }) => exchange.request.method), [
      "GET",
      "HEAD",
      "GET",
    ]);
  });
});

Deno.test("acme_unauthenticated takes 400 for the renewal info of a synthetic id as success", async () => {
  const answers = { ...good, "/renewal-info/aaaa.bbbb": () => problem(400, "malformed") };
  await runAgainst(answers, (_, failure) => assertEquals(failure, undefined));
});

Deno.test("acme_unauthenticated sends the plan's headers with every request", async () => {
  const seen: (string | null)[] = [];
  const answers = Object.fromEntries(
    Object.entries(good).map(([path, answer]) => [path, (request: Request, origin: string) => {
      seen.push(request.headers.get("authorization"));
      return answer(request, origin);
    }]),
  );
  await runAgainst(answers, () => assertEquals(seen, ["Bearer t", "Bearer t", "Bearer t"]), {
    headers: { authorization: "Bearer t" },
  });
});

Deno.test("acme_unauthenticated names the dashboard when the directory is HTML", async () => {
  const html = (): Response =>
    new Response("<!doctype html>", { headers: { "content-type": "text/html; charset=utf-8" } });
  await runAgainst({ "/directory": html }, (iteration, failure) => {
    assertEquals(iteration.stepNames(), ["directory"]);
    assertEquals(failure?.class, "unexpected_body");
    assertStringIncludes(failure?.message ?? "", "dashboard");
  });
});

Deno.test("acme_unauthenticated refuses a directory with an URL that is none", async () => {
  const directory = (_: Request, origin: string): Response =>
    Response.json({ ...directoryOf(origin), newNonce: "/new-nonce" });
  await runAgainst({ ...good, "/directory": directory }, (_, failure) => {
    assertEquals(failure?.class, "unexpected_body");
    assertStringIncludes(
      failure?.message ?? "",
      'newNonce is no absolute http(s) URL: "/new-nonce"',
    );
  });
});

Deno.test("acme_unauthenticated gives the problem document of an unknown profile", async () => {
  await runAgainst(
    { "/directory": () => problem(404, "userActionRequired") },
    (_, failure) => {
      assertEquals(failure?.class, "status_4xx");
      assertStringIncludes(
        failure?.message ?? "",
        "404 urn:ietf:params:acme:error:userActionRequired: no",
      );
    },
  );
});

Deno.test("acme_unauthenticated fails on a nonce answer without Replay-Nonce and still asks for renewal info", async () => {
  await runAgainst({ ...good, "/new-nonce": () => new Response(null) }, (iteration, failure) => {
    assertEquals(failure?.class, "unexpected_body");
    assertStringIncludes(failure?.message ?? "", "Replay-Nonce");
    assertEquals(iteration.stepNames(), ["directory", "new_nonce", "renewal_info"]);
  });
});

Deno.test("acme_unauthenticated fails when renewal info knows the synthetic id", async () => {
  const info = (): Response => Response.json({ suggestedWindow: {} });
  await runAgainst({ ...good, "/renewal-info/aaaa.bbbb": info }, (_, failure) => {
    assertEquals(failure?.class, "unexpected_status");
  });
});

Deno.test("acme_unauthenticated leaves out renewal info, and counts that, where the directory has none", async () => {
  const directory = (_: Request, origin: string): Response =>
    Response.json({ ...directoryOf(origin), renewalInfo: undefined });
  await runAgainst({ ...good, "/directory": directory }, (iteration, failure) => {
    assertEquals(failure, undefined);
    assertEquals(iteration.stepNames(), ["directory", "new_nonce"]);
    assertEquals(iteration.counts, { renewal_info_skipped: 1 });
  });
});

Deno.test("acme_unauthenticated classifies a 429 as rate_limited", async () => {
  const limited = (): Response => new Response("Rate limit exceeded", { status: 429 });
  await runAgainst({ "/directory": limited }, (_, failure) => {
    assertEquals(failure?.class, "rate_limited");
    assertStringIncludes(failure?.message ?? "", "429");
  });
});

Deno.test("acme_unauthenticated refuses unknown options and a directory that is no URL", () => {
  const parse = (raw: unknown): boolean => acmeUnauthenticated.options.safeParse(raw).success;
  assertEquals(parse({ directory: "https://ca.test/dir" }), true);
  assertEquals(parse({ directory: "https://ca.test/dir", renewal_id: "x" }), false);
  assertEquals(parse({ directory: "ca.test/dir" }), false);
  assertEquals(parse({}), false);
});
