/** The ACME server of the lab: RFC 8555 and RFC 9773 over the lab's authority, under /acme. */
import { type LabRequest, type LabResponse, withHeaders } from "../http/message.ts";
import { type Parameters, Router } from "../http/router.ts";
import { account, accountByUrl, accountOrders, newAccount, requireValid } from "./accounts.ts";
import { authorization } from "./authorizations.ts";
import type { AccountCall, AcmeContext, Answer, Call, KeyCall, SignedCall } from "./call.ts";
import { certificate } from "./certificates.ts";
import { challenge } from "./challenge_response.ts";
import { directory, indexLink, newNonce } from "./directory.ts";
import { finalize } from "./finalize.ts";
import { importKey, type Jws, parseJws, payloadOf, publicJwk, verify } from "./jws.ts";
import { keyChange } from "./key_change.ts";
import { newOrder, order } from "./orders.ts";
import { malformed, notFound, Problem, unauthorized } from "./problem.ts";
import { renewalInfo } from "./renewal.ts";
import { revoke } from "./revocation.ts";
import { createAcmeSchema } from "./schema.ts";

/** Longer bodies are not read (certctl has the same limit). */
const BODY_LIMIT_BYTES = 64 * 1024;
const CONTENT_TYPE = "application/jose+json";
const PREFIXES = ["/acme/profile/{profile}", "/acme"];

type Endpoint = (call: Call) => Answer;

export class AcmeServer {
  readonly #context: AcmeContext;
  readonly #routes = new Router<undefined>();

  constructor(context: AcmeContext) {
    createAcmeSchema(context.store);
    this.#context = context;
    this.#get("/directory", "directory", directory);
    this.#get("/new-nonce", "new_nonce", newNonce);
    this.#get("/renewal-info/{certificate}", "renewal_info", renewalInfo);
    this.#byKey("/new-account", "new_account", newAccount);
    this.#byAccount("/account/{account}", "update_account", account);
    this.#byAccount("/account/{account}/orders", "account_orders", accountOrders);
    this.#byAccount("/new-order", "new_order", newOrder);
    this.#byAccount("/order/{order}", "order_read", order);
    this.#byAccount("/order/{order}/finalize", "finalize_order", finalize);
    this.#byAccount("/authz/{authorization}", "authz_read", authorization);
    this.#byAccount("/challenge/{challenge}", "challenge_respond", challenge);
    this.#byAccount("/cert/{certificate}", "cert_download", certificate);
    this.#byAccount("/key-change", "key_change", keyChange);
    this.#byEither("/revoke-cert", "revoke_cert", revoke);
  }

  async handle(request: LabRequest): Promise<LabResponse> {
    const response = await this.#routes.handle(request, undefined);
    // What no route takes is answered as ACME answers (RFC 8555 section 6.3).
    if (response.status === 404 && isPlain(response)) {
      return notFound("no such resource").response();
    }
    if (response.status === 405 && isPlain(response)) {
      const problem = new Problem("malformed", 405, "method not allowed; resources are POSTed to");
      return withHeaders(problem.response(), { Allow: response.headers["Allow"]! });
    }
    return response;
  }

