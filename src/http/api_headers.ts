/** Headers and URLs of a call of the target's API. */
import { authorization, type Headers, mergeHeaders } from "../plan/headers.ts";
import type { Target } from "../plan/plan.ts";
import { headersOfOrigin } from "./origin_headers.ts";

/**
 * For a request to `url`. What comes built in gives way to the plan's own: the target's, which go to no other origin,
 * and then the scenario's.
 */
export function apiHeaders(
  target: Target,
  url: URL,
  builtIn: Headers = {},
  scenario: Headers = {},
): Record<string, string> {
  const given = mergeHeaders(authorization(target), target.headers);
  const headersFor = headersOfOrigin(new URL(target.baseUrl), given);
  return mergeHeaders({ accept: "application/json" }, builtIn, headersFor(url, scenario));
}

export function apiUrl(target: Target, path: string): URL {
  return new URL(apiAddress(target, path));
}

/** The same as it is written. */
export function apiAddress({ baseUrl }: Target, path: string): string {
  return baseUrl.replace(/\/+$/, "") + path;
}
