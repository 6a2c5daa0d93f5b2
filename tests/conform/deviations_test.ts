/** A server that conforms but for one thing: the case about that thing fails, and its reason says what was seen. */
import { z } from "zod";
import { enrollmentOptions } from "../../src/acme/enrollment.ts";
import type { Verdict } from "../../src/conform/case.ts";
import { CASES } from "../../src/conform/conform.ts";
import { Subject } from "../../src/conform/subject.ts";
import { isFailure } from "../../src/http/failure.ts";
import type { Exchange, HttpClient } from "../../src/http/http.ts";
import { decodeBase64url } from "../../src/keys/base64url.ts";
import { assert, assertEquals } from "../assert.ts";
import { contextFor, fetchClient } from "../acme/harness.ts";
import { freePort, withLab } from "../lab/harness.ts";

/** What was asked, and what the lab said to it. */
interface Asked {
  readonly method: string;
  /** `new-nonce`, `order`, `finalize` and the like. */
  readonly what: string;
  readonly payload: string;
  readonly right: Exchange;
}

/** What takes the place of the right answer's; a header that is undefined is left out. */
interface Bent {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

type Bend = (asked: Asked) => Bent | undefined;

const schema = z.strictObject(enrollmentOptions);

function whatOf(url: URL): string {
  const [what = "", , action] = url.pathname.replace("/acme/profile/prof-challenge/", "").split(
    "/",
  );
  return action ?? what;
}

function payloadOf(body: Uint8Array | undefined): string {
  if (body === undefined) return "";
  const { payload } = JSON.parse(new TextDecoder().decode(body)) as { payload: string };
  return new TextDecoder().decode(decodeBase64url(payload));
}

function changed(right: Exchange, { status, headers = {}, body }: Bent): Exchange {
  return {
    ...right,
    status: status ?? right.status,
    header: (name) =>
      Object.hasOwn(headers, name.toLowerCase()) ? headers[name.toLowerCase()] : right.header(name),
    body: body === undefined ? right.body : new TextEncoder().encode(body),
  };
}

/** Gives the answers of `client` as `bend` has them, while there is one. */
class Bending implements HttpClient {
  bend: Bend | undefined;
  readonly #client: HttpClient;

  constructor(client: HttpClient) {
    this.#client = client;
  }

  open: HttpClient["open"] = (...given) => this.#client.open(...given);

  send: HttpClient["send"] = async (request, options) => {
    const right = await this.#client.send(request, options);
    const { method, url, body } = request;
    const bent = this.bend?.({ method, what: whatOf(url), payload: payloadOf(body), right });
    return bent === undefined ? right : changed(right, bent);
  };

