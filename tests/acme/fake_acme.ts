/**
 * An ACME server of a few lines for tests without an outside program: it trusts every account, checks each nonce and
 * each signature, and does on the way what a test scripts.
 */
import { flattenedVerify, importJWK, type JWK } from "jose";
import { decodeBase64url } from "../../src/keys/base64url.ts";
import { withServer } from "./harness.ts";
import { createIssuer, issue, readCsr } from "./test_ca.ts";

export interface FakeOptions {
  readonly meta?: Record<string, unknown>;
  /** Status of new orders; "pending" orders have one pending http-01 authorization. */
  readonly born?: "ready" | "pending";
  /** Members of the directory to change, or with undefined to leave out. */
  readonly directory?: (origin: string) => Record<string, unknown>;
  /** Of how many readings of an order it is still pending once its names are proved. */
  readonly lateReady?: number;
  /** Of how many readings of an order it is still processing once it is finalized. */
  readonly processing?: number;
  /** The chain of an order's certificate, in place of the right one. */
  readonly chain?: (spki: Uint8Array, names: string[]) => Promise<string>;
  /** Answers instead of the server where it returns one. */
  readonly script?: (path: string, request: SignedRequest) => Response | undefined;
  /** Changes right answers, unsigned requests' included. */
  readonly bend?: Bend;
}

/** Takes the server's answer and gives another one, or the same. */
export type Bend = (path: string, right: Response, origin: string) => Response | Promise<Response>;

export interface SignedRequest {
  readonly protected: { alg: string; kid?: string; jwk?: JWK; nonce: string; url: string };
  /** Parsed; undefined for POST-as-GET. */
  readonly payload: Record<string, unknown> | undefined;
}

export interface FakeAcme {
  readonly directory: string;
  /** Paths of all requests, in order. */
  readonly log: string[];
}

export const problem = (status: number, type: string, detail = "no"): Response =>
  Response.json({ type: `urn:ietf:params:acme:error:${type}`, detail, status }, {
    status,
    headers: { "content-type": "application/problem+json" },
  });

export async function withFakeAcme(
  options: FakeOptions,
  test: (acme: FakeAcme) => Promise<void>,
): Promise<void> {
  const log: string[] = [];
  const server = new Server(options);
  await withServer(async (request, origin) => {
    const { pathname } = new URL(request.url);
    log.push(`${request.method} ${pathname}`);
    const right = await server.answer(request, origin, pathname).catch((error) =>
      problem(500, "serverInternal", String(error))
    );
    const response = await options.bend?.(pathname, right, origin) ?? right;
    if (!response.headers.has("x-no-nonce")) {
      response.headers.set("replay-nonce", server.newNonce());
    }
    return response;
  }, (origin) => test({ directory: `${origin}/directory`, log }));
}

interface FakeOrder {
  readonly identifiers: { readonly type?: string; readonly value: string }[];
  status: string;
  /** A challenge was answered. */
  proved: boolean;
  lateReady: number;
  processing: number;
}

class Server {
  readonly #options: FakeOptions;
  readonly #nonces = new Set<string>();
  readonly #keys = new Map<string, JWK>();
  readonly #certificates = new Map<string, string>();
  readonly #orders = new Map<string, FakeOrder>();
  readonly #issuer = createIssuer();
  #count = 0;

  constructor(options: FakeOptions) {
    this.#options = options;
  }

  newNonce(): string {
    const nonce = `nonce-${this.#count++}`;
    this.#nonces.add(nonce);
    return nonce;
  }

  async answer(request: Request, origin: string, path: string): Promise<Response> {
    if (path === "/directory") {
      const { meta, directory: changes } = this.#options;
      return Response.json({ ...directory(origin, meta), ...changes?.(origin) });
    }
    if (request.method === "HEAD") return new Response();
    if (request.method === "GET") return this.#renewalInfo();
    const signed = await this.#verify(await request.json());
    if (signed instanceof Response) return signed;
    return this.#options.script?.(path, signed) ?? await this.#resource(origin, path, signed);
  }