  #get(path: string, counter: string, endpoint: Endpoint): void {
    this.#add("GET", path, counter, endpoint);
  }

  /** Signed with the key of an account. */
  #byAccount(path: string, counter: string, endpoint: (call: AccountCall) => Answer): void {
    this.#post(path, counter, (call) => {
      if ("jwk" in call) throw malformed("this request must be signed with a kid, not with a jwk");
      return endpoint(call);
    });
  }

  /** Signed with a key that is in the request. */
  #byKey(path: string, counter: string, endpoint: (call: KeyCall) => Answer): void {
    this.#post(path, counter, (call) => {
      if (!("jwk" in call)) throw malformed("this request must be signed with a jwk, not a kid");
      return endpoint(call);
    });
  }

  #byEither(
    path: string,
    counter: string,
    endpoint: (call: AccountCall | KeyCall) => Answer,
  ): void {
    this.#post(path, counter, endpoint);
  }

  #post(path: string, counter: string, endpoint: (call: AccountCall | KeyCall) => Answer): void {
    this.#add("POST", path, counter, async (call) => await endpoint(await authenticate(call)));
  }

  /** Under the path of a profile, and under the short one. */
  #add(method: string, path: string, counter: string, endpoint: Endpoint): void {
    for (const prefix of PREFIXES) {
      this.#routes.add(method, `${prefix}${path}`, async (request, parameters) => {
        const call = this.#call(request, parameters, prefix);
        if (call instanceof Problem) return call.response();
        const response = await this.#answer(call, counter, endpoint);
        return method === "POST" ? withNonceAndIndex(call, response) : response;
      });
    }
  }

  /** Counts the requests that were answered, and those that were refused. */
  async #answer(call: Call, counter: string, endpoint: Endpoint): Promise<LabResponse> {
    try {
      const response = await endpoint(call);
      call.metrics.add(`acme_${counter}`);
      return response;
    } catch (error) {
      call.metrics.add(`acme_${counter}_failures`);
      if (error instanceof Problem) return error.response();
      throw error;
    }
  }

  #call(request: LabRequest, parameters: Parameters, prefix: string): Call | Problem {
    const { profiles, defaultProfile } = this.#context.settings;
    const profile = parameters["profile"] ?? defaultProfile;
    if (profile === "") {
      const detail = "this server has no default profile; use /acme/profile/<id>/...";
      return new Problem("userActionRequired", 403, detail);
    }
    if (!Object.hasOwn(profiles, profile)) {
      return new Problem("userActionRequired", 404, "profile not found");
    }
    const path = prefix.replace("{profile}", encodeURIComponent(profile));
    const base = `https://${request.header("host")}${path}`;
    return { ...this.#context, request, parameters, profile, base };
  }
}

/**
 * Takes a signed request apart in certctl's order: form, url, nonce, key or account, signature. A nonce is used up even
 * when what comes after it fails.
 */
async function authenticate(call: Call): Promise<AccountCall | KeyCall> {
  const { request, settings, nonces } = call;
  const type = request.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== CONTENT_TYPE && !settings.asShipped) {
    throw new Problem("malformed", 415, `Content-Type must be ${CONTENT_TYPE} (RFC 8555 6.2)`);
  }
  const jws = parseJws(await request.body(BODY_LIMIT_BYTES));
  const { url, nonce, jwk, kid } = jws.header;
  if (url !== `https://${request.header("host")}${request.path}`) {
    throw unauthorized("url of the protected header is not the request's URL");
  }
  nonces.consume(nonce);
  if ((jwk === undefined) === (kid === undefined)) {
    throw malformed("a protected header must have exactly one of jwk and kid");
  }
  return jwk === undefined ? await byAccount(call, jws, kid) : await byKey(call, jws, jwk);
}

async function byAccount(call: Call, jws: Jws, kid: unknown): Promise<AccountCall> {
  const account = accountByUrl(call, kid);
  requireValid(account);
  const key = await importKey(account.jwk, jws.algorithm).catch(() => {
    throw unauthorized(`alg ${jws.algorithm} does not fit the account's key`);
  });
  await verify(jws, key);
  return { ...signed(call, jws), account };
}

async function byKey(call: Call, jws: Jws, value: unknown): Promise<KeyCall> {
  const jwk = publicJwk(value);
  await verify(jws, await importKey(jwk, jws.algorithm));
  return { ...signed(call, jws), jwk };
}

function signed(call: Call, jws: Jws): SignedCall {
  return { ...call, jws, payload: payloadOf(jws) };
}

/** Section 6.5; certctl has no nonce on errors. */
function withNonceAndIndex(call: Call, response: LabResponse): LabResponse {
  if (call.settings.asShipped && response.status >= 400) return response;
  return withHeaders(response, {
    "Replay-Nonce": call.nonces.issue(),
    "Cache-Control": "no-store",
    ...indexLink(call, response.headers["Link"]),
  });
}

function isPlain({ headers }: LabResponse): boolean {
  return headers["Content-Type"]!.startsWith("text/plain");
}
