/** The plan's headers go to the origin that the plan named, wherever a directory sends the client. */
import { isFailure } from "../../src/http/failure.ts";
import { conform } from "../../src/conform/conform.ts";
import { Subject } from "../../src/conform/subject.ts";
import { acmeEnroll } from "../../src/flows/acme_enroll.ts";
import { enrollmentOptions } from "../../src/acme/enrollment.ts";
import { acmeRenewalInfo } from "../../src/flows/acme_renewal_info.ts";
import { acmeUnauthenticated } from "../../src/flows/acme_unauthenticated.ts";
import { apiHeaders } from "../../src/http/api_headers.ts";
import { headersOfOrigin } from "../../src/http/origin_headers.ts";
import type { FlowDefinition } from "../../src/flows/flow.ts";
import type { HttpClient, HttpRequest } from "../../src/http/http.ts";
import { z } from "zod";
import { assert, assertEquals } from "../assert.ts";
import { withFakeAcme } from "./fake_acme.ts";
import { contextFor, createFlow, fetchClient, TestIteration, withServer } from "./harness.ts";

const headers = { authorization: "Bearer planned", "x-api-key": "planned" };
const poll = { interval: "1ms", timeout: "1s" };

/** What went to the origin that the plan names, and what to the one that its directory names. */
interface Seen {
  readonly named: HttpRequest[];
  readonly elsewhere: HttpRequest[];
}

/** A directory on one origin whose entries are all on another. */
async function withDirectoryElsewhere(
  use: (directory: string, client: HttpClient) => Promise<void>,
): Promise<Seen> {
  const seen: Seen = { named: [], elsewhere: [] };
  await withFakeAcme({}, async (acme) => {
    await withServer(() => fetch(acme.directory), async (origin) => {
      const client = fetchClient();
      const send: HttpClient["send"] = (request, options) => {
        (request.url.origin === origin ? seen.named : seen.elsewhere).push(request);
        return client.send(request, options);
      };
      await use(`${origin}/directory`, { ...client, send });
      client.close();
    });
  });
  return seen;
}

function assertKept({ named, elsewhere }: Seen): void {
  assert(named.length > 0 && elsewhere.length > 0, "the directory sent the client elsewhere");
  for (const request of named) assertEquals({ ...request.headers, ...headers }, request.headers);
  const sent = elsewhere.flatMap((request) => Object.keys(request.headers));
  assertEquals(new Set(sent).difference(new Set(["user-agent", "content-type"])), new Set());
}

const FLOWS: readonly FlowDefinition<never>[] = [acmeUnauthenticated, acmeEnroll, acmeRenewalInfo];

for (const flow of FLOWS) {
  Deno.test(`${flow.name} sends the plan's headers to no origin that only the directory names`, async () => {
    const seen = await withDirectoryElsewhere(async (directory, client) => {
      const own = flow.name === "acme_unauthenticated" ? {} : { poll };
      const running = await createFlow(flow, { directory, headers, ...own }, { client });
      assertEquals(await running.prepare?.(1), undefined);
      await running.run(new TestIteration(client));
      await running.close?.();
    });
    assertKept(seen);
  });
}

Deno.test("conform sends --header to no origin that only the directory names", async () => {
  const seen = await withDirectoryElsewhere(async (directory, client) => {
    const schema = z.strictObject(enrollmentOptions);
    const options = schema.parse({ directory, headers, poll, accounts: "per_flow" });
    const subject = await Subject.open({ ...contextFor(client), options });
    if (isFailure(subject)) throw new Error(subject.message);
    const { signal } = new AbortController();
    await conform({ subject, known: new Set(), onResult: () => {}, signal });
    await subject.close();
  });
  assertKept(seen);
});

Deno.test("an origin is scheme, host and port", () => {
  const headersFor = headersOfOrigin(new URL("https://ca.test/dir"), headers);
  for (const same of ["https://ca.test/other", "https://CA.test:443/"]) {
    assertEquals(headersFor(new URL(same)), headers);
  }
  for (
    const other of ["http://ca.test/", "https://ca.test:8443/", "https://www.ca.test/", "http://x/"]
  ) assertEquals(headersFor(new URL(other)), {});
});

Deno.test("a target's token and headers go to the target alone", () => {
  const target = {
    baseUrl: "https://ca.test/base",
    token: "t0ken",
    headers: { "x-team": "pki" },
    tls: { insecureSkipVerify: false },
  };
  assertEquals(apiHeaders(target, new URL("https://ca.test/base/api")), {
    accept: "application/json",
    authorization: "Bearer t0ken",
    "x-team": "pki",
  });
  assertEquals(apiHeaders(target, new URL("https://elsewhere.test/api")), {
    accept: "application/json",
  });
});

const token = "of-the-target";

/** What each request of the flow carried, from a target with a token, by whether the directory is on it. */
async function authorizationsOf(
  flow: FlowDefinition<never>,
  isOnTarget: boolean,
  own: Record<string, string>,
): Promise<Set<string | undefined>> {
  const sent = new Set<string | undefined>();
  await withFakeAcme({}, async ({ directory }) => {
    const client = fetchClient();
    const send: HttpClient["send"] = (request, options) => {
      sent.add(request.headers["authorization"]);
      return client.send(request, options);
    };
    const baseUrl = isOnTarget ? new URL(directory).origin : "https://target.test";
    const target = { baseUrl, token, headers: {}, tls: { insecureSkipVerify: false } };
    const polled = flow.name === "acme_unauthenticated" ? {} : { poll };
    const raw = { directory, headers: own, ...polled };
    const running = await createFlow(flow, raw, { client: { ...client, send }, target });
    assertEquals(await running.prepare?.(1), undefined);
    await running.run(new TestIteration({ ...client, send }));
    await running.close?.();
    client.close();
  });
  return sent;
}

for (const flow of FLOWS) {
  Deno.test(`${flow.name} asks a directory on the target with its token, another without`, async () => {
    assertEquals(await authorizationsOf(flow, true, {}), new Set([`Bearer ${token}`]));
    assertEquals(await authorizationsOf(flow, false, {}), new Set([undefined]));
    const own = { authorization: "Bearer own" };
    assertEquals(await authorizationsOf(flow, true, own), new Set(["Bearer own"]));
  });
}
