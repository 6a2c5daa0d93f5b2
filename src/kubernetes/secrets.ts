/**
 * TLS Secrets of a namespace: written by server-side apply, read, listed, deleted. Calls go through a `Sender`, so that
 * an iteration measures them and a set-up does not.
 *
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
import type { Clock } from "../clock.ts";
import { excerpt } from "../http/expectation.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange, HttpRequest } from "../http/http.ts";
import { fieldAt, jsonObject } from "../http/json_body.ts";
import type { Sender } from "../http/step.ts";
import { hide } from "../masking/mask.ts";
import { quoted } from "../terminal.ts";
import type { ClusterAccess } from "./access.ts";
import { Token } from "./token.ts";

/** Whom the API server names as the owner of the fields that are written. */
const FIELD_MANAGER = "certload";
/** On every Secret that certload makes: what a watch and a clean-up go by. */
export const MANAGED_LABEL = "app.kubernetes.io/managed-by";

export interface TlsSecret {
  readonly name: string;
  /** The leaf first. */
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What the server has of a Secret. */
export interface StoredSecret {
  readonly name: string;
  /** Changes with every write. Opaque: equal or not, never before or after. */
  readonly resourceVersion: string;
  readonly type: string;
  /** `tls.crt` as it was written; undefined where there is none. */
  readonly certificatePem: string | undefined;
}

type Asker = Pick<Sender, "step">;

export class Secrets {
  readonly #access: ClusterAccess;
  readonly #token: Token;
  readonly #namespace: string;

  constructor(access: ClusterAccess, namespace: string, clock: Clock) {
    this.#access = access;
    this.#token = new Token(access, clock);
    this.#namespace = namespace;
  }

  /** The Secret as it is stored, and when the write was sent. Makes it where there is none; no lost update, no conflict. */
  async apply(
    asker: Asker,
    step: string,
    secret: TlsSecret,
  ): Promise<{ readonly stored: StoredSecret; readonly exchange: Exchange } | Failure> {
    const request = this.#request("PATCH", this.#path(secret.name, APPLY), {
      "content-type": "application/apply-patch+yaml",
    }, manifest(secret, this.#namespace));
    return await this.#ask(asker, step, request, [200, 201]);
  }

  async read(
    asker: Asker,
    step: string,
    name: string,
  ): Promise<{ readonly stored: StoredSecret; readonly exchange: Exchange } | Failure> {
    return await this.#ask(asker, step, this.#request("GET", this.#path(name)), [200]);
  }

  /** With its key, to be written again later; undefined where there is no such Secret. */
  async pair(asker: Asker, step: string, name: string): Promise<TlsSecret | undefined | Failure> {
    let pair: TlsSecret | undefined;
    const { exchange, failure } = await asker.step(step, this.#request("GET", this.#path(name)), {
      status: [200, 404],
      check: (answer) => {
        if (answer.status === 404) return undefined;
        const body = jsonObject(answer);
        // Nothing is quoted of what holds a key.
        const data = typeof body === "string" ? undefined : fieldAt(body, "data");
        const { "tls.crt": certificate, "tls.key": key } = (data ?? {}) as Record<string, unknown>;
        if (!isText(certificate) || !isText(key)) return "not a Secret with tls.crt and tls.key";
        const [certificatePem, keyPem] = [decoded(certificate), decoded(key)];
        if (certificatePem === undefined || keyPem === undefined) return "not base64 in a Secret";
        hide([keyPem]);
        pair = { name, certificatePem, keyPem };
      },
    });
    return failure === undefined ? pair : explained(failure, exchange);
  }

  /** A Secret that is gone already is deleted too. */
  async remove(asker: Asker, step: string, name: string): Promise<Failure | undefined> {
    const request = this.#request("DELETE", this.#path(name));
    return (await asker.step(step, request, { status: [200, 202, 404] })).failure;
  }

  /** From where a watch goes on: the version of the list as it is now. Asks for one Secret, and looks at none. */
  async version(asker: Asker, step: string, selector: string): Promise<string | Failure> {
    const query = new URLSearchParams({ labelSelector: selector, limit: "1" });
    const request = this.#request("GET", `${this.#path()}?${query}`);
    let version: unknown;
    const { failure } = await asker.step(step, request, {
      status: [200],
      check: (exchange) => {
        const list = jsonObject(exchange);
        if (typeof list === "string") return list;
        version = fieldAt(list, "metadata.resourceVersion");
        return isText(version)
          ? undefined
          : `a list without a resourceVersion: ${excerpt(exchange)}`;
      },
    });
    return failure ?? version as string;
  }

