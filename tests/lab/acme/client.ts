/** An ACME client of a few lines over jose, apart from the one that is under test elsewhere: each request by itself. */
import {
  calculateJwkThumbprint,
  type CryptoKey,
  exportJWK,
  FlattenedSign,
  generateKeyPair,
  type JWK,
} from "jose";
import * as x509 from "../../../src/x509.ts";
import { assertEquals, assertMatch } from "../../assert.ts";
import type { LabClient } from "../harness.ts";

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export interface Key {
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export interface PostOptions {
  /** Instead of the account, or the key when there is none. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: Key;
  /** Sign with `jwk` though there is an account. */
  readonly byKey?: boolean;
  readonly nonce?: string;
  readonly contentType?: string;
  /** Changes the JWS before it is sent. */
  readonly tamper?: (jws: Record<string, unknown>) => void;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- Tests look into many shapes.
  readonly body: any;
}

export async function newKey(algorithm = "ES256"): Promise<Key> {
  const options = algorithm === "EdDSA" ? { crv: "Ed25519" } : {};
  const pair = await generateKeyPair(algorithm, { extractable: true, ...options });
  return { algorithm, privateKey: pair.privateKey, jwk: await exportJWK(pair.publicKey) };
}

export class AcmeClient {
  readonly lab: LabClient;
  readonly base: string;
  key: Key;
  kid: string | undefined;

  constructor(lab: LabClient, key: Key, profile = "prof-test") {
    this.lab = lab;
    this.key = key;
    this.base = `${lab.lab.addresses.api}/acme/profile/${profile}`;
  }

  /** With an account of its own. */
  static async register(
    lab: LabClient,
    profile = "prof-test",
    algorithm = "ES256",
  ): Promise<AcmeClient> {
    const client = new AcmeClient(lab, await newKey(algorithm), profile);
    await client.newAccount();
    return client;
  }

  async newAccount(payload: unknown = { termsOfServiceAgreed: true }): Promise<Reply> {
    const reply = await this.post("/new-account", payload, { byKey: true });
    this.kid = reply.headers.get("location") ?? this.kid;
    return reply;
  }

  async nonce(): Promise<string> {
    const response = await this.lab.fetch(`${this.base}/new-nonce`, { method: "HEAD" });
    return response.headers.get("replay-nonce")!;
  }

  /** `undefined` as payload: POST-as-GET. `path` may be a whole URL. */
  async post(path: string, payload?: unknown, options: PostOptions = {}): Promise<Reply> {
    const url = path.startsWith("https:") ? path : this.base + path;
    const jws = await this.sign(url, payload, {
      ...options,
      nonce: options.nonce ?? await this.nonce(),
    });
    options.tamper?.(jws);
    const response = await this.lab.fetch(url, {
      method: "POST",
      headers: { "Content-Type": options.contentType ?? "application/jose+json" },
      body: JSON.stringify(jws),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json");
    const { status, headers } = response;
    return { status, headers, text, body: isJson ? JSON.parse(text) : undefined };
  }

  async sign(
    url: string,
    payload: unknown,
    { header, key = this.key, byKey, nonce }: PostOptions = {},
  ): Promise<Record<string, unknown>> {
    const identity = byKey || this.kid === undefined ? { jwk: key.jwk } : { kid: this.kid };
    const bytes = new TextEncoder().encode(payload === undefined ? "" : JSON.stringify(payload));
    return {
      ...await new FlattenedSign(bytes).setProtectedHeader({
        alg: key.algorithm,
        url,
        ...(nonce && { nonce }),
        ...identity,
        ...header,
      }).sign(key.privateKey),
    };
  }

  async newOrder(...names: string[]): Promise<Reply> {
    const identifiers = names.map((value) => ({ type: "dns" as const, value }));
    return await this.post("/new-order", { identifiers });
  }

  thumbprint(): Promise<string> {
    return calculateJwkThumbprint(this.key.jwk);
  }

  /** Orders, finalizes and downloads, where accounts are trusted; the leaf, and the chain in PEM. */
  async enroll(...names: string[]): Promise<Enrolled> {
    const order = await this.newOrder(...names);
    assertEquals(order.status, 201, order.text);
    return await this.finish(order, names);
  }

  /** From a ready order on. */
  async finish(order: Reply, names: readonly string[]): Promise<Enrolled> {
    const { csr, keys } = await request(names);
    const finalized = await this.post(order.body.finalize, { csr });
    assertEquals([finalized.status, finalized.body.status], [200, "valid"], finalized.text);
    const download = await this.post(finalized.body.certificate);
    assertEquals(download.status, 200);
    assertMatch(download.headers.get("content-type")!, /^application\/pem-certificate-chain/);
    const leaf = new x509.X509Certificate(
      download.text.split(/(?<=-----END CERTIFICATE-----\n)/)[0]!,
    );
    return { order: finalized, chainPem: download.text, leaf, keys };
  }
}

export interface Enrolled {
  readonly order: Reply;
  readonly chainPem: string;
  readonly leaf: x509.X509Certificate;
  readonly keys: CryptoKeyPair;
}

// deno-lint-ignore no-explicit-any -- Any algorithm of WebCrypto.
export async function request(names: readonly string[], algorithm: any = ECDSA): Promise<{
  readonly csr: string;
  readonly keys: CryptoKeyPair;
}> {
  const keys = await crypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: "dns" as const, value })),
      ),
    ],
  });
  return { csr: base64url(new Uint8Array(csr.rawData)), keys };
}

export function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** RFC 9773 section 4.1, with the X.509 library instead of the server's own reader. */
export function renewalId(leaf: x509.X509Certificate): string {
  const { keyId } = leaf.getExtension(x509.AuthorityKeyIdentifierExtension)!;
  const octets = (hex: string): string => base64url(Uint8Array.fromHex(hex));
  return `${octets(keyId!)}.${octets(leaf.serialNumber)}`;
}

/** Status and problem type without its namespace. */
export function problemOf({ status, headers, body }: Reply): [number, string] {
  assertEquals(headers.get("content-type"), "application/problem+json");
  assertEquals(body.status, status);
  return [status, body.type.replace("urn:ietf:params:acme:error:", "")];
}
