import { AcmeClient, httpUrl } from "../../src/acme/client.ts";
import { POST_AS_GET } from "../../src/acme/jws.ts";
import { generateKey } from "../../src/keys/keys.ts";
import { type Failure, isFailure } from "../../src/http/failure.ts";
import { unmeasured } from "../../src/http/step.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { problem } from "./fake_acme.ts";
import { contextFor, fetchClient, withServer } from "./harness.ts";
import { withClient } from "./with_client.ts";

const heads = (log: readonly string[]): number =>
  log.filter((line) => line === "HEAD /new-nonce").length;

Deno.test("the directory's nonce is the first, and so many more are fetched as are wanted", async () => {
  await withClient(async ({ client, iteration, log }) => {
    assertEquals([client.nonces.size, heads(log)], [1, 0]);
    assertEquals(await client.fillNonces(iteration, 3), undefined);
    assertEquals([client.nonces.size, heads(log)], [3, 2]);
    await client.fillNonces(iteration, 3);
    assertEquals([heads(log), iteration.stepNames()], [2, ["new_nonce", "new_nonce"]]);
  });
});

Deno.test("filling the store ends at a server that has no other nonce, or none", async () => {
  for (
    const [nonce, failed] of [["always-the-same", undefined], [
      undefined,
      "unexpected_body",
    ]] as const
  ) {
    await withClient(async ({ client, iteration, log }) => {
      client.nonces.take();
      const failure = await client.fillNonces(iteration, 16);
      assertEquals([failure?.class, heads(log)], [failed, failed === undefined ? 2 : 1]);
      if (failure === undefined) return;
      assertEquals(
        failure.message,
        "The answer to HEAD /new-nonce has no usable Replay-Nonce header (RFC 8555 section 7.2)",
      );
    }, {
      bend: (path, right) => {
        if (path !== "/new-nonce") return right;
        const headers = { "x-no-nonce": "1", ...(nonce && { "replay-nonce": nonce }) };
        return new Response(null, { status: 204, headers });
      },
    });
  }
});

Deno.test("a nonce that was seen before or is malformed is not signed with, and is told", async () => {
  await withClient(async ({ client, iteration }) => {
    client.nonces.take();
    const ask = async () =>
      await client.read(iteration, {
        step: "order",
        signer: { key: await generateKey("ES256") },
        url: client.directory.newOrder!,
        read: () => 1,
      });
    const failure = await ask();
    assert(isFailure(failure));
    assertEquals(failure.class, "unexpected_body");
    assertStringIncludes(failure.message, 'it is "no nonce!", malformed or seen before');
    assertEquals(iteration.stepNames(), ["new_nonce"]);
  }, {
    bend: (path, right) =>
      path === "/new-nonce"
        ? new Response(null, { headers: { "x-no-nonce": "1", "replay-nonce": "no nonce!" } })
        : right,
  });
});

Deno.test("what signing takes is observed, and a request says who asks and what it carries", async () => {
  const seen: (string | undefined)[][] = [];
  await withClient(async ({ client, iteration }) => {
    const startedMs = performance.now();
    const call = { step: "x", url: client.directory.newOrder!, payload: POST_AS_GET };
    const signer = { key: await generateKey("ES256") };
    const answered = await client.post(iteration, {
      ...call,
      signer,
      statuses: [500],
      read: ({ status }) => status,
    });
    assertEquals(isFailure(answered) ? answered : answered.value, 500);
    const tookUs = (performance.now() - startedMs) * 1000;
    const [{ name, durationUs } = { name: "", durationUs: -1 }] = iteration.observed;
    assertEquals(name, "signing");
    assert(durationUs >= 0 && durationUs <= tookUs, `${durationUs} of ${tookUs}`);
    const { method, headers } = iteration.steps[0]!.exchange.request;
    seen.push([method, headers["user-agent"], headers["content-type"]]);
  });
  assertEquals(seen, [["POST", "certload", "application/jose+json"]]);
});

async function opened(url: URL): Promise<AcmeClient | Failure> {
  const http = fetchClient();
  const context = contextFor(http);
  const client = await AcmeClient.open(unmeasured(context), {
    url,
    headers: {},
    clock: context.clock,
  });
  http.close();
  return client;
}

Deno.test("a directory that is refused for want of authorization has advice of its own", async () => {
  await withServer(() => problem(401, "unauthorized"), async (origin) => {
    const failure = await opened(new URL("/dir", origin));
    assert(isFailure(failure));
    assertEquals(failure.class, "status_4xx");
    assertStringIncludes(failure.message, `There is no ACME directory at ${origin}/dir: GET /dir`);
    assertStringIncludes(failure.message, "The server wants authorization");
    assertEquals(failure.message.includes("Check the URL"), false);
  });
});

Deno.test("a directory of another kind of body is none, and a server that is away says no more than that", async () => {
  await withServer(() => Response.json({}), async (origin) => {
    const failure = await opened(new URL("/dir", origin));
    assert(isFailure(failure));
    assertEquals(failure.class, "unexpected_body");
    assertStringIncludes(failure.message, "There is no ACME directory at");
    assertStringIncludes(failure.message, "Check the URL");
  });
  const away = await opened(new URL("http://127.0.0.1:1/dir"));
  assert(isFailure(away));
  assertEquals([away.class, away.message.includes("no ACME directory")], ["connect", false]);
});

Deno.test("a URL to send to is absolute, by http or https", () => {
  const urls = ["https://ca.test/a", "http://ca.test/a", "ftp://ca.test", "/a", "", "data:,x"];
  assertEquals(urls.map((url) => httpUrl(url)?.href), [
    "https://ca.test/a",
    "http://ca.test/a",
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

const REDIRECTS = [301, 302, 303, 307, 308];

Deno.test("every kind of redirect is followed to the directory, and no other status", async () => {
  for (const status of [...REDIRECTS, 300, 304, 305]) {
    let asked = 0;
    const isFollowed = REDIRECTS.includes(status);
    await withServer(
      (_, origin) =>
        asked++ === 0
          ? new Response(null, { status, headers: { location: "/there" } })
          : Response.json({ newNonce: `${origin}/n` }),
      async (origin) => {
        const client = await opened(new URL("/dir", origin));
        assertEquals([isFailure(client), asked], [!isFollowed, isFollowed ? 2 : 1], `${status}`);
      },
    );
  }
});

Deno.test("a redirect to nowhere is a failure of its status", async () => {
  for (const headers of [[], [["location", "mailto:ca@ca.test"]]] as [string, string][][]) {
    await withServer(() => new Response(null, { status: 302, headers }), async (origin) => {
      const client = await opened(new URL("/dir", origin));
      assertEquals(isFailure(client) && client.class, "status_3xx");
    });
  }
});