  /** The request of a watch from `resourceVersion` on. */
  watchRequest(resourceVersion: string, selector: string, seconds: number): HttpRequest {
    const query = new URLSearchParams({
      watch: "1",
      allowWatchBookmarks: "true",
      labelSelector: selector,
      resourceVersion,
      timeoutSeconds: String(seconds),
    });
    return this.#request("GET", `${this.#path()}?${query}`);
  }

  async #ask(
    asker: Asker,
    step: string,
    request: HttpRequest,
    status: readonly number[],
  ): Promise<{ readonly stored: StoredSecret; readonly exchange: Exchange } | Failure> {
    let stored: StoredSecret | undefined;
    const { exchange, failure } = await asker.step(step, request, {
      status,
      check: (answer) => {
        const read = storedSecret(answer);
        if (typeof read === "string") return read;
        stored = read;
      },
    });
    return failure === undefined ? { stored: stored!, exchange } : explained(failure, exchange);
  }

  #path(name?: string, query = ""): string {
    const collection = `/api/v1/namespaces/${this.#namespace}/secrets`;
    return name === undefined ? collection : `${collection}/${name}${query}`;
  }

  #request(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: Uint8Array,
  ): HttpRequest {
    const token = this.#token.value;
    return {
      method,
      url: new URL(this.#access.server + path),
      headers: {
        accept: "application/json",
        ...headers,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body }),
    };
  }
}

/** `force`: fields that somebody else wrote (kubectl, an earlier run of another manager) are taken over. */
const APPLY = `?${new URLSearchParams({ fieldManager: FIELD_MANAGER, force: "true" })}`;

const encoder = new TextEncoder();

/** JSON is YAML. */
function manifest(
  { name, labels, certificatePem, keyPem }: TlsSecret,
  namespace: string,
): Uint8Array {
  return encoder.encode(JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, labels: { [MANAGED_LABEL]: FIELD_MANAGER, ...labels } },
    type: "kubernetes.io/tls",
    data: { "tls.crt": base64(certificatePem), "tls.key": base64(keyPem) },
  }));
}

function base64(text: string): string {
  return encoder.encode(text).toBase64();
}

/** Of an answer's body, or a sentence that says what it is instead. Of the key nothing is read. */
function storedSecret(exchange: Exchange): StoredSecret | string {
  const body = jsonObject(exchange);
  return typeof body === "string" ? body : readStored(body);
}

/** Of a Secret as the API has it: an answer, or what a watch tells of. */
export function readStored(body: unknown): StoredSecret | string {
  const name = fieldAt(body, "metadata.name");
  const resourceVersion = fieldAt(body, "metadata.resourceVersion");
  const type = fieldAt(body, "type");
  // Not by `fieldAt`: the key has a dot in it. And nothing is quoted of what may hold a key.
  const data = fieldAt(body, "data") as Record<string, unknown> | undefined;
  const certificate = data?.["tls.crt"];
  if (!isText(name) || !isText(resourceVersion)) return "not a Secret: no name, or no version";
  return {
    name,
    resourceVersion,
    type: isText(type) ? type : "",
    certificatePem: isText(certificate) ? decoded(certificate) : undefined,
  };
}

function decoded(base64: string): string | undefined {
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(base64));
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** What the API server says in its Status of why it refused, and what to do about the usual ones. */
function explained(failure: Failure, exchange: Exchange): Failure {
  const body = jsonObject(exchange);
  const message = typeof body === "string" ? undefined : fieldAt(body, "message");
  if (!isText(message)) return failure;
  const advice = ADVICE[exchange.status];
  return {
    ...failure,
    message: `${exchange.status}: ${quoted(message, 300)}${advice ? `; ${advice}` : ""}`,
  };
}

const ADVICE: Readonly<Record<number, string>> = {
  401: "the kubeconfig's credentials are not (or no longer) known to the API server",
  403: "the account needs get, list, watch, create, patch and delete of secrets in the namespace",
  404: "the namespace has to be there before the run",
  429: "the API server's priority and fairness turned it away",
};
