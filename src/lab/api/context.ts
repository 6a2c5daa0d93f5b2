/** What the handlers of the REST API share. */
import type { Authority } from "../authority.ts";
import { json, type LabRequest, type LabResponse, reason } from "../http/message.ts";
import type { Store } from "../store.ts";
import type { Metrics } from "./metrics.ts";

/** CERTCTL_MAX_BODY_SIZE. */
const BODY_LIMIT_BYTES = 1024 * 1024;

export interface ApiContext {
  readonly store: Store;
  readonly authority: Authority;
  readonly metrics: Metrics;
}

/** Of one request: what a handler needs of its way through the chain. */
export interface Call extends ApiContext {
  readonly requestId: string;
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