  async #verify(jws: { protected: string; payload: string; signature: string }): Promise<
    SignedRequest | Response
  > {
    const header = JSON.parse(text(jws.protected)) as SignedRequest["protected"];
    if (!this.#nonces.delete(header.nonce)) return problem(400, "badNonce");
    const jwk = header.jwk ?? this.#keys.get(header.kid ?? "");
    if (jwk === undefined) return problem(400, "accountDoesNotExist");
    try {
      await flattenedVerify(jws, await importJWK(jwk, header.alg));
    } catch {
      return problem(401, "unauthorized", "bad signature");
    }
    const payload = jws.payload === "" ? undefined : JSON.parse(text(jws.payload));
    return { protected: header, payload };
  }

  async #resource(origin: string, path: string, signed: SignedRequest): Promise<Response> {
    const [, kind, id = ""] = path.split("/");
    switch (kind) {
      case "new-account":
        return this.#newAccount(origin, signed);
      case "account":
        return Response.json({ status: signed.payload?.status ?? "valid" });
      case "new-order":
        return this.#newOrder(origin, signed);
      case "authz":
        return this.#authorization(origin, id);
      case "challenge":
        return this.#respond(id);
      case "finalize":
        return await this.#finalize(origin, id, signed);
      case "order":
        this.#age(this.#orders.get(id)!);
        return this.#order(origin, id);
      case "certificate":
        return chain(this.#certificates.get(id)!);
      case "key-change":
        return this.#keyChange(signed);
      default:
        return new Response(null);
    }
  }

  #newAccount(origin: string, { protected: header }: SignedRequest): Response {
    const kid = `${origin}/account/${this.#count++}`;
    this.#keys.set(kid, header.jwk!);
    return Response.json({ status: "valid" }, { status: 201, headers: { location: kid } });
  }

  #keyChange({ payload }: SignedRequest): Response {
    const inner = JSON.parse(text(String(payload!.protected))) as { jwk: JWK };
    const { account } = JSON.parse(text(String(payload!.payload))) as { account: string };
    this.#keys.set(account, inner.jwk);
    return Response.json({ status: "valid" });
  }

  #newOrder(origin: string, { payload }: SignedRequest): Response {
    const id = `${this.#count++}`;
    const identifiers = payload!.identifiers as { value: string }[];
    const { born = "ready", lateReady = 0, processing = 0 } = this.#options;
    this.#orders.set(id, { identifiers, status: born, proved: false, lateReady, processing });
    return this.#order(origin, id, 201);
  }

  #respond(id: string): Response {
    const order = this.#orders.get(id)!;
    order.proved = true;
    if (order.lateReady === 0) order.status = "ready";
    return Response.json({ type: "http-01", url: "", status: "processing", token: "tok" });
  }

  /** An order has been read once more. */
  #age(order: FakeOrder): void {
    const isLate = order.status === "pending" && order.proved && order.lateReady-- <= 0;
    if (isLate) order.status = "ready";
    if (order.status === "processing" && --order.processing <= 0) order.status = "valid";
  }

  #order(origin: string, id: string, status = 200): Response {
    const order = this.#orders.get(id)!;
    return Response.json({
      status: order.status,
      identifiers: order.identifiers,
      authorizations: [`${origin}/authz/${id}`],
      finalize: `${origin}/finalize/${id}`,
      certificate: order.status === "valid" ? `${origin}/certificate/${id}` : undefined,
    }, { status, headers: { location: `${origin}/order/${id}` } });
  }

  #authorization(origin: string, id: string): Response {
    const { identifiers, proved, status } = this.#orders.get(id)!;
    const state = proved || status !== "pending" ? "valid" : "pending";
    const url = `${origin}/challenge/${id}`;
    return Response.json({
      status: state,
      identifier: identifiers[0],
      challenges: [{ type: "http-01", url, status: state, token: "tok" }],
    });
  }

  async #finalize(origin: string, id: string, { payload }: SignedRequest): Promise<Response> {
    const order = this.#orders.get(id)!;
    if (order.status !== "ready") return problem(403, "orderNotReady", order.status);
    const { spki, names } = readCsr(decodeBase64url(String(payload!.csr))!);
    const issuer = await this.#issuer;
    const right = async (): Promise<string> =>
      await issue(issuer, spki, names) + issuer.certificate;
    this.#certificates.set(id, await (this.#options.chain?.(spki, names) ?? right()));
    order.status = order.processing > 0 ? "processing" : "valid";
    return this.#order(origin, id);
  }

  #renewalInfo(): Response {
    const suggestedWindow = { start: "2026-01-01T00:00:00Z", end: "2026-01-02T00:00:00Z" };
    return Response.json({ suggestedWindow }, { headers: { "retry-after": "21600" } });
  }
}

function directory(origin: string, meta: unknown): Record<string, unknown> {
  return {
    newNonce: `${origin}/new-nonce`,
    newAccount: `${origin}/new-account`,
    newOrder: `${origin}/new-order`,
    revokeCert: `${origin}/revoke-cert`,
    keyChange: `${origin}/key-change`,
    renewalInfo: `${origin}/renewal-info`,
    meta,
  };
}

function chain(pem: string): Response {
  return new Response(pem, { headers: { "content-type": "application/pem-certificate-chain" } });
}

function text(base64url: string): string {
  return new TextDecoder().decode(decodeBase64url(base64url));
}
