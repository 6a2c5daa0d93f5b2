/** What the handlers of the REST API share. */
import type { AsShipped } from "../as_shipped.ts";
import type { Authority } from "../authority.ts";
import { json, type LabRequest, type LabResponse, reason } from "../http/message.ts";
import type { SignerTurn } from "../capacity.ts";
import type { Store } from "../store.ts";
import type { Metrics } from "./metrics.ts";

/** CERTCTL_MAX_BODY_SIZE. */
const BODY_LIMIT_BYTES = 1024 * 1024;

/** CERTCTL_KEYGEN_MODE: who makes the key of a renewal. */
export type Keygen = "agent" | "server";

export interface ApiContext {
  readonly store: Store;
  readonly authority: Authority;
  /** Before each signature of its. */
  readonly signerTurn: SignerTurn;
  readonly metrics: Metrics;
  readonly asShipped: AsShipped;
  readonly keygen: Keygen;
  /** What POST creates is bound to the target that its environment names (`mapping.ts`). */
  readonly bind: boolean;
  /** What a list of jobs takes longer for each job that there is. */
  readonly jobListUsPerRow: number;
}

/** Of one request: what a handler needs of its way through the chain. */
export interface Call extends ApiContext {
  readonly requestId: string;
  /** The request's key is the admin's. */
  readonly isAdmin: boolean;
}

/** The error shape of certctl's handlers; the chain's own errors (401, 429) have another. */
export function failure({ requestId }: Call, status: number, message: string): LabResponse {
  return json(status, { error: reason(status), message, request_id: requestId });
}

const decoder = new TextDecoder();

/** The body as text; `undefined` beyond the limit. */
export async function bodyText(request: LabRequest): Promise<string | undefined> {
  const body = await request.body(BODY_LIMIT_BYTES);
  return body && decoder.decode(body);
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** The body as a JSON object; `undefined` when it is none. */
export async function bodyObject(request: LabRequest): Promise<JsonObject | undefined> {
  return objectOf(await bodyText(request));
}

export function objectOf(json: string | undefined): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(json ?? "");
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as JsonObject
      : undefined;
  } catch {
    return undefined;
  }
}

/** A string field; empty where it is anything else. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