  close(): void {
    this.#client.close();
  }
}

interface Deviation {
  /** The case that is to fail. */
  readonly id: string;
  /** Cases that it needs; they see the right answers, ... */
  readonly after?: readonly string[];
  /** ... and these the bent ones. */
  readonly with?: readonly string[];
  readonly bend: Bend;
  readonly reason: RegExp;
}

/** Where the answer about this (and to that method) is concerned. */
function to(what: string, bent: Bent | ((asked: Asked) => Bent), method?: string): Bend {
  return (asked) => {
    if (asked.what !== what || asked.method !== (method ?? asked.method)) return undefined;
    return typeof bent === "function" ? bent(asked) : bent;
  };
}

/** Where it refuses. */
function refusing(bent: Bent): Bend {
  return ({ right }) => right.status >= 400 ? bent : undefined;
}

/** The answer's JSON with some members changed. */
function members(changes: Record<string, unknown>): (asked: Asked) => Bent {
  return ({ right }) => {
    const value = JSON.parse(new TextDecoder().decode(right.body));
    return { body: JSON.stringify({ ...value, ...changes }) };
  };
}

const problem = (type: string, status?: number): Bent => ({
  body: JSON.stringify({ type, detail: "bent" }),
  headers: { "content-type": "application/problem+json" },
  ...(status !== undefined && { status }),
});
const acme = (type: string, status?: number): Bent =>
  problem(`urn:ietf:params:acme:error:${type}`, status);
const header = (name: string, value?: string): Bent => ({ headers: { [name]: value } });

const HELD = ["certificate"];

const DEVIATIONS: readonly Deviation[] = [
  {
    id: "nonce-head",
    bend: to("new-nonce", header("replay-nonce", "b/64")),
    reason: /^Replay-Nonce is "b\/64"$/,
  },
  {
    id: "nonce-head",
    bend: to("new-nonce", header("replay-nonce")),
    reason: /^Replay-Nonce is undefined$/,
  },
  {
    id: "nonce-head-200",
    bend: to("new-nonce", { status: 204 }, "HEAD"),
    reason: /^status 204 where 200 was due/,
  },
  {
    id: "nonce-get-204",
    bend: to("new-nonce", { status: 200 }, "GET"),
    reason: /^status 200 where 204 was due/,
  },
  {
    id: "nonce-get-204",
    bend: to("new-nonce", { body: "!" }, "GET"),
    reason: /^the body has 1 octets$/,
  },
  {
    id: "nonce-get-204",
    bend: to("new-nonce", header("replay-nonce"), "GET"),
    reason: /^there is no Replay-Nonce$/,
  },
  {
    id: "nonce-no-store",
    bend: to("new-nonce", header("cache-control", "no-cache")),
    reason: /^Cache-Control is "no-cache"$/,
  },
  {
    id: "nonce-no-store",
    bend: to("new-nonce", header("cache-control")),
    reason: /^Cache-Control is undefined$/,
  },
  {
    id: "nonce-unique",
    bend: (() => {
      let count = 0;
      return to("new-nonce", () => header("replay-nonce", `n${count++ >> 1}`));
    })(),
    reason: /^10 answers had 5 nonces$/,
  },
  {
    id: "index-link",
    bend: to("new-nonce", header("link")),
    reason: /^Link is undefined$/,
  },
  {
    id: "index-link",
    bend: to("new-nonce", header("link", '<https://a.test/>;rel="up"')),
    reason: /^Link is "<https:/,
  },
  {
    id: "account-new",
    bend: to("new-account", header("location", "https://a.test/account/1")),
    reason: /^two keys have one account$/,
  },
  {
    id: "account-existing",
    bend: to("new-account", { status: 201 }),
    reason: /^status 201 where 200 was due/,
  },
  {
    id: "account-existing",
    bend: to("new-account", header("location")),
    reason: /^Location is undefined, the account https:/,
  },
  {
    id: "account-existing",
    bend: to("new-account", header("location", "nothing://")),
    reason: /no http\(s\) URL/,
  },
  {
    id: "account-only-existing",
    bend: to("new-account", acme("accountDoesNotExist", 404)),
    reason: /^400 was due, the answer is 404/,
  },
  {
    id: "account-contact",
    bend: to("account", members({ contact: [] })),
    reason: /^the account's contact is \[\]$/,
  },
  {
    id: "account-contact",
    bend: to("account", { status: 202 }),
    reason: /^status 202 where 200 was due/,
  },
  {
    id: "account-read",
    bend: to("account", members({ status: 1 })),
    reason: /status/,
  },
  {
    id: "key-change",
    bend: to("key-change", acme("malformed", 400)),
    reason: /^status 400 where 200 was due/,
  },
  {
    id: "key-change",
    bend: (() => {
      let read = 0;
      return to("account", () => read++ === 1 ? { status: 399 } : {});
    })(),
    reason: /^the old key is still accepted$/,
  },
  {
    id: "key-change-in-use-409",
    bend: to("key-change", { status: 403 }),
    reason: /^status 403 where 409 was due/,
  },
  {
    id: "key-change-in-use-409",
    bend: to("key-change", header("location", "https://a.test/account/1")),
    reason: /^Location is "https:\/\/a\.test\/account\/1"$/,
  },
  {
    id: "key-change-inner-url",
    bend: to("key-change", acme("malformed", 500)),
    reason: /^a 4xx was due, the answer is 500/,
  },
  {
    id: "nonce-retry",
    bend: ({ right }) => right.status === 200 ? acme("badNonce", 400) : undefined,
    reason: /^status 400 where 200 was due/,
  },
  {
    id: "alg-list",
    bend: refusing(acme("badSignatureAlgorithm")),
    reason: /^algorithms is undefined/,
  },
  {
    id: "alg-list",
    bend: refusing({ body: '{"algorithms":[]}' }),
    reason: /^algorithms is \[\]/,
  },
  {
    id: "content-type",
    bend: refusing({ status: 400 }),
    reason: /^status 400 where 415 was due/,
  },
  {
    id: "order-new",
    bend: to("new-order", members({ authorizations: ["https://a.test/1", "https://a.test/2"] })),
    reason: /^an order for one name has 2 authorizations$/,
  },
  {
    id: "order-new",
    bend: to("new-order", members({ finalize: "finalize/1" })),
    reason: /^"finalize\/1" is no http\(s\) URL$/,
  },
  { id: "order-read", bend: to("order", { status: 203 }), reason: /203/ },
  {
    id: "authz-read",
    bend: to("authz", members({ identifier: { type: "dns", value: "other.test" } })),
    reason: /^the identifier is other\.test$/,
  },
  {
    id: "authz-read",
    bend: to("authz", members({ challenges: [] })),
    reason: /^there are no challenges$/,
  },
  {
    id: "finalize-pending",
    bend: to("finalize", acme("malformed")),
    reason: /orderNotReady was due/,
  },
  {
    id: "authz-deactivate",
    bend: to("authz", acme("unauthorized", 403)),
    reason: /^status 403 where 200 was due/,
  },
  {
    id: "authz-deactivate",
    bend: to("authz", members({ status: "valid" })),
    reason: /^the authorization is "valid"$/,
  },
  {
    id: "authz-deactivate",
    bend: to("order", members({ status: "pending" })),
    reason: /^its order is "pending"$/,
  },
  ...["csr-names", "csr-account-key"].map((id) => ({
    id,
    bend: to("finalize", acme("badCSR", 500)),
    reason: /^the answer is 500, which blames the server$/,
  })),
  ...["csr-names", "csr-account-key", "csr-names-bad-csr"].map((id) => ({
    id,
    bend: to("finalize", { status: 200 }),
    reason: /^a 4xx was due, the answer is 200/,
  })),
  {
    id: "csr-names-bad-csr",
    bend: to("finalize", acme("malformed")),
    reason: /badCSR was due/,
  },
  {
    id: "certificate",
    bend: to("cert", { body: "no PEM" }),
    reason: /./,
  },
  {
    id: "renewal-info",
    after: HELD,
    bend: to("renewal-info", { status: 404 }),
    reason: /^status 404 where 200 was due/,
  },
  {
    id: "renewal-info",
    after: HELD,
    bend: to("renewal-info", { body: "{}" }),
    reason: /window/i,
  },
  {
    id: "renewal-info-retry-after",
    after: HELD,
    bend: to("renewal-info", header("retry-after")),
    reason: /^there is no Retry-After$/,
  },
  {
    id: "renewal-info-unknown",
    bend: to("renewal-info", { status: 200 }),
    reason: /^status 200 where 400 or 404 was due/,
  },
  {
    id: "revoke-account",
    after: HELD,
    bend: to("revoke-cert", acme("unauthorized", 403)),
    reason: /^status 403 where 200 was due/,
  },
  {
    id: "revoke-again",
    after: [...HELD, "revoke-account"],
    bend: to("revoke-cert", acme("malformed", 400)),
    reason: /alreadyRevoked was due/,
  },
  {
    id: "deactivate",
    bend: to("account", members({ status: "valid" })),
    reason: /^the account is "valid"$/,
  },
  {
    id: "deactivated-refused",
    after: ["deactivate"],
    bend: to("account", { status: 403 }),
    reason: /^401 was due, the answer is 403/,
  },
  {
    id: "answer-nonce",
    with: ["account-read"],
    bend: to("account", header("replay-nonce")),
    reason: /^\/.*\/account\/\S+ \(200\): there is no Replay-Nonce$/,
  },
  {
    id: "answer-json",
    with: ["account-read"],
    bend: to("account", header("content-type", "text/html")),
    reason: /\(200\): the type is text\/html$/,
  },
  ...[400, 403].map((status) => ({
    id: "refusal-nonce",
    with: ["payload-no-json"],
    bend: refusing({ status, headers: { "replay-nonce": undefined } }),
    reason: new RegExp(`\\(${status}\\): there is no Replay-Nonce$`),
  })),
  {
    id: "refusal-problem",
    with: ["payload-no-json"],
    bend: refusing(header("content-type", "application/json")),
    reason: /\(400\): a problem document was due/,
  },
  {
    id: "refusal-problem",
    with: ["payload-no-json"],
    bend: refusing(problem("about:blank")),
    reason: /\(400\): the type is about:blank$/,
  },
];

async function withSubject(
  test: (fresh: () => Promise<{ subject: Subject; bending: Bending }>) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  await withLab({ acme: { http01Port: port } }, async ({ lab: { addresses } }) => {
    const client = fetchClient(addresses.caPem);
    const options = schema.parse({
      directory: addresses.acme["prof-challenge"],
      challenge: { type: "http-01", listen: `127.0.0.1:${port}` },
      poll: { interval: "10ms" },
      accounts: "per_flow",
      prepare: false,
    });
    await test(async () => {
      const bending = new Bending(client);
      const subject = await Subject.open({ ...contextFor(bending), options });
      if (isFailure(subject)) throw new Error(subject.message);
      assertEquals(await subject.register(), undefined);
      return { subject, bending };
    });
    client.close();
  });
}

function ask(subject: Subject, id: string): Promise<Verdict> {
  const found = CASES.find((each) => each.id === id);
  assert(found, id);
  return found.run(subject);
}

Deno.test("a server that deviates in one thing fails the case about it, with what was seen", async () => {
  await withSubject(async (fresh) => {
    for (const deviation of DEVIATIONS) {
      const { id, after = [], with: bent = [], bend, reason } = deviation;
      const { subject, bending } = await fresh();
      for (const each of after) assertEquals(await ask(subject, each), { result: "pass" }, each);
      bending.bend = bend;
      for (const each of bent) await ask(subject, each);
      const verdict = await ask(subject, id);
      const told = verdict.result === "fail" ? verdict.reason : verdict.result;
      assert(reason.test(told), `${id}: ${reason} was due, the verdict is: ${told}`);
      await subject.close();
    }
  });
});
