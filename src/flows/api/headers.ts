/** Headers of a call of certctl's REST API. */
import type { Target } from "../../plan/plan.ts";
import { headersOfOrigin } from "../origin_headers.ts";

/** For a request to `url`: the target's token and headers go to no other origin. */
export function apiHeaders(
  target: Target,
  url: URL,
  extra: Record<string, string> = {},
): Record<string, string> {
  const given = {
    ...(target.token === undefined ? {} : { authorization: `Bearer ${target.token}` }),
    ...target.headers,
  };
  return {
    accept: "application/json",
    ...headersOfOrigin(new URL(target.baseUrl), given)(url, extra),
  };
}

export function apiUrl(target: Target, path: string): URL {
  return new URL(target.baseUrl.replace(/\/+$/, "") + path);
}
